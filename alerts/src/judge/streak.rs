//! Failures in a row.

use jiff::Timestamp;

use super::{Judge, LookBack, Reading};
use crate::{Health, Sample};

/// Counts failures in a row, and successes in a row once there were enough failures.
#[derive(Debug)]
pub(super) struct Streak {
    enough: u32,
    successes: u32,
    now: Row,
    /// How things stood before the last slot: it may be said again.
    before: Row,
    last_slot: Option<Timestamp>,
    holds: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Row {
    /// Failures in a row; while it holds, those since it began to build up and since the last success.
    bad: u32,
    /// Successes in a row.
    good: u32,
    /// When the first failure of the row began.
    since: Option<Timestamp>,
}

impl Streak {
    pub(super) fn new(failures: u32, successes: u32) -> Self {
        let (enough, successes) = (failures.max(1), successes.max(1));
        let (now, before) = (Row::default(), Row::default());
        Self { enough, successes, now, before, last_slot: None, holds: false }
    }
}

impl Judge for Streak {
    fn see(&mut self, sample: &Sample) -> Reading {
        if self.last_slot == Some(sample.slot) {
            self.now = self.before;
        }
        if sample.health == Health::Unknown {
            return Reading::Silent;
        }
        (self.before, self.last_slot) = (self.now, Some(sample.slot));
        let row = &mut self.now;
        if sample.health == Health::Bad {
            (row.bad, row.good) = (row.bad.saturating_add(1), 0);
            row.since.get_or_insert(sample.began);
            // What was told once stays told, whatever becomes of the run: only successes end it.
            self.holds |= row.bad >= self.enough;
            // Not enough yet to say that it holds, too much to say that it does not.
            return if self.holds { Reading::Holds } else { Reading::Silent };
        }
        row.good = row.good.saturating_add(1);
        if self.holds && row.good < self.successes {
            return Reading::Silent;
        }
        (row.bad, row.since, self.holds) = (0, None, false);
        Reading::Clear
    }

    fn since(&self) -> Option<Timestamp> {
        self.now.since
    }

    fn failures(&self) -> u32 {
        self.now.bad
    }

    fn says(&self) -> String {
        match self.now.bad {
            1 => "1 run".to_owned(),
            bad => format!("{bad} runs in a row"),
        }
    }

    fn resume(&mut self, since: Timestamp, failures: u32) {
        if !self.holds {
            self.holds = true;
            for row in [&mut self.now, &mut self.before] {
                row.since = Some(since);
                row.bad = row.bad.max(failures);
            }
        }
    }

    fn looks_back(&self) -> LookBack {
        let runs = self.enough.saturating_add(self.successes).saturating_add(1);
        LookBack { runs: usize::try_from(runs).unwrap_or(usize::MAX), ..LookBack::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::{row, sample};

    #[test]
    fn enough_in_a_row_hold_until_enough_in_a_row_succeed() {
        for ((failures, successes), runs, expected) in [
            ((2, 2), "..xx.x..", "..-H-H-."),
            ((2, 2), "x.x.x.", "-.-.-."),
            ((2, 1), "x?x?.", "--H-."),
            ((3, 1), "xxx~", "--H."),
            ((1, 1), "x.x.", "H.H."),
            ((0, 0), "x.", "H."),
        ] {
            assert_eq!(row(Streak::new(failures, successes), runs, 60), expected, "{runs}");
        }
    }

    #[test]
    fn a_run_counts_once_and_as_it_was_said_last() {
        let mut judge = Streak::new(2, 2);
        let mut see = |letters: &str, second| {
            let last = letters.chars().map(|c| judge.see(&sample(crate::judge::trial::health(c), second)));
            last.last().unwrap()
        };
        assert_eq!(see("x?", 0), Reading::Silent, "our fault after all");
        assert_eq!(see("xxx", 60), Reading::Silent, "one run, said three times");
        assert_eq!(see(".", 180), Reading::Clear);
        assert_eq!(see("x.", 240), Reading::Clear, "it passed after all");
        assert_eq!(see("x", 300), Reading::Silent);
        assert_eq!(see("x", 360), Reading::Holds);
        assert_eq!(see(".", 360), Reading::Silent, "it passed after all, but people were told");
        assert_eq!(see("..", 420), Reading::Clear, "the second success");
        assert_eq!(see("x", 480), Reading::Silent);
        assert_eq!(see("x", 540), Reading::Holds);
        assert_eq!(see("..", 600), Reading::Silent, "one success, said twice");
        assert_eq!(see(".", 660), Reading::Clear);
    }
}
