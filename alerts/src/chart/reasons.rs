//! Reasons of failures over time: a lane for each reason under its words, all on one scale and one axis of time.
//!
//! # Why
//! A lane each, and not one bar of many colours: which reason it is stands beside it in words, and when one took the place of
//! another is seen without telling colours apart.

use jiff::Timestamp;

use super::mark::{Anchor, Drawing, Mark, Tone};

/// Units.
const WIDTH: f64 = 440.0;
/// Height of a lane: its words, its bars.
const WORDS: f64 = 17.0;
const BARS: f64 = 26.0;
const GAP: f64 = 7.0;
/// Words of the axis at the foot.
const AXIS: f64 = 18.0;
/// A single failure is seen.
const LEAST: f64 = 3.0;

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// What stands above it: `spawn_failed, 14 runs`.
    pub label: String,
    /// How often in each step of time, the first one first; all lanes have as many.
    pub counts: Vec<u32>,
    /// How it counts: failed, degraded, or without a finding.
    pub tone: Tone,
}

/// The lanes, on one scale; `times` are words below, evenly spread, the first one at the left edge.
pub fn reasons(lanes: &[Lane], times: &[String], says: &str) -> Drawing {
    let most = lanes.iter().flat_map(|l| &l.counts).copied().max().unwrap_or(0).max(1);
    let steps = lanes.iter().map(|l| l.counts.len()).max().unwrap_or(0).max(1);
    #[expect(clippy::cast_precision_loss, reason = "hundreds")]
    let step = WIDTH / steps as f64;
    let mut marks = Vec::new();
    let mut y = 0.0;
    for lane in lanes {
        let foot = y + WORDS + BARS;
        marks.push(Mark::Word { x: 0.0, y: y + 12.0, anchor: Anchor::Start, text: lane.label.clone() });
        let line = vec![(0.0, foot), (WIDTH, foot)];
        marks.push(Mark::Line { points: line, width: 1.0, tone: Tone::Nothing });
        let lines = lane.counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(at, n)| {
            let height = (BARS * f64::from(*n) / f64::from(most)).max(LEAST);
            #[expect(clippy::cast_precision_loss, reason = "hundreds")]
            let x = (at as f64 + 0.5) * step;
            (x, foot - height, foot)
        });
        marks.push(Mark::Strokes { lines: lines.collect(), width: (step * 0.85).max(1.2), tone: lane.tone });
        y = foot + GAP;
    }
    marks.extend(axis(times, y + AXIS - GAP));
    Drawing { width: WIDTH, height: y + AXIS - GAP + 4.0, says: says.into(), stretches: false, marks }
}

fn axis(times: &[String], y: f64) -> Vec<Mark> {
    let last = times.len().saturating_sub(1);
    let place = |at: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a few words")]
        let x = WIDTH * at as f64 / last.max(1) as f64;
        let anchor = match at {
            0 => Anchor::Start,
            at if at == last => Anchor::End,
            _ => Anchor::Middle,
        };
        (x, anchor)
    };
    let word = |(at, text): (usize, &String)| {
        let (x, anchor) = place(at);
        Mark::Word { x, y, anchor, text: text.clone() }
    };
    times.iter().enumerate().map(word).collect()
}

/// Words for an axis from `from` to `to`: clocks within a day or two, days beyond.
pub fn times(from: Timestamp, to: Timestamp) -> Vec<String> {
    let long = to.duration_since(from);
    let form = if long.as_hours() > 50 { "%-d %b" } else { "%H:%M" };
    let at = |part: i32| from + long * part / 4;
    (0..=4).map(|part| at(part).strftime(form).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(label: &str, counts: &[u32]) -> Lane {
        Lane { label: label.into(), counts: counts.to_vec(), tone: Tone::Failed }
    }

    #[test]
    fn lanes_share_one_scale_and_each_says_its_reason() {
        let drawing =
            reasons(&[lane("timeout, 10 runs", &[10, 0]), lane("dns, 1 run", &[0, 1])], &[], "reasons");
        let tall: Vec<f64> = drawing
            .marks
            .iter()
            .filter_map(|m| match m {
                Mark::Strokes { lines, .. } => Some(lines[0].2 - lines[0].1),
                _ => None,
            })
            .collect();
        assert_eq!(tall, [BARS, LEAST]);
        let svg = drawing.svg();
        assert!(svg.contains(">timeout, 10 runs<") && svg.contains(">dns, 1 run<"), "{svg}");
    }

    #[test]
    fn nothing_to_show_and_an_hour_of_nothing_are_drawn_without_fault() {
        for lanes in [vec![], vec![lane("x", &[])], vec![lane("x", &[0, 0])]] {
            assert!(!reasons(&lanes, &["12:00".into()], "").svg().contains("NaN"));
        }
    }

    #[test]
    fn an_axis_of_a_day_has_clocks_and_one_of_a_month_has_days() {
        let to: Timestamp = "2018-07-08T12:00:00Z".parse().unwrap();
        let back = |hours| times(to - jiff::SignedDuration::from_hours(hours), to);
        assert_eq!(back(24), ["12:00", "18:00", "00:00", "06:00", "12:00"]);
        assert_eq!(back(24 * 28), ["10 Jun", "17 Jun", "24 Jun", "1 Jul", "8 Jul"]);
    }
}
