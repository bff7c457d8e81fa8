//! Judges: one small state machine a condition and series. They see samples and say whether the condition holds.
//!
//! # Why
//! A judge knows nothing of alerts, people or other series. It is rebuilt after a restart by showing it the samples
//! of the time it looks back on (see [`Judge::looks_back`]), so nothing of it needs to be kept.

mod streak;

use std::time::Duration;

use jiff::Timestamp;

use crate::{Sample, When};

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

/// How far back a judge looks: what must be shown to it after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookBack {
    /// So many runs.
    pub runs: usize,
    /// All runs of so long.
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
    /// times (provisional, then final): it counts once, as it was said last. A hysteresis is the judge's own affair.
    fn see(&mut self, sample: &Sample) -> Reading;

    /// Says how things stand at a moment without a new sample; only [`Judge::next`] makes it be asked.
    fn tick(&mut self, _now: Timestamp) -> Reading {
        Reading::Silent
    }

    /// When [`Judge::tick`] has something new to say.
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
    fn resume(&mut self, since: Timestamp, failures: u32);
}

/// The judge of a condition over a series whose probe runs every `every`.
pub(crate) fn of(when: &When, _every: Duration) -> Box<dyn Judge> {
    match when {
        When::Failures { failures, successes } => Box::new(streak::Streak::new(*failures, *successes)),
        _ => Box::new(streak::Streak::new(2, 2)),
    }
}
