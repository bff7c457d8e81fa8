//! Judges: one small state machine a condition and series. They see samples and say whether the condition holds.
//!
//! # Why
//! A judge knows nothing of alerts, people or other series. It is rebuilt after a restart by showing it the samples
//! of the time it looks back on (see [`Judge::looks_back`]), so nothing of it needs to be kept.
//!
//! Between the two bounds of a hysteresis a judge is silent: its reading follows from the runs it looks at alone, and
//! the alert, which is kept, remembers on which side things were.

mod burn_rate;
mod changed;
mod condition;
mod failures_of;
mod forecast;
mod latency;
mod no_data;
#[cfg(test)]
mod properties;
mod slow;
mod streak;
mod success_ratio;
mod threshold;
#[cfg(test)]
mod trial;
mod window;
mod words;

use std::time::Duration;

use jiff::Timestamp;

use crate::{Sample, When};

pub(crate) use condition::condition;

/// What a judge makes of a sample, or of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Nothing new: too little is known, or what came says nothing.
    Silent,
    /// The condition does not hold.
    Clear,
    /// The condition holds.
    Holds,
}

impl Reading {
    /// Of a value and two bounds: beyond the one it holds, back within the other it is clear, between them nothing is new.
    const fn of(beyond: bool, within: bool) -> Self {
        match (beyond, within) {
            (true, _) => Self::Holds,
            (false, true) => Self::Clear,
            (false, false) => Self::Silent,
        }
    }
}

/// How far back a judge looks: what must be shown to it after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookBack {
    /// So many runs that said something: unknown ones are not counted.
    pub runs: usize,
    /// All runs with slots of so long.
    pub time: Duration,
}

impl LookBack {
    /// What suffices for both.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { runs: self.runs.max(other.runs), time: self.time.max(other.time) }
    }
}

/// Judges one series by one condition.
pub(crate) trait Judge: std::fmt::Debug + Send + Sync {
    /// Takes a sample (unknown ones too) and says how things stand. Slots never go back, but a slot may come several
    /// times (provisional, then final): it counts once, as it was said last. Unknown ones
    /// count nowhere; an unknown end of a run takes back what was said of it before.
    fn see(&mut self, sample: &Sample) -> Reading;

    /// Says how things stand at a moment without a new sample; only [`Judge::next`] makes it be asked.
    fn tick(&mut self, _now: Timestamp) -> Reading {
        Reading::Silent
    }

    /// When [`Judge::tick`] has something new to say: always later than the moment it was last asked.
    fn next(&self) -> Option<Timestamp> {
        None
    }

    /// Since when the condition holds, as far as the judge can tell: when the first of the bad runs began.
    fn since(&self) -> Option<Timestamp>;

    /// How many failures stand behind it.
    fn failures(&self) -> u32;

    /// The judgement in words, fit to follow `launch: ` and to stand in brackets: `3 runs in a row`,
    /// `4 of the last 10 runs`, `p95 of launch 45 s over 1 h, limit 30 s`.
    fn says(&self) -> String;

    /// What must be shown to it after a restart.
    fn looks_back(&self) -> LookBack;

    /// After a restart, once it has seen what it looks back on: the condition did hold, since then and with so many
    /// failures behind it. Matters only where what it looks back on may not show that.
    fn resume(&mut self, _since: Timestamp, _failures: u32) {}
}

/// The judge of a condition over a series whose probe runs every `every`.
pub(crate) fn of(when: &When, every: Duration) -> Box<dyn Judge> {
    match when.clone() {
        When::Failures { failures, successes } => Box::new(streak::Streak::new(failures, successes)),
        When::FailuresOf { failures, of, recover } => {
            Box::new(failures_of::FailuresOf::new(failures, of, recover))
        }
        When::SuccessRatio { below, over, at_least, recover } => {
            Box::new(success_ratio::SuccessRatio::new(below, recover, over, at_least))
        }
        When::Latency { stage, quantile, above, recover, over, at_least } => {
            Box::new(latency::Latency::new(stage, quantile, above, recover).over(over, at_least))
        }
        When::Slow { slow, of, above, quick } => Box::new(slow::Slow::new(slow, of, above, quick)),
        When::NoData { intervals } => Box::new(no_data::NoData::new(intervals, every)),
        When::Threshold { measurement, side, bound, recover } => {
            Box::new(threshold::Threshold::new(measurement, side, bound, recover))
        }
        When::Forecast { measurement, side, bound, within, over } => {
            Box::new(forecast::Forecast::new(measurement, side, bound, within, over))
        }
        When::Changed { of, tell_for } => Box::new(changed::Changed::new(of, tell_for)),
        When::BurnRate { objective, windows, at_least } => {
            Box::new(burn_rate::BurnRate::new(objective, &windows, at_least))
        }
    }
}
