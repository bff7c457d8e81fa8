//! A fact or a measurement is another than it was at the run before.

use std::time::Duration;

use jiff::Timestamp;

use super::threshold::measured;
use super::window::later;
use super::{Judge, LookBack, Reading, words};
use crate::{Health, Sample};

/// Runs that are shown again after a restart: if none of them had the value, a change while the service was away goes
/// unnoticed.
const RUNS: usize = 100;

/// Compares what a run met with what the run before met that had it. Memory: two values and the last change.
#[derive(Debug)]
pub(super) struct Changed {
    of: String,
    tell_for: Duration,
    /// What the last run said that had it, and its slot.
    last: Option<(Timestamp, Value)>,
    /// What the run before that said.
    before: Option<Value>,
    change: Option<Change>,
}

/// A name or a number.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Name(String),
    Number(f64),
}

#[derive(Debug)]
struct Change {
    /// The run that showed it, and the first of several in a row.
    slot: Timestamp,
    since: Timestamp,
    until: Timestamp,
    from: Option<Value>,
}

/// What a run says, borrowed: nothing is copied while nothing changes.
#[derive(Debug, Clone, Copy)]
enum Seen<'a> {
    Name(&'a str),
    Number(f64),
}

impl Seen<'_> {
    fn is(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Name(a), Value::Name(b)) => a == b,
            #[expect(clippy::float_cmp, reason = "any difference is a change")]
            (Self::Number(a), Value::Number(b)) => a == *b,
            _ => false,
        }
    }

    fn owned(self) -> Value {
        match self {
            Self::Name(name) => Value::Name(name.to_owned()),
            Self::Number(number) => Value::Number(number),
        }
    }
}

impl Changed {
    pub(super) fn new(of: String, tell_for: Duration) -> Self {
        Self { of, tell_for, last: None, before: None, change: None }
    }

    fn seen<'a>(&self, sample: &'a Sample) -> Option<Seen<'a>> {
        if sample.health == Health::Unknown {
            return None;
        }
        let fact = sample.details.as_ref()?.facts.get(&self.of).map(|name| Seen::Name(name));
        fact.or_else(|| measured(sample, &self.of).map(Seen::Number))
    }

    fn take(&mut self, seen: Seen<'_>, sample: &Sample) {
        match &mut self.last {
            Some((slot, value)) if *slot == sample.slot => {
                if seen.is(value) {
                    return;
                }
                // Said otherwise after all: what was made of it is taken back.
                *value = seen.owned();
                self.change.take_if(|change| change.slot == sample.slot);
            }
            Some((slot, value)) => {
                *slot = sample.slot;
                if self.before.as_ref() != Some(value) {
                    self.before = Some(value.clone());
                }
                if !seen.is(value) {
                    *value = seen.owned();
                }
            }
            None => self.last = Some((sample.slot, seen.owned())),
        }
        if let Some(before) = self.before.as_ref().filter(|before| !seen.is(before)) {
            let since = self.change.as_ref().map_or(sample.began, |c| c.since);
            let until = later(sample.began, self.tell_for);
            self.change = Some(Change { slot: sample.slot, since, until, from: Some(before.clone()) });
        }
    }

    /// How things stand at this moment, if nothing came.
    fn stands(&mut self, now: Timestamp) -> Reading {
        match self.change.take_if(|change| change.until <= now) {
            Some(_) => Reading::Clear,
            None => Reading::Silent,
        }
    }

    fn say(&self, value: &Value) -> String {
        match value {
            Value::Name(name) => name.clone(),
            Value::Number(number) => words::amount(&self.of, *number),
        }
    }
}

impl Judge for Changed {
    fn see(&mut self, sample: &Sample) -> Reading {
        let over = self.stands(sample.at);
        let Some(seen) = self.seen(sample) else { return over };
        self.take(seen, sample);
        match &self.change {
            Some(change) if sample.at < change.until => Reading::Holds,
            _ => Reading::Clear,
        }
    }

    fn tick(&mut self, now: Timestamp) -> Reading {
        self.stands(now)
    }

    fn next(&self) -> Option<Timestamp> {
        self.change.as_ref().map(|change| change.until)
    }

    fn since(&self) -> Option<Timestamp> {
        self.change.as_ref().map(|change| change.since)
    }

    fn failures(&self) -> u32 {
        0
    }

    fn says(&self) -> String {
        let from = self.change.as_ref().and_then(|change| change.from.as_ref());
        match (from, &self.last) {
            (Some(from), Some((_, to))) => {
                format!("{} changed from {} to {}", self.of, self.say(from), self.say(to))
            }
            (_, Some((_, to))) => format!("{} changed to {}", self.of, self.say(to)),
            _ => format!("{} changed", self.of),
        }
    }

    fn looks_back(&self) -> LookBack {
        LookBack { runs: RUNS, time: self.tell_for }
    }

    fn resume(&mut self, since: Timestamp, _: u32) {
        let until = later(since, self.tell_for);
        match &mut self.change {
            Some(change) => {
                change.since = change.since.min(since);
                change.until = change.until.max(until);
            }
            None => self.change = Some(Change { slot: since, since, until, from: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::{at, measuring, sample, stating};

    fn judge() -> Changed {
        Changed::new("version".into(), Duration::from_secs(600))
    }

    #[test]
    fn a_change_holds_for_its_time_and_no_longer() {
        let mut judge = judge();
        let mut see = |value: &str, second| judge.see(&stating("version", value, second));
        assert_eq!(see("1.0", 0), Reading::Clear, "the first one is no change");
        assert_eq!(see("1.0", 300), Reading::Clear);
        assert_eq!(see("1.1", 600), Reading::Holds);
        assert_eq!(see("1.1", 900), Reading::Holds);
        assert_eq!(judge.says(), "version changed from 1.0 to 1.1");
        assert_eq!((judge.since(), judge.next()), (Some(at(600)), Some(at(1_200))));
        assert_eq!(judge.see(&sample(Health::Bad, 1_000)), Reading::Silent);
        assert_eq!(judge.tick(at(1_199)), Reading::Silent);
        assert_eq!(judge.tick(at(1_200)), Reading::Clear);
        assert_eq!(judge.next(), None);
        assert_eq!(judge.see(&stating("version", "1.1", 1_300)), Reading::Clear);
    }

    #[test]
    fn runs_that_do_not_have_it_are_passed_over() {
        let mut judge = judge();
        judge.see(&stating("version", "1.0", 0));
        for second in [60, 120, 180] {
            assert_eq!(judge.see(&sample(Health::Bad, second)), Reading::Silent);
        }
        let unknown = Sample { health: Health::Unknown, ..stating("version", "x", 240) };
        assert_eq!(judge.see(&unknown), Reading::Silent);
        assert_eq!(judge.see(&stating("version", "2.0", 300)), Reading::Holds);
        assert_eq!(judge.see(&sample(Health::Good, 1_000)), Reading::Clear, "its time is over");
    }

    #[test]
    fn a_second_change_prolongs_it() {
        let mut judge = judge();
        for (value, second) in [("a", 0), ("b", 60), ("a", 120)] {
            judge.see(&stating("version", value, second));
        }
        assert_eq!((judge.since(), judge.next()), (Some(at(60)), Some(at(720))));
        assert_eq!(judge.says(), "version changed from b to a");
    }

    #[test]
    fn a_run_that_says_otherwise_in_the_end_has_not_changed_anything() {
        let mut judge = judge();
        let mut see = |value: &str, second| judge.see(&stating("version", value, second));
        assert_eq!(see("a", 0), Reading::Clear);
        assert_eq!(see("a", 60), Reading::Clear);
        assert_eq!(see("b", 120), Reading::Holds);
        assert_eq!(see("a", 120), Reading::Clear);
        assert_eq!(see("c", 120), Reading::Holds);
    }

    #[test]
    fn numbers_change_too_and_what_is_no_number_says_nothing() {
        let mut judge = Changed::new("records_count".into(), Duration::from_secs(600));
        for (value, expected) in
            [(4.0, Reading::Clear), (f64::NAN, Reading::Silent), (4.0, Reading::Clear), (3.0, Reading::Holds)]
        {
            let second = judge.last.as_ref().map_or(0, |(slot, _)| slot.duration_since(at(0)).as_secs() + 60);
            assert_eq!(judge.see(&measuring("records_count", value, second)), expected, "{value}");
        }
        assert_eq!(judge.says(), "records_count changed from 4 to 3");
    }

    #[test]
    fn after_a_restart_it_holds_until_the_same_moment() {
        let mut judge = judge();
        judge.see(&stating("version", "1.1", 700));
        judge.resume(at(600), 0);
        assert_eq!((judge.next(), judge.says().as_str()), (Some(at(1_200)), "version changed to 1.1"));
    }
}
