//! A measurement lies beyond a bound.

use jiff::Timestamp;

use super::window::Since;
use super::{Judge, LookBack, Reading, words};
use crate::{Health, Sample, Side};

/// Compares a measurement with two bounds. A run without it says nothing. Memory: the last value.
#[derive(Debug)]
pub(super) struct Threshold {
    measurement: String,
    side: Side,
    bound: f64,
    recover: f64,
    value: f64,
    /// Runs in a row beyond the bound, the last slot counted once.
    beyond: u32,
    last_slot: Option<Timestamp>,
    since: Since,
}

impl Threshold {
    pub(super) fn new(measurement: String, side: Side, bound: f64, recover: f64) -> Self {
        let (beyond, last_slot, since) = (0, None, Since::default());
        Self { measurement, side, bound, recover, value: f64::NAN, beyond, last_slot, since }
    }
}

/// The measurement of a run that says something, if it is a number.
pub(super) fn measured(sample: &Sample, name: &str) -> Option<f64> {
    let value = *sample.details.as_ref()?.measurements.get(name)?;
    (sample.health != Health::Unknown && value.is_finite()).then_some(value)
}

impl Judge for Threshold {
    fn see(&mut self, sample: &Sample) -> Reading {
        let Some(value) = measured(sample, &self.measurement) else { return Reading::Silent };
        self.value = value;
        let reading = match self.side {
            Side::Above => Reading::of(value > self.bound, value <= self.recover),
            Side::Below => Reading::of(value < self.bound, value >= self.recover),
        };
        match reading {
            Reading::Holds if self.beyond > 0 && self.last_slot == Some(sample.slot) => {}
            Reading::Holds => self.beyond = self.beyond.saturating_add(1),
            Reading::Clear | Reading::Silent => self.beyond = 0,
        }
        self.last_slot = Some(sample.slot);
        self.since.note(reading, false, sample.began);
        reading
    }

    fn since(&self) -> Option<Timestamp> {
        self.since.0
    }

    fn failures(&self) -> u32 {
        self.beyond
    }

    fn says(&self) -> String {
        let name = &self.measurement;
        format!("{name} {}, limit {}", words::amount(name, self.value), words::amount(name, self.bound))
    }

    fn looks_back(&self) -> LookBack {
        LookBack { runs: 1, ..LookBack::default() }
    }

    fn resume(&mut self, since: Timestamp, failures: u32) {
        self.since.0 = Some(since);
        self.beyond = self.beyond.max(failures);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::{at, letters, measuring, sample};

    #[test]
    fn it_holds_beyond_the_bound_and_is_over_beyond_the_other() {
        let cases: [(Side, f64, f64, &[f64], &str); 6] = [
            (Side::Above, 90.0, 80.0, &[70.0, 90.0, 90.1, 85.0, 80.0, 85.0], ".-H-.-"),
            (Side::Below, 10.0, 20.0, &[30.0, 10.0, 9.9, 15.0, 20.0], ".-H-."),
            (Side::Above, 1.0, 1.0, &[1.0, 1.1, 1.0], ".H."),
            (Side::Above, 1.0, 1.0, &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY], "---"),
            (Side::Below, f64::NAN, f64::NAN, &[0.0, 1.0], "--"),
            (Side::Below, -5.0, 0.0, &[-6.0, -0.0], "H."),
        ];
        for (side, bound, recover, values, expected) in cases {
            let mut judge = Threshold::new("free".into(), side, bound, recover);
            let runs = values.iter().enumerate();
            let said = runs.map(|(i, v)| judge.see(&measuring("free", *v, i64::try_from(i).unwrap())));
            assert_eq!(letters(said), expected, "{side:?} {bound}: {values:?}");
        }
    }

    #[test]
    fn a_run_without_the_measurement_says_nothing() {
        let mut judge = Threshold::new("free_bytes".into(), Side::Below, 5e9, 6e9);
        assert_eq!(judge.see(&measuring("free_bytes", 1.2e9, 0)), Reading::Holds);
        assert_eq!(judge.see(&measuring("other", 9e9, 60)), Reading::Silent);
        assert_eq!(judge.see(&sample(Health::Good, 120)), Reading::Silent);
        let unknown = Sample { health: Health::Unknown, ..measuring("free_bytes", 9e9, 180) };
        assert_eq!(judge.see(&unknown), Reading::Silent);
        assert_eq!((judge.says().as_str(), judge.failures()), ("free_bytes 1.2 GB, limit 5 GB", 1));
        let failed = Sample { health: Health::Bad, ..measuring("free_bytes", 1e9, 240) };
        assert_eq!(judge.see(&failed), Reading::Holds, "a run that fails measures too");
        assert_eq!(judge.see(&failed), Reading::Holds);
        assert_eq!((judge.since(), judge.failures()), (Some(at(0)), 2));
    }
}
