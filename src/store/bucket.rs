//! How runs are counted in a bucket.

use std::collections::BTreeMap;

use launchwatch_probes::{Outcome, Stage, Verdict};

use super::pack::plain::{self, Plain};
use super::pack::scale;
use super::pack::shape::Shape;
use super::types::{Bucket, Tier};

impl Tier {
    /// Start of the bucket that a moment lies in; both in seconds since 1970.
    pub const fn floor(self, second: i64) -> i64 {
        second.div_euclid(self.seconds()) * self.seconds()
    }
}

impl Bucket {
    /// An empty bucket.
    pub(crate) fn at(start: i64) -> Self {
        Self { start, ..Self::default() }
    }

    /// The same without stages.
    pub(crate) fn totals(&self) -> Self {
        Self {
            start: self.start,
            verdicts: self.verdicts.clone(),
            reasons: self.reasons.clone(),
            stages: BTreeMap::new(),
            took: self.took.clone(),
        }
    }

    /// Adds all that another one counted; the start stays.
    pub fn merge(&mut self, other: &Self) {
        for (verdict, count) in &other.verdicts {
            add(self.verdicts.entry(*verdict).or_default(), *count);
        }
        for (reason, count) in &other.reasons {
            add(self.reasons.entry(*reason).or_default(), *count);
        }
        for (stage, histogram) in &other.stages {
            self.stages.entry(*stage).or_default().merge(histogram);
        }
        self.took.merge(&other.took);
    }

    /// Runs in all.
    pub fn runs(&self) -> u64 {
        self.verdicts.values().map(|n| u64::from(*n)).sum()
    }

    /// Counts a run that is kept in full.
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        add(self.verdicts.entry(outcome.verdict).or_default(), 1);
        if let Some(reason) = outcome.reason {
            add(self.reasons.entry(reason).or_default(), 1);
        }
        for time in outcome.stages.iter().filter(|s| Some(s.stage) != outcome.failed_stage) {
            self.stages.entry(time.stage).or_default().record(time.took);
        }
        if works(outcome.verdict) && !outcome.stages.is_empty() {
            self.took.record(outcome.took());
        }
    }

    /// Counts a run that is kept in the compact form: the same as counting what it unpacks to.
    pub(crate) fn count_plain(&mut self, plain: &Plain, shape: &Shape) {
        add(self.verdicts.entry(shape.verdict).or_default(), 1);
        if let Some(reason) = shape.reason {
            add(self.reasons.entry(reason).or_default(), 1);
        }
        let ended = |stage: &Stage| Some(*stage) != shape.failed_stage;
        for (stage, time) in shape.stages.iter().zip(&plain.times).filter(|(s, _)| ended(s)) {
            self.stages.entry(*stage).or_default().record_code(time.took);
        }
        if works(shape.verdict) && !shape.stages.is_empty() {
            self.took.record_code(scale::code(plain::took(plain)));
        }
    }
}

const fn works(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Passed | Verdict::Degraded)
}

fn add(to: &mut u32, count: u32) {
    *to = to.saturating_add(count);
}
