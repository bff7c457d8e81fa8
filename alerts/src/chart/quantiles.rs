//! Quantiles over time: half of all within the line, nine in ten and ninety-nine in a hundred within the bands.

use jiff::Timestamp;

use super::mark::{Anchor, Drawing, Mark, Tone};

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 120.0;
/// Room for the words of the axes: left, below, above, right.
const LEFT: f64 = 46.0;
const BELOW: f64 = 18.0;
const ABOVE: f64 = 8.0;
const RIGHT: f64 = 6.0;

/// How a stretch of time was: all three in the same unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// The middle of the stretch.
    pub at: Timestamp,
    /// Half of all took at most this.
    pub p50: f64,
    /// Nine in ten took at most this.
    pub p90: f64,
    /// Ninety-nine in a hundred took at most this.
    pub p99: f64,
}

/// What the axes say.
#[derive(Debug, Clone, Copy)]
pub struct Axes<'a> {
    /// The left end of the time axis.
    pub from: Timestamp,
    /// Its right end.
    pub until: Timestamp,
    /// What stands at the left end: `Fri 18:00`.
    pub first: &'a str,
    /// What stands at the right end: `now`.
    pub last: &'a str,
    /// What the figures are: `s`.
    pub unit: &'a str,
    /// A gap between moments longer than this many seconds stays a gap.
    pub gap_seconds: i64,
}

/// The drawing: a band up to p99, a darker one up to p90, a line at p50.
pub fn quantiles(moments: &[Moment], axes: Axes<'_>, says: &str) -> Drawing {
    let most = moments.iter().map(|m| m.p99).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let top = above(most);
    let frame = Frame { axes, top };
    let mut marks = frame.grid();
    for part in parts(moments, axes.gap_seconds) {
        frame.draw(part, &mut marks);
    }
    Drawing { width: WIDTH, height: HEIGHT, says: says.into(), stretches: false, marks }
}

/// The next round figure at or above this one: 1, 2, 2.5 or 5 times a power of ten.
fn above(most: f64) -> f64 {
    if !most.is_finite() || most <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps.iter().map(|s| s * power).find(|s| *s >= most).unwrap_or(power * 10.0)
}

/// Moments that belong together: a gap parts them.
fn parts(moments: &[Moment], gap: i64) -> impl Iterator<Item = &[Moment]> {
    moments.chunk_by(move |a, b| b.at.as_second() - a.at.as_second() <= gap)
}

struct Frame<'a> {
    axes: Axes<'a>,
    top: f64,
}

impl Frame<'_> {
    fn x(&self, at: Timestamp) -> f64 {
        let seconds = |t: Timestamp| t.as_duration().as_secs_f64();
        let (from, until) = (seconds(self.axes.from), seconds(self.axes.until));
        let share = (seconds(at) - from) / (until - from).max(1.0);
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = if value.is_finite() { (value / self.top).clamp(0.0, 1.0) } else { 0.0 };
        HEIGHT - BELOW - share * (HEIGHT - BELOW - ABOVE)
    }

    fn grid(&self) -> Vec<Mark> {
        let word = |x: f64, y: f64, anchor, text: String| Mark::Word { x, y, anchor, text };
        let mut marks = Vec::new();
        for value in [0.0, self.top / 2.0, self.top] {
            let y = self.y(value);
            marks.push(Mark::Bar {
                x: LEFT,
                y: y - 0.25,
                width: WIDTH - LEFT - RIGHT,
                height: 0.5,
                tone: Tone::Nothing,
                says: String::new(),
            });
            let text = format!("{} {}", short(value), self.axes.unit);
            marks.push(word(LEFT - 6.0, y + 4.0, Anchor::End, text));
        }
        marks.push(word(LEFT, HEIGHT - 4.0, Anchor::Start, self.axes.first.into()));
        marks.push(word(WIDTH - RIGHT, HEIGHT - 4.0, Anchor::End, self.axes.last.into()));
        marks
    }

    fn draw(&self, part: &[Moment], marks: &mut Vec<Mark>) {
        let line = |value: fn(&Moment) -> f64| -> Vec<(f64, f64)> {
            part.iter().map(|m| (self.x(m.at), self.y(value(m)))).collect()
        };
        let (p50, p90, p99) = (line(|m| m.p50), line(|m| m.p90), line(|m| m.p99));
        if let ([only], [high]) = (p50.as_slice(), p99.as_slice()) {
            // A moment by itself is a dot with its range.
            marks.push(Mark::Line { points: vec![*high, *only], width: 3.0, tone: Tone::Range });
            marks.push(Mark::Dot { x: only.0, y: only.1, radius: 2.0, tone: Tone::Figure });
            return;
        }
        let around = |low: &[(f64, f64)], high: &[(f64, f64)]| -> Vec<(f64, f64)> {
            low.iter().chain(high.iter().rev()).copied().collect()
        };
        marks.push(Mark::Area { points: around(&p50, &p99), tone: Tone::Range });
        marks.push(Mark::Area { points: around(&p50, &p90), tone: Tone::Range });
        marks.push(Mark::Line { points: p50, width: 2.0, tone: Tone::Figure });
    }
}

/// A round figure without places that say nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_530_921_600 + hour * 3_600).unwrap()
    }

    fn axes() -> Axes<'static> {
        Axes { from: at(0), until: at(24), first: "Sat 00:00", last: "now", unit: "s", gap_seconds: 5_400 }
    }

    #[test]
    fn a_gap_stays_a_gap_and_a_moment_by_itself_is_a_dot() {
        let moment = |hour| Moment { at: at(hour), p50: 7.0, p90: 9.0, p99: 31.0 };
        let drawn = quantiles(&[moment(0), moment(1), moment(5), moment(6), moment(20)], axes(), "latency");
        let lines = drawn.marks.iter().filter(|m| matches!(m, Mark::Line { tone: Tone::Figure, .. })).count();
        let dots = drawn.marks.iter().filter(|m| matches!(m, Mark::Dot { .. })).count();
        assert_eq!((lines, dots), (2, 1));
        assert!(drawn.svg().contains("50 s"), "the axis ends at a round figure: {}", drawn.svg());
        assert!(drawn.png(2.0).is_some_and(|png| png.starts_with(b"\x89PNG")));
    }

    #[test]
    fn round_figures_lie_above() {
        for (most, expected) in
            [(0.0, 1.0), (f64::NAN, 1.0), (0.3, 0.5), (1.0, 1.0), (7.0, 10.0), (23.0, 25.0), (610.0, 1000.0)]
        {
            let found = above(most);
            assert!((found - expected).abs() < 1e-9, "{most}: {found}");
        }
    }
}
