//! Bars of days: how much of each day worked.

use super::mark::{Drawing, Mark, Tone};

/// Units: a day is this wide, a bar a bit less.
const STEP: f64 = 6.0;
const WIDTH: f64 = 4.0;
const HEIGHT: f64 = 34.0;

/// One day of one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// Share of runs that worked, of those that tell anything (0 to 1); `None` when none does.
    pub share: Option<f64>,
    /// Whether anything was in trouble that day.
    pub trouble: bool,
    /// What is said of it: `Sat 7 Jul: 61 % of 712 runs worked, 258 minutes down`.
    pub says: String,
}

/// The bars, oldest first. The foot of a bar is the share that worked, the head the share that did not; a day on which nothing
/// was looked at is a low grey line, so that a gap looks like a gap.
pub fn days(days: &[Day], says: &str) -> Drawing {
    let mut marks = Vec::with_capacity(days.len() * 2);
    for (at, day) in days.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred days")]
        let x = at as f64 * STEP;
        let bar = |y: f64, height: f64, tone, says: &str| Mark::Bar {
            x,
            y,
            width: WIDTH,
            height,
            tone,
            says: says.into(),
        };
        match day.share.map(|s| s.clamp(0.0, 1.0)) {
            None => marks.push(bar(HEIGHT - 3.0, 3.0, Tone::Nothing, &day.says)),
            Some(share) => {
                // A day with any failure shows it, however few there were.
                let failed = if share < 1.0 { (HEIGHT * (1.0 - share)).max(3.0) } else { 0.0 };
                let tone = if day.trouble { Tone::Degraded } else { Tone::Passed };
                marks.push(bar(failed, HEIGHT - failed, tone, &day.says));
                if failed > 0.0 {
                    marks.push(bar(0.0, failed, Tone::Failed, &day.says));
                }
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred days")]
    let width = (days.len() as f64 * STEP - (STEP - WIDTH)).max(1.0);
    Drawing { width, height: HEIGHT, says: says.into(), stretches: true, marks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_failure_of_a_day_is_seen_and_a_gap_looks_like_a_gap() {
        let day = |share| Day { share, trouble: false, says: String::new() };
        let drawn = days(&[day(Some(1.0)), day(Some(0.999)), day(None)], "three days");
        let tones: Vec<_> = drawn
            .marks
            .iter()
            .map(|m| match m {
                Mark::Bar { tone, height, .. } => (*tone, *height),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(tones[0], (Tone::Passed, HEIGHT));
        assert_eq!(tones[2], (Tone::Failed, 3.0));
        assert_eq!(tones[3], (Tone::Nothing, 3.0));
        assert!(drawn.png(2.0).is_some_and(|png| png.starts_with(b"\x89PNG")));
    }
}
