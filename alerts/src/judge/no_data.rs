//! No run has said anything for too long.

use std::time::Duration;

use jiff::Timestamp;

use super::window::later;
use super::{Judge, LookBack, Reading, words};
use crate::{Health, Sample};

/// Waits for the next result that says something (an unknown one does not).
///
/// The wait begins with the last such result, or with the first moment that it was asked at all if that is later: a
/// service that starts, or comes back after a night, gives its probes their time before it complains, and a probe that
/// never says anything is complained of too.
#[derive(Debug)]
pub(super) struct NoData {
    every: Duration,
    /// How long may pass.
    patience: Duration,
    /// When the last result came.
    last: Option<Timestamp>,
    /// When it was first asked.
    asked: Option<Timestamp>,
    /// When it was last asked.
    now: Option<Timestamp>,
    holds: bool,
}

impl NoData {
    pub(super) fn new(intervals: u32, every: Duration) -> Self {
        let every = every.max(Duration::from_secs(1));
        // A run that takes longer than the one before is no silence.
        let slack = (every / 10).clamp(Duration::from_secs(5), Duration::from_secs(60));
        let patience = every.saturating_mul(intervals.max(1)).saturating_add(slack);
        Self { every, patience, last: None, asked: None, now: None, holds: false }
    }

    /// When patience ends.
    fn deadline(&self) -> Option<Timestamp> {
        Some(later(self.last.max(Some(self.asked?))?, self.patience))
    }
}

impl Judge for NoData {
    fn see(&mut self, sample: &Sample) -> Reading {
        if sample.health == Health::Unknown {
            return Reading::Silent;
        }
        self.last = self.last.max(Some(sample.at));
        self.holds = false;
        Reading::Clear
    }

    fn tick(&mut self, now: Timestamp) -> Reading {
        self.asked.get_or_insert(now);
        self.now = Some(now);
        self.holds |= self.deadline().is_some_and(|at| at <= now);
        if self.holds { Reading::Holds } else { Reading::Silent }
    }

    fn next(&self) -> Option<Timestamp> {
        match (self.now, self.holds) {
            // It wants to know when the wait began.
            (None, _) => Some(self.last.unwrap_or(Timestamp::UNIX_EPOCH)),
            // A rule may ask for silence that lasts longer still.
            (Some(now), true) => Some(later(now, self.every)),
            (Some(now), false) => self.deadline().map(|at| at.max(later(now, Duration::from_millis(1)))),
        }
    }

    fn since(&self) -> Option<Timestamp> {
        self.last.or(self.asked).filter(|_| self.holds)
    }

    fn failures(&self) -> u32 {
        0
    }

    fn says(&self) -> String {
        let waited = |from: Option<Timestamp>| {
            let waited = self.now?.duration_since(from?);
            Duration::try_from(waited).ok().map(words::span)
        };
        match (waited(self.last), waited(self.asked)) {
            (Some(long), _) => format!("no result for {long}"),
            (None, Some(long)) => format!("no result yet after {long}"),
            (None, None) => "no result".to_owned(),
        }
    }

    fn looks_back(&self) -> LookBack {
        LookBack { runs: 1, ..LookBack::default() }
    }

    fn resume(&mut self, since: Timestamp, _: u32) {
        // If something came meanwhile, it is over, and the next look says so.
        if self.last.is_none_or(|last| last <= since) {
            self.holds = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::{at, sample};

    /// Every minute, twice missing is too much: patience for 126 s.
    fn judge() -> NoData {
        NoData::new(2, Duration::from_secs(60))
    }

    #[test]
    fn two_intervals_without_a_result_hold_until_the_next_one() {
        let mut judge = judge();
        assert_eq!(judge.tick(at(0)), Reading::Silent);
        assert_eq!(judge.see(&sample(Health::Good, 10)), Reading::Clear);
        assert_eq!(judge.next(), Some(at(136)));
        assert_eq!(judge.see(&sample(Health::Unknown, 70)), Reading::Silent);
        assert_eq!(judge.next(), Some(at(136)), "unknown is no result");
        assert_eq!(judge.tick(at(135)), Reading::Silent);
        assert_eq!(judge.tick(at(136)), Reading::Holds);
        assert_eq!(judge.since(), Some(at(10)));
        assert_eq!(judge.says(), "no result for 2 min");
        assert_eq!(judge.next(), Some(at(196)), "it lasts");
        assert_eq!(judge.see(&sample(Health::Unknown, 190)), Reading::Silent);
        assert_eq!(judge.tick(at(196)), Reading::Holds);
        assert_eq!(judge.see(&sample(Health::Bad, 250)), Reading::Clear, "a failure is a result");
        assert_eq!(judge.next(), Some(at(376)));
    }

    #[test]
    fn a_probe_that_never_says_anything_is_complained_of_after_its_time() {
        let mut judge = judge();
        assert!(judge.next().is_some_and(|next| next <= at(0)), "asks to be asked");
        assert_eq!(judge.tick(at(0)), Reading::Silent);
        assert_eq!(judge.next(), Some(at(126)));
        assert_eq!(judge.tick(at(126)), Reading::Holds);
        assert_eq!((judge.says().as_str(), judge.since()), ("no result yet after 2 min", Some(at(0))));
    }

    #[test]
    fn a_service_that_comes_back_after_a_night_gives_its_probes_their_time() {
        let mut judge = judge();
        judge.see(&sample(Health::Good, 0));
        let morning = 36_000;
        assert_eq!(judge.tick(at(morning)), Reading::Silent);
        assert_eq!(judge.next(), Some(at(morning + 126)));
        assert_eq!(judge.see(&sample(Health::Good, morning + 50)), Reading::Clear);
        assert_eq!(judge.next(), Some(at(morning + 176)));
    }

    #[test]
    fn after_a_restart_in_the_middle_of_a_silence_it_still_holds() {
        let mut judge = judge();
        judge.see(&sample(Health::Good, 0));
        judge.resume(at(0), 0);
        assert_eq!(judge.tick(at(500)), Reading::Holds);
        assert_eq!(judge.see(&sample(Health::Good, 510)), Reading::Clear);
    }
}
