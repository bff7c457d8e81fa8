//! Shares: how runs went, cell by cell of a few minutes, over an incident.

use super::mark::{Anchor, Drawing, Mark, Tone};

/// Units: a picture is about this wide, however many cells there are.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 90.0;
/// Room above for words about marks, and below for hours.
const HEAD: f64 = 16.0;
const FOOT: f64 = 16.0;

/// Runs of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Runs that passed.
    pub passed: u32,
    /// Runs that were degraded.
    pub degraded: u32,
    /// Runs that failed.
    pub failed: u32,
    /// Runs that say nothing.
    pub unknown: u32,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Shares<'a> {
    /// The cells, oldest first.
    pub cells: &'a [Share],
    /// Words below: place in cells, and what it says.
    pub hours: &'a [(f64, String)],
    /// Lines across with a word above: place in cells, and what it says.
    pub marks: &'a [(f64, String)],
    /// What it shows, in words.
    pub says: &'a str,
}

/// The picture. What failed hangs from above, what worked stands below: they are told apart by place as well as by colour. A
/// cell without runs is a low grey line.
pub fn shares(of: &Shares<'_>) -> Drawing {
    #[expect(clippy::cast_precision_loss, reason = "a thousand cells")]
    let step = WIDTH / (of.cells.len().max(1) as f64);
    let mut marks = Vec::new();
    for (n, cell) in of.cells.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a thousand cells")]
        let x = n as f64 * step;
        bars(&mut marks, cell, x, step);
    }
    let base = HEAD + HEIGHT;
    marks.push(Mark::Line { points: vec![(0.0, base), (WIDTH, base)], width: 1.0, tone: Tone::Axis });
    for (place, text) in of.hours {
        let x = place * step;
        marks.push(Mark::Line { points: vec![(x, base), (x, base + 4.0)], width: 1.0, tone: Tone::Axis });
        marks.push(Mark::Word { x, y: base + FOOT - 1.0, anchor: Anchor::Middle, text: text.clone() });
    }
    let mut reached = f64::MIN;
    for (place, text) in of.marks {
        // A word that would lie on the one before moves on.
        let x = place * step;
        let anchor = if x > WIDTH * 0.85 { Anchor::End } else { Anchor::Start };
        marks.push(Mark::Line { points: vec![(x, HEAD - 4.0), (x, base)], width: 1.5, tone: Tone::Figure });
        let at = x.max(reached);
        marks.push(Mark::Word { x: at, y: HEAD - 5.0, anchor, text: text.clone() });
        #[expect(clippy::cast_precision_loss, reason = "a word")]
        let length = text.chars().count() as f64 * 6.5;
        reached = at + length;
    }
    Drawing { width: WIDTH, height: HEAD + HEIGHT + FOOT, says: of.says.into(), stretches: false, marks }
}

fn bars(marks: &mut Vec<Mark>, cell: &Share, x: f64, step: f64) {
    let told = cell.passed + cell.degraded + cell.failed;
    let mut bar = |y: f64, height: f64, tone| {
        if height > 0.0 {
            marks.push(Mark::Bar { x, y: HEAD + y, width: step, height, tone, says: String::new() });
        }
    };
    if told == 0 {
        let tone = if cell.unknown > 0 { Tone::Unknown } else { Tone::Nothing };
        bar(HEIGHT - 4.0, 4.0, tone);
        return;
    }
    let part = |n: u32| HEIGHT * f64::from(n) / f64::from(told);
    let (failed, degraded) = (part(cell.failed), part(cell.degraded));
    bar(0.0, failed, Tone::Failed);
    bar(failed, degraded, Tone::Degraded);
    bar(failed + degraded, HEIGHT - failed - degraded, Tone::Passed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_hangs_and_what_worked_stands() {
        let share = |passed, degraded, failed| Share { passed, degraded, failed, unknown: 0 };
        let cells = [share(4, 0, 0), share(0, 1, 3), Share::default()];
        let marks = [(1.0, "told".to_owned()), (1.1, "<b>".to_owned())];
        let drawn =
            shares(&Shares { cells: &cells, hours: &[(0.0, "18:00".into())], marks: &marks, says: "x" });
        let bars: Vec<(Tone, f64, f64)> = drawn
            .marks
            .iter()
            .filter_map(|m| match m {
                Mark::Bar { tone, y, height, .. } => Some((*tone, *y - HEAD, *height)),
                _ => None,
            })
            .collect();
        let (all, quarter) = (HEIGHT, HEIGHT / 4.0);
        assert_eq!(
            bars,
            [
                (Tone::Passed, 0.0, all),
                (Tone::Failed, 0.0, all - quarter),
                (Tone::Degraded, all - quarter, quarter),
                (Tone::Nothing, all - 4.0, 4.0),
            ]
        );
        assert!(!drawn.picture().contains("<b>"));
        assert!(shares(&Shares { cells: &[], hours: &[], marks: &[], says: "" }).width > 0.0);
    }
}
