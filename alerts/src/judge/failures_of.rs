//! So many of the last runs failed.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::{Judge, LookBack, Reading};
use crate::{Health, Sample};

/// The most runs that are looked at: what bounds the memory.
const MOST: u32 = 1_000;

/// Counts failures among the last runs. It holds as soon as there are enough of them, though fewer than `of` runs may
/// have been seen, and it is over when at most `recover` are left.
#[derive(Debug)]
pub(super) struct FailuresOf {
    failures: u32,
    of: u32,
    recover: u32,
    /// The runs before the last one, oldest first: when those that failed began.
    ring: VecDeque<Option<Timestamp>>,
    /// The last run: it may be said again.
    last: Option<(Timestamp, Option<Timestamp>)>,
    /// Failures in the ring.
    bad: u32,
    /// Successes at the end of the ring.
    good: u32,
}

impl FailuresOf {
    pub(super) fn new(failures: u32, of: u32, recover: u32) -> Self {
        let of = of.clamp(1, MOST);
        let failures = failures.clamp(1, of);
        let recover = recover.min(failures - 1);
        Self { failures, of, recover, ring: VecDeque::new(), last: None, bad: 0, good: 0 }
    }

    /// The last run becomes one of those before.
    fn settle(&mut self) {
        let Some((_, one)) = self.last.take() else { return };
        self.bad += u32::from(one.is_some());
        self.good = if one.is_some() { 0 } else { self.good.saturating_add(1) };
        if self.good > self.of - self.failures {
            self.ring.clear();
            self.bad = 0;
        }
        self.ring.push_back(one);
        if u32::try_from(self.ring.len()).is_ok_and(|len| len >= self.of) {
            self.bad -= u32::from(self.ring.pop_front().flatten().is_some());
        }
    }

    fn runs(&self) -> usize {
        self.ring.len() + usize::from(self.last.is_some())
    }
}

impl Judge for FailuresOf {
    fn see(&mut self, sample: &Sample) -> Reading {
        let again = self.last.is_some_and(|(slot, _)| slot == sample.slot);
        if sample.health == Health::Unknown {
            self.last.take_if(|_| again);
            return Reading::Silent;
        }
        if !again {
            self.settle();
        }
        self.last = Some((sample.slot, (sample.health == Health::Bad).then_some(sample.began)));
        let good = if sample.health == Health::Bad { 0 } else { self.good.saturating_add(1) };
        match self.failures() {
            _ if good > self.of - self.failures => Reading::Clear,
            bad if bad >= self.failures => Reading::Holds,
            bad if bad <= self.recover => Reading::Clear,
            _ => Reading::Silent,
        }
    }

    fn since(&self) -> Option<Timestamp> {
        let last = self.last.and_then(|(_, one)| one);
        self.ring.iter().flatten().next().copied().or(last)
    }

    fn failures(&self) -> u32 {
        self.bad + u32::from(self.last.is_some_and(|(_, one)| one.is_some()))
    }

    fn says(&self) -> String {
        format!("{} of the last {} runs", self.failures(), self.runs())
    }

    fn looks_back(&self) -> LookBack {
        LookBack { runs: usize::try_from(self.of).unwrap_or(usize::MAX), time: Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::{at, row, sample};

    /// `H` holds, `-` silent, `.` clear.
    fn readings(judge: FailuresOf, runs: &str) -> String {
        row(judge, runs, 300)
    }

    #[test]
    fn it_holds_with_enough_failures_and_is_over_with_few_enough() {
        for ((failures, of, recover), runs, expected) in [
            // One of ten says nothing; three of ten do; six of ten are for the louder rule.
            ((3, 10, 1), "....x..........", "..............."),
            ((3, 10, 1), "x..x..x...", "...---HHHH"),
            ((6, 10, 1), "x..x..x...", "...-------"),
            ((6, 10, 1), "xx.xx.xx..", ".------HHH"),
            // Two in a row page at once, without waiting for ten runs.
            ((2, 10, 0), "xx", "-H"),
            ((1, 1, 0), "x.x.", "H.H."),
            // Every second run fails: two of three or two of two come and go, five of ten hold.
            ((5, 10, 4), "x.x.x.x.x.x.x.x.", "........HHHHHHHH"),
            ((2, 3, 1), "x.x.x.", "..H.H."),
            ((2, 3, 0), "x.x.x.", "--H-H-"),
            // Unknown runs are no runs.
            ((2, 3, 1), "x????x", ".----H"),
            ((2, 3, 1), "xx..", ".HH."),
            // Holds until the failures have left the last five, or more succeed in a row than could hold with them.
            ((3, 5, 1), "xxx......", ".-HHH...."),
            ((3, 5, 0), "xxx......", "--HHH...."),
            // Poor runs are successes.
            ((2, 3, 0), "x~x~~~", "--H-.."),
        ] {
            let judge = FailuresOf::new(failures, of, recover);
            assert_eq!(readings(judge, runs), expected, "{failures} of {of}, over at {recover}: {runs}");
        }
    }

    #[test]
    fn a_run_judged_while_it_hangs_and_again_at_its_end_counts_once() {
        let mut judge = FailuresOf::new(2, 3, 0);
        let mut see = |health, second| judge.see(&sample(health, second));
        assert_eq!(see(Health::Bad, 0), Reading::Silent);
        assert_eq!(see(Health::Bad, 0), Reading::Silent);
        assert_eq!(see(Health::Good, 0), Reading::Clear, "it passed after all");
        assert_eq!(see(Health::Bad, 60), Reading::Silent);
        assert_eq!(see(Health::Unknown, 60), Reading::Silent, "it was our fault after all");
        assert_eq!(see(Health::Bad, 120), Reading::Silent);
        assert_eq!(see(Health::Bad, 180), Reading::Holds);
    }

    #[test]
    fn it_says_how_many_of_how_many_since_the_first_of_them() {
        let mut judge = FailuresOf::new(2, 4, 0);
        for (second, health) in [Health::Good, Health::Bad, Health::Good, Health::Bad].into_iter().enumerate()
        {
            judge.see(&sample(health, i64::try_from(second).unwrap()));
        }
        assert_eq!(judge.says(), "2 of the last 4 runs");
        assert_eq!((judge.since(), judge.failures()), (Some(at(1)), 2));
    }

    #[test]
    fn bounds_that_make_no_sense_are_brought_into_range() {
        assert_eq!(readings(FailuresOf::new(0, 0, 9), "x.x"), "H.H");
        let mut judge = FailuresOf::new(u32::MAX, u32::MAX, u32::MAX);
        for second in 0..3_000 {
            judge.see(&sample(Health::Bad, second));
        }
        assert_eq!((judge.runs(), judge.failures()), (1_000, 1_000));
    }
}
