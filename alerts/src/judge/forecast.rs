//! A measurement, going on as it went lately, will be beyond a bound soon.

use std::ops::AddAssign;
use std::time::Duration;

use jiff::Timestamp;

use super::threshold::measured;
use super::window::{Since, Window};
use super::{Judge, LookBack, Reading, words};
use crate::{Sample, Side};

/// Values that a line needs.
const ENOUGH: f64 = 5.0;
/// A slope counts if it is so many times its standard error: what merely swings does not head anywhere.
const CERTAIN: f64 = 4.0;
/// It is over only when the bound will not be reached for so many times as long.
const MARGIN: f64 = 1.25;

/// Draws a line through the values of a while (least squares). Memory: a gathering [`Window`].
#[derive(Debug)]
pub(super) struct Forecast {
    measurement: String,
    side: Side,
    bound: f64,
    within: f64,
    values: Window<Values>,
    value: f64,
    /// Seconds until the bound, at the last value.
    left: f64,
    since: Since,
}

/// Some values.
#[derive(Debug, Clone, Copy)]
struct Values {
    count: f64,
    sum: f64,
}

impl AddAssign for Values {
    fn add_assign(&mut self, more: Self) {
        self.count += more.count;
        self.sum += more.sum;
    }
}

/// A line through values, at the moment of the last one.
struct Line {
    value: f64,
    /// Per second.
    slope: f64,
    certain: bool,
}

impl Forecast {
    pub(super) fn new(measurement: String, side: Side, bound: f64, within: Duration, over: Duration) -> Self {
        let (values, since) = (Window::gathering(over), Since::default());
        let within = within.as_secs_f64();
        Self { measurement, side, bound, within, values, value: f64::NAN, left: f64::INFINITY, since }
    }

    fn line(&self, now: i64) -> Option<Line> {
        #[expect(clippy::cast_precision_loss, reason = "ms of one window")]
        let points =
            || self.values.all().map(|(at, v)| ((at - now) as f64 / 1_000.0, v.count, v.sum / v.count));
        let (mut count, mut cells, mut t, mut y) = (0.0, 0.0, 0.0, 0.0);
        for (at, n, value) in points() {
            (count, cells, t, y) = (count + n, cells + 1.0, t + n * at, y + n * value);
        }
        if count < ENOUGH || cells < 3.0 {
            return None;
        }
        let (t, y) = (t / count, y / count);
        let (mut tt, mut ty, mut yy) = (0.0, 0.0, 0.0);
        for (at, n, value) in points() {
            let (dt, dy) = (at - t, value - y);
            (tt, ty, yy) = (tt + n * dt * dt, ty + n * dt * dy, yy + n * dy * dy);
        }
        let slope = ty / tt;
        let error = ((yy - slope * ty).max(0.0) / (cells - 2.0) / tt).sqrt();
        let line = Line { value: y - slope * t, slope, certain: slope.abs() > CERTAIN * error };
        (line.value.is_finite() && slope.is_finite()).then_some(line)
    }

    fn read(&mut self, now: i64) -> Reading {
        // Seen from the bound: how far there is to go, whichever side it lies on.
        let sign = if self.side == Side::Above { 1.0 } else { -1.0 };
        let far = |value: f64| (self.bound - value) * sign;
        self.left = 0.0;
        if far(self.value) <= 0.0 {
            return Reading::Holds;
        }
        self.left = f64::INFINITY;
        let Some(line) = self.line(now) else { return Reading::Silent };
        let towards = line.slope * sign;
        if towards <= 0.0 {
            return Reading::Clear;
        }
        self.left = (far(line.value) / towards).max(0.0);
        if self.left > self.within * MARGIN {
            Reading::Clear
        } else if self.left <= self.within && line.certain {
            Reading::Holds
        } else {
            Reading::Silent
        }
    }
}

impl Judge for Forecast {
    fn see(&mut self, sample: &Sample) -> Reading {
        let Some(value) = measured(sample, &self.measurement) else {
            self.values.take_back(sample.slot);
            return Reading::Silent;
        };
        self.value = value;
        if self.values.put(sample.slot, Values { count: 1.0, sum: value }) {
            self.since = Since::default();
        }
        let reading = self.read(sample.slot.as_millisecond());
        self.since.note(reading, false, sample.began);
        reading
    }

    fn since(&self) -> Option<Timestamp> {
        self.since.0
    }

    fn failures(&self) -> u32 {
        0
    }

    fn says(&self) -> String {
        let name = &self.measurement;
        let (value, bound) = (words::amount(name, self.value), words::amount(name, self.bound));
        if self.left <= 0.0 {
            return format!("{name} {value}, the limit {bound} is reached");
        }
        format!("{name} {value}, at {bound} in {} if it goes on like this", words::seconds(self.left))
    }

    fn looks_back(&self) -> LookBack {
        LookBack { runs: 1, time: self.values.looks_back() }
    }

    fn resume(&mut self, since: Timestamp, _: u32) {
        self.since.0 = Some(since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::{letters, measuring};

    const HOUR: Duration = Duration::from_secs(3_600);

    /// Full at 100, told an hour before, judged by the last hour.
    fn full(side: Side, bound: f64) -> Forecast {
        Forecast::new("used".into(), side, bound, HOUR, HOUR)
    }

    fn readings(judge: &mut Forecast, values: impl IntoIterator<Item = f64>) -> String {
        let runs = values.into_iter().enumerate();
        letters(runs.map(|(i, v)| judge.see(&measuring("used", v, 300 * i64::try_from(i).unwrap()))))
    }

    /// The same swing in every run of the test, between -1 and 1.
    fn noise(i: u32) -> f64 {
        let mut x = i.wrapping_mul(0x9e37_79b9) ^ 0x85eb_ca6b;
        for _ in 0..3 {
            x = (x ^ x >> 16).wrapping_mul(0x7feb_352d);
        }
        f64::from(x >> 16 & 0xff) / 127.5 - 1.0
    }

    #[test]
    fn a_clean_line_tells_when_the_bound_is_reached() {
        // 2 every five minutes: an hour before the end it holds, a little earlier it is no longer clear.
        let mut judge = full(Side::Above, 100.0);
        assert_eq!(readings(&mut judge, (0..13).map(|i| 60.0 + 2.0 * f64::from(i))), "----.---HHHHH");
        assert_eq!(judge.says(), "used 84, at 100 in 40 min if it goes on like this");
        let mut judge = full(Side::Below, 0.0);
        assert_eq!(readings(&mut judge, (0..6).map(|i| 50.0 - 5.0 * f64::from(i))), "----HH");
        assert_eq!(judge.says(), "used 25, at 0 in 25 min if it goes on like this");
    }

    #[test]
    fn lines_that_lead_elsewhere_are_clear() {
        for (values, side, bound, expected) in [
            (vec![90.0; 6], Side::Above, 100.0, "----.."),
            (vec![90.0, 80.0, 70.0, 60.0, 50.0, 40.0], Side::Above, 100.0, "----.."),
            (vec![1.0, 1.1, 1.2, 1.3, 1.4, 1.5], Side::Above, 100.0, "----.."),
            // There already, few values or not.
            (vec![100.0, 99.0], Side::Above, 100.0, "H-"),
            (vec![5.0, 0.0, -1.0], Side::Below, 0.0, "-HH"),
            // What is no number is no value.
            (vec![f64::NAN, 1.0, f64::INFINITY, 2.0, 3.0, 4.0, 5.0], Side::Above, 1e300, "------."),
            (vec![1e308, -1e308, 1e308, -1e308, 1e308, -1e308], Side::Above, 1.7e308, "------"),
        ] {
            assert_eq!(readings(&mut full(side, bound), values.clone()), expected, "{values:?}");
        }
    }

    #[test]
    fn noise_alone_holds_nothing_and_hides_no_slope() {
        let swings = (0..200).map(|i| 80.0 + 5.0 * noise(i));
        let said = readings(&mut full(Side::Above, 100.0), swings);
        assert!(!said.contains('H'), "{said}");
        let rises = (0..13).map(|i| 60.0 + 2.0 * f64::from(i) + noise(i as u32));
        let said = readings(&mut full(Side::Above, 100.0), rises);
        assert!(said.ends_with("HHH"), "{said}");
    }

    #[test]
    fn what_levels_off_is_over() {
        let mut judge = full(Side::Above, 100.0);
        let values = (0..30).map(|i: u32| 60.0 + 3.0 * f64::from(i.min(8)));
        let said = readings(&mut judge, values);
        assert!(said.contains('H') && said.ends_with("..."), "{said}");
    }
}
