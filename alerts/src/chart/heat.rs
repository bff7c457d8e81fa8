//! Heat: how much worked in each hour of each day, a row a day.

use super::mark::{Anchor, Drawing, Mark, Tone};

/// Units: room for the words of a row at its left.
const LEFT: f64 = 76.0;
/// Width and height of an hour with the gap behind it.
const STEP: (f64, f64) = (14.5, 17.0);
const GAP: f64 = 1.5;
/// Room for the hours above.
const TOP: f64 = 18.0;
/// An hour in which anything failed shows at least so much of it.
const LEAST: f64 = 4.0;

/// One hour of one day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Hour {
    /// Runs that worked.
    pub good: u32,
    /// Runs that failed.
    pub failed: u32,
    /// Runs that say nothing of the target.
    pub unknown: u32,
}

/// One day.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What stands at its left: `Sat 7 Jul`.
    pub label: String,
    /// Its hours, the first one first; hours that have not come yet are left out.
    pub hours: Vec<Option<Hour>>,
}

/// The days, the first one on top. An hour is a box: what worked from below, what failed from above, so that it is told by
/// height as well as by colour. An hour in which nothing was looked at is a low line.
pub fn heat(rows: &[Row], says: &str) -> Drawing {
    let mut marks: Vec<Mark> = [0_u8, 6, 12, 18].iter().map(|hour| head(*hour)).collect();
    let mut quiet = [(Tone::Passed, Vec::new()), (Tone::Unknown, Vec::new()), (Tone::Nothing, Vec::new())];
    let mut loud = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a few days")]
        let y = TOP + n as f64 * STEP.1;
        let text = row.label.clone();
        marks.push(Mark::Word { x: LEFT - 8.0, y: y + 12.0, anchor: Anchor::End, text });
        for (at, hour) in row.hours.iter().take(24).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "24 hours")]
            let x = LEFT + at as f64 * STEP.0;
            one(&mut quiet, &mut loud, (x, y), (&row.label, at, *hour));
        }
    }
    let uprights = quiet.into_iter().filter(|(_, lines)| !lines.is_empty());
    marks.extend(uprights.map(|(tone, lines)| Mark::Strokes { lines, width: STEP.0 - GAP, tone }));
    marks.extend(loud);
    #[expect(clippy::cast_precision_loss, reason = "a few days")]
    let height = TOP + rows.len() as f64 * STEP.1;
    Drawing { width: LEFT + 24.0 * STEP.0, height, says: says.into(), stretches: false, marks }
}

fn head(hour: u8) -> Mark {
    let text = format!("{hour:02}:00");
    Mark::Word { x: LEFT + f64::from(hour) * STEP.0, y: TOP - 6.0, anchor: Anchor::Start, text }
}

type Quiet = [(Tone, Vec<(f64, f64, f64)>)];

/// One hour: quiet ones are drawn together, those with failures each with its words.
fn one(
    quiet: &mut Quiet,
    loud: &mut Vec<Mark>,
    (x, y): (f64, f64),
    (day, at, hour): (&str, usize, Option<Hour>),
) {
    let (width, height) = (STEP.0 - GAP, STEP.1 - GAP);
    let middle = x + width / 2.0;
    let foot = y + height;
    let mut add = |tone, from: f64, to: f64| {
        if let Some((_, lines)) = quiet.iter_mut().find(|(t, _)| *t == tone) {
            lines.push((middle, from, to));
        }
    };
    match hour {
        None => add(Tone::Nothing, foot - 2.0, foot),
        Some(Hour { good: 0, failed: 0, unknown }) => {
            let low = if unknown > 0 { 5.0 } else { 2.0 };
            add(if unknown > 0 { Tone::Unknown } else { Tone::Nothing }, foot - low, foot);
        }
        Some(Hour { failed: 0, .. }) => add(Tone::Passed, y, foot),
        Some(Hour { good, failed, .. }) => {
            let share = f64::from(failed) / (f64::from(good) + f64::from(failed));
            let down = if good == 0 { height } else { (height * share).clamp(LEAST, height - LEAST) };
            let runs = u64::from(good) + u64::from(failed);
            let says = format!("{day} {at:02}:00: {failed} of {runs} runs failed");
            loud.push(Mark::Bar { x, y, width, height: down, tone: Tone::Failed, says });
            if good > 0 {
                add(Tone::Passed, y + down, foot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(hours: &[Option<Hour>]) -> Drawing {
        heat(&[Row { label: "Sat 7 Jul".into(), hours: hours.to_vec() }], "one day")
    }

    #[test]
    fn what_failed_hangs_from_above_and_is_told_in_words() {
        let table = [
            (Hour { good: 0, failed: 4, unknown: 0 }, STEP.1 - GAP, "4 of 4 runs failed"),
            (Hour { good: 999, failed: 1, unknown: 0 }, LEAST, "1 of 1000 runs failed"),
            (Hour { good: 1, failed: 999, unknown: 3 }, STEP.1 - GAP - LEAST, "999 of 1000 runs failed"),
        ];
        for (hour, expected, said) in table {
            let drawing = drawn(&[None, Some(hour)]);
            let bar = drawing.marks.iter().find_map(|m| match m {
                Mark::Bar { height, says, .. } => Some((*height, says.as_str())),
                _ => None,
            });
            let (height, says) = bar.unwrap();
            assert!((height - expected).abs() < 1e-9 && says.ends_with(said), "{height} {says}");
            assert!(says.starts_with("Sat 7 Jul 01:00"), "{says}");
        }
    }

    #[test]
    fn a_month_of_good_hours_is_small_and_hours_to_come_are_left_out() {
        let good = Some(Hour { good: 60, failed: 0, unknown: 0 });
        let row = |hours| Row { label: "Sat 7 Jul".into(), hours };
        let mut month = vec![row(vec![good; 24]); 30];
        month.push(row(vec![good, None]));
        let svg = heat(&month, "31 days").svg();
        assert!(svg.len() < 16_000, "{} bytes", svg.len());
        let Some(Mark::Strokes { lines, .. }) = heat(&month[30..], "").marks.into_iter().nth(5) else {
            panic!("no boxes")
        };
        assert_eq!(lines.len(), 1);
    }
}
