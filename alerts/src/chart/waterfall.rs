//! Waterfall: the stages of one run on one axis of time, each with its words and how long it took.

use std::time::Duration;

use super::mark::{Anchor, Drawing, Mark, Tone};

/// Units: words at the left, bars, words of durations at the right.
const LEFT: f64 = 84.0;
const BARS: f64 = 284.0;
const RIGHT: f64 = 72.0;
/// Height of a stage and of its bar.
const ROW: f64 = 24.0;
const BAR: f64 = 14.0;
/// The axis at the foot.
const AXIS: f64 = 22.0;

/// One stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// From the start of the run to its start.
    pub start: Duration,
    /// How long it took, or had taken when the run ended in it.
    pub took: Duration,
    /// How it went: the thing measured, or failed, degraded, unknown.
    pub tone: Tone,
}

/// The stages in the order they began. The one that did not work is told by colour, by a thicker bar and by a word.
pub fn waterfall(steps: &[Step], says: &str) -> Drawing {
    let whole = steps.iter().map(|s| s.start + s.took).max().unwrap_or_default().as_secs_f64();
    let tick = tick(whole);
    let room = whole.max(1e-6);
    #[expect(clippy::cast_precision_loss, reason = "a few stages")]
    let foot = steps.len() as f64 * ROW;
    let mut marks = grid(tick, room, foot);
    for (n, step) in steps.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a few stages")]
        let y = n as f64 * ROW;
        marks.extend(row(step, y, room));
    }
    Drawing { width: LEFT + BARS + RIGHT, height: foot + AXIS, says: says.into(), stretches: false, marks }
}

fn row(step: &Step, y: f64, room: f64) -> [Mark; 3] {
    let bad = step.tone != Tone::Figure;
    let x = LEFT + BARS * step.start.as_secs_f64() / room;
    let width = (BARS * step.took.as_secs_f64() / room).max(1.5).min(LEFT + BARS - x + 1.5);
    let height = if bad { BAR + 4.0 } else { BAR };
    let took = seconds(step.took.as_secs_f64());
    let says = format!("{}: {took}, begun after {}", step.name, seconds(step.start.as_secs_f64()));
    let told = if bad { format!("✗ {took}") } else { took };
    let text = step.name.clone();
    [
        Mark::Word { x: LEFT - 8.0, y: y + 16.0, anchor: Anchor::End, text },
        Mark::Bar { x, y: y + (ROW - height) / 2.0, width, height, tone: step.tone, says },
        Mark::Word { x: LEFT + BARS + RIGHT, y: y + 16.0, anchor: Anchor::End, text: told },
    ]
}

/// Fine lines and their words, where a person would put them.
fn grid(tick: f64, room: f64, foot: f64) -> Vec<Mark> {
    let mut marks = Vec::new();
    for at in (0..20).map(|n| f64::from(n) * tick).take_while(|at| *at <= room * 1.0001) {
        let x = LEFT + BARS * at / room;
        marks.push(Mark::Strokes { lines: vec![(x, 0.0, foot)], width: 1.0, tone: Tone::Nothing });
        let near_end = x > LEFT + BARS - 12.0;
        let anchor = if near_end { Anchor::End } else { Anchor::Middle };
        marks.push(Mark::Word { x, y: foot + 15.0, anchor, text: clock(at, tick) });
    }
    marks
}

/// Three to seven of it cover the whole.
fn tick(whole: f64) -> f64 {
    const NICE: [f64; 21] = [
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0,
        300.0, 600.0, 1200.0, 3600.0,
    ];
    NICE.into_iter().find(|tick| whole / tick <= 6.0).unwrap_or(whole / 5.0)
}

fn clock(at: f64, tick: f64) -> String {
    match tick {
        _ if at == 0.0 => "0".into(),
        t if t < 0.01 => format!("{at:.3} s"),
        t if t < 0.1 => format!("{at:.2} s"),
        t if t < 1.0 => format!("{at:.1} s"),
        t if t < 60.0 => format!("{at:.0} s"),
        _ => format!("{:.0} min", at / 60.0),
    }
}

fn seconds(of: f64) -> String {
    match of {
        s if s < 0.0995 => format!("{:.0} ms", s * 1000.0),
        s if s < 9.95 => format!("{s:.2} s"),
        s if s < 120.0 => format!("{s:.1} s"),
        s => format!("{:.0} min {:02.0} s", (s / 60.0).floor(), s % 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, start: u64, took: u64, tone: Tone) -> Step {
        Step {
            name: name.into(),
            start: Duration::from_millis(start),
            took: Duration::from_millis(took),
            tone,
        }
    }

    #[test]
    fn the_stage_that_failed_is_told_by_more_than_colour() {
        let steps = [step("resolve", 0, 34, Tone::Figure), step("launch", 34, 9_966, Tone::Failed)];
        let drawing = waterfall(&steps, "two stages");
        let svg = drawing.svg();
        for word in ["34 ms", "✗ 10.0 s", "launch: 10.0 s, begun after 34 ms", ">2 s<", r#"class="failed""#]
        {
            assert!(svg.contains(word), "{word} is not in {svg}");
        }
        let heights: Vec<f64> = drawing
            .marks
            .iter()
            .filter_map(|m| if let Mark::Bar { height, .. } = m { Some(*height) } else { None })
            .collect();
        assert!(heights[1] > heights[0]);
    }

    #[test]
    fn no_bar_leaves_the_drawing_and_ticks_are_few() {
        for whole in [0, 1, 40, 900, 7_000, 61_000, 700_000, 40_000_000] {
            let steps = [step("a", 0, whole, Tone::Figure), step("b", whole, 0, Tone::Figure)];
            let drawing = waterfall(&steps, "");
            for mark in &drawing.marks {
                if let Mark::Bar { x, width, .. } = mark {
                    assert!(x + width <= LEFT + BARS + 2.0, "{whole}: {x} {width}");
                }
            }
            let ticks = drawing.marks.iter().filter(|m| matches!(m, Mark::Strokes { .. })).count();
            assert!((1..=8).contains(&ticks), "{whole}: {ticks}");
        }
    }
}
