//! The last hours of one probe: a bar for every few minutes that speaks by height as well as by colour.

use super::mark::{Drawing, Mark, Tone};
use crate::{Cell, Strip};

/// Units of the drawing; of a picture at its natural size, pixels.
pub(crate) const WIDTH: u32 = 480;
/// As [`WIDTH`].
pub(crate) const HEIGHT: u32 = 32;
/// More cells than this are a blur: the newest are shown.
const CELLS: usize = 96;
/// Fewer cells than this are drawn as if there were so many, at the right.
const LEAST: usize = 12;
/// Left and right of the bars.
const MARGIN: f64 = 4.0;
/// Where bars stand.
const FOOT: f64 = 29.0;

/// The last hours. Failed: full height. Degraded: two thirds. Passed: one third. Nothing but unknown: a low grey bar. No run:
/// nothing. Where some runs of a cell passed and others failed, the foot of the failed bar shows the share that passed.
/// The newest cell is at the right edge, however few there are.
pub fn strip(strip: &Strip) -> Drawing {
    let cells = shown(strip);
    let (width, height) = (f64::from(WIDTH), f64::from(HEIGHT));
    #[expect(clippy::cast_precision_loss, reason = "at most CELLS")]
    let (count, room) = (cells.len() as f64, cells.len().max(LEAST) as f64);
    let step = (width - 2.0 * MARGIN) / room;
    let left = width - MARGIN - step * count + step * 0.4;
    let mut of = [Tone::Passed, Tone::Degraded, Tone::Failed, Tone::Unknown].map(|tone| (tone, Vec::new()));
    for (at, cell) in cells.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "at most CELLS")]
        let x = left + step * at as f64;
        for (tone, from, to) in bars(cell) {
            if let Some((_, lines)) = of.iter_mut().find(|(t, _)| *t == tone) {
                lines.push((x, FOOT - to, FOOT - from));
            }
        }
    }
    let marks = of.into_iter().filter(|(_, lines)| !lines.is_empty());
    let marks = marks.map(|(tone, lines)| Mark::Strokes { lines, width: (step * 0.8).max(1.5), tone });
    Drawing { width, height, says: words(strip), stretches: true, marks: marks.collect() }
}

/// The bars of a cell: tone, and from which height to which.
fn bars(cell: &Cell) -> Vec<(Tone, f64, f64)> {
    let good = f64::from(cell.passed) + f64::from(cell.degraded);
    match cell {
        Cell { failed: 1.., .. } => {
            let foot = (26.0 * good / (good + f64::from(cell.failed))).min(23.0);
            let head = (Tone::Failed, foot, 26.0);
            if foot > 0.0 { vec![(Tone::Passed, 0.0, foot), head] } else { vec![head] }
        }
        Cell { degraded: 1.., .. } => vec![(Tone::Degraded, 0.0, 17.0)],
        Cell { passed: 1.., .. } => vec![(Tone::Passed, 0.0, 9.0)],
        Cell { unknown: 1.., .. } => vec![(Tone::Unknown, 0.0, 3.0)],
        _ => Vec::new(),
    }
}

/// The strip in words: `41 runs in 6 h: 35 passed, 6 failed`.
pub fn words(strip: &Strip) -> String {
    counts(strip, &format!(" in {}:", span(strip))).replace("no runs", &format!("no runs in {}", span(strip)))
}

/// The time that is shown: `6 h`.
pub fn span(strip: &Strip) -> String {
    let seconds = shown(strip).len() as u64 * u64::from(strip.cell_seconds);
    match seconds {
        0..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h", (seconds + 1800) / 3600),
    }
}

/// `41 runs`, what is to stand behind it, and how they ended.
pub(crate) fn counts(strip: &Strip, behind: &str) -> String {
    let cells = shown(strip);
    let sum = |of: fn(&Cell) -> u32| cells.iter().map(|c| u64::from(of(c))).sum::<u64>();
    let counts = [
        (sum(|c| c.passed), "passed"),
        (sum(|c| c.degraded), "slow"),
        (sum(|c| c.failed), "failed"),
        (sum(|c| c.unknown), "without a finding"),
    ];
    let runs: u64 = counts.iter().map(|(n, _)| n).sum();
    let named: Vec<_> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    match runs {
        0 => "no runs".to_owned(),
        1 => format!("1 run{behind} {}", named.join(", ")),
        _ => format!("{runs} runs{behind} {}", named.join(", ")),
    }
}

fn shown(strip: &Strip) -> &[Cell] {
    strip.cells.get(strip.cells.len().saturating_sub(CELLS)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Cell = Cell { passed: 2, degraded: 0, failed: 0, unknown: 0 };
    const BAD: Cell = Cell { passed: 0, degraded: 0, failed: 2, unknown: 0 };

    fn of(cells: Vec<Cell>) -> Strip {
        Strip { probe: "launch".into(), cells, cell_seconds: 600 }
    }

    #[test]
    fn height_tells_what_colour_tells() {
        let (slow, lost) = (Cell { degraded: 1, ..GOOD }, Cell { unknown: 1, ..Cell::default() });
        let heights = [BAD, slow, GOOD, lost, Cell::default()]
            .map(|cell| bars(&cell).iter().map(|(_, from, to)| to - from).sum::<f64>());
        assert!(heights.is_sorted_by(|a, b| a > b), "{heights:?}");
        let mixed = bars(&Cell { failed: 1, ..GOOD });
        assert_eq!(mixed[0], (Tone::Passed, 0.0, 26.0 * 2.0 / 3.0));
        let rare = bars(&Cell { failed: 1, passed: 10_000, ..GOOD });
        assert_eq!(rare[1], (Tone::Failed, 23.0, 26.0), "one failure among thousands is seen");
    }

    #[test]
    fn the_newest_stands_at_the_right_and_six_hours_are_a_kilobyte() {
        let drawn = strip(&of(vec![BAD]));
        let Mark::Strokes { lines, width, .. } = &drawn.marks[0] else { panic!("{drawn:?}") };
        assert!(lines[0].0 + width / 2.0 < f64::from(WIDTH) && lines[0].0 > 440.0, "{lines:?}");
        let mut hours = vec![GOOD; 60];
        hours.extend([Cell { failed: 1, ..GOOD }; 12]);
        let svg = strip(&of(hours)).svg();
        assert!(svg.len() < 1_600, "{} bytes: {svg}", svg.len());
        assert!(svg.contains("144 runs") || svg.contains("156 runs"), "{svg}");
        assert_eq!(strip(&of(vec![])).marks, []);
    }

    #[test]
    fn words_say_what_the_picture_shows() {
        let mut cells = vec![GOOD; 30];
        cells.extend([BAD, Cell { unknown: 1, ..Cell::default() }]);
        assert_eq!(words(&of(cells)), "63 runs in 5 h: 60 passed, 2 failed, 1 without a finding");
        assert_eq!(words(&of(vec![])), "no runs in 0 min");
    }
}
