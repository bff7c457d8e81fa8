//! Spark: the course of one figure as a line without axes, to stand beside its number.

use jiff::Timestamp;

use super::mark::{Drawing, Mark, Tone};

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 26.0;
/// Above and below the line.
const MARGIN: f64 = 3.0;
/// Points further apart than this many usual distances are not joined: a gap looks like a gap.
const GAP: f64 = 4.0;

/// The course of a figure between two moments, its points oldest first. The scale begins at 0, unless the figure goes below.
pub fn spark(points: &[(Timestamp, f64)], from: Timestamp, to: Timestamp, says: &str) -> Drawing {
    let whole = to.duration_since(from).as_secs_f64().max(1.0);
    let points: Vec<_> = points.iter().filter(|(at, v)| v.is_finite() && (from..=to).contains(at)).collect();
    let (low, high) = points.iter().fold((0.0_f64, 0.0_f64), |(l, h), (_, v)| (l.min(*v), h.max(*v)));
    let room = if high > low { high - low } else { 1.0 };
    let place = |(at, value): &&(Timestamp, f64)| {
        let x = (WIDTH - 2.0 * MARGIN) * at.duration_since(from).as_secs_f64() / whole + MARGIN;
        (x, HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * (value - low) / room)
    };
    let placed: Vec<(f64, f64)> = points.iter().map(place).collect();
    let foot = vec![(0.0, HEIGHT - 0.5), (WIDTH, HEIGHT - 0.5)];
    let mut marks = vec![Mark::Line { points: foot, width: 1.0, tone: Tone::Nothing }];
    for run in runs(&placed) {
        match run {
            [(x, y)] => marks.push(Mark::Dot { x: *x, y: *y, radius: 1.0, tone: Tone::Figure }),
            run => marks.push(Mark::Line { points: bent(run), width: 1.5, tone: Tone::Figure }),
        }
    }
    if let Some((x, y)) = placed.last() {
        marks.push(Mark::Dot { x: *x, y: *y, radius: 2.2, tone: Tone::Figure });
    }
    Drawing { width: WIDTH, height: HEIGHT, says: says.into(), stretches: false, marks }
}

/// The points without those in the middle of a level stretch.
fn bent(run: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let level = |w: &[(f64, f64)]| w.windows(2).all(|p| matches!(p, [a, b] if (a.1 - b.1).abs() < 0.05));
    let inner = run.windows(3).filter(|w| !level(w)).filter_map(|w| w.get(1).copied());
    run.first().copied().into_iter().chain(inner).chain(run.last().copied()).collect()
}

/// Points that are joined.
fn runs(points: &[(f64, f64)]) -> Vec<&[(f64, f64)]> {
    let mut apart: Vec<f64> = points.windows(2).filter_map(|w| Some(w.last()?.0 - w.first()?.0)).collect();
    apart.sort_by(f64::total_cmp);
    let usual = apart.get(apart.len() / 2).copied().unwrap_or(0.0);
    points.chunk_by(|a, b| b.0 - a.0 <= usual * GAP).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(minutes: &[i64], value: impl Fn(i64) -> f64) -> Drawing {
        let from: Timestamp = "2018-07-07T12:00:00Z".parse().unwrap();
        let at = |m: &i64| from + jiff::SignedDuration::from_mins(*m);
        let points: Vec<_> = minutes.iter().map(|m| (at(m), value(*m))).collect();
        spark(&points, from, at(&60), "an hour")
    }

    #[test]
    fn a_gap_in_the_figures_is_a_gap_in_the_line() {
        let joined = |minutes: &[i64]| {
            let drawn = course(minutes, |m| m as f64);
            drawn.marks.iter().filter(|m| matches!(m, Mark::Line { tone: Tone::Figure, .. })).count()
        };
        assert_eq!(joined(&[1, 2, 3, 4, 5, 6]), 1);
        assert_eq!(joined(&[1, 2, 3, 4, 40, 41]), 2);
        assert_eq!(joined(&[]), 0);
    }

    #[test]
    fn a_steady_figure_is_a_level_line_of_two_points_and_what_is_no_number_is_left_out() {
        let drawn = course(&[1, 2, 3, 4], |m| if m == 2 { f64::NAN } else { 100.0 });
        let Mark::Line { points, .. } = &drawn.marks[1] else { panic!("{drawn:?}") };
        assert_eq!(points.iter().map(|p| p.1).collect::<Vec<_>>(), [MARGIN, MARGIN]);
    }
}
