//! Failures in a row.

use jiff::Timestamp;

use super::{Judge, LookBack, Reading};
use crate::{Health, Sample};

/// Counts failures in a row, and successes in a row once there were enough failures.
#[derive(Debug)]
pub(super) struct Streak {
    enough: u32,
    successes: u32,
    /// Failures in a row, the last slot counted once.
    bad: u32,
    /// Successes in a row.
    good: u32,
    /// When the first failure of the row began.
    since: Option<Timestamp>,
    last_slot: Option<Timestamp>,
    holds: bool,
}

impl Streak {
    pub(super) fn new(failures: u32, successes: u32) -> Self {
        let (failures, successes) = (failures.max(1), successes.max(1));
        Self { enough: failures, successes, bad: 0, good: 0, since: None, last_slot: None, holds: false }
    }
}

impl Judge for Streak {
    fn see(&mut self, sample: &Sample) -> Reading {
        match sample.health {
            Health::Unknown => return Reading::Silent,
            Health::Bad => {
                if self.bad == 0 || self.last_slot != Some(sample.slot) {
                    self.bad = self.bad.saturating_add(1);
                }
                self.good = 0;
                self.since.get_or_insert(sample.began);
                self.holds |= self.bad >= self.enough;
            }
            Health::Good | Health::Poor if self.holds => {
                self.good = self.good.saturating_add(1);
                if self.good < self.successes {
                    self.last_slot = Some(sample.slot);
                    return Reading::Silent;
                }
                (self.holds, self.bad, self.since) = (false, 0, None);
            }
            Health::Good | Health::Poor => {
                self.good = self.good.saturating_add(1);
                (self.bad, self.since) = (0, None);
            }
        }
        self.last_slot = Some(sample.slot);
        match (self.holds, self.bad) {
            (true, _) => Reading::Holds,
            (false, 0) => Reading::Clear,
            // Not enough yet to say that it holds, too much to say that it does not.
            (false, _) => Reading::Silent,
        }
    }

    fn since(&self) -> Option<Timestamp> {
        self.since
    }

    fn failures(&self) -> u32 {
        self.bad
    }

    fn says(&self) -> String {
        format!("{} {} in a row", self.bad, if self.bad == 1 { "run" } else { "runs" })
    }

    fn resume(&mut self, since: Timestamp, failures: u32) {
        if !self.holds {
            (self.holds, self.since) = (true, Some(since));
            self.bad = self.bad.max(failures);
        }
    }

    fn looks_back(&self) -> LookBack {
        let runs = self.enough.saturating_add(self.successes).saturating_add(1);
        LookBack { runs: usize::try_from(runs).unwrap_or(usize::MAX), ..LookBack::default() }
    }
}
