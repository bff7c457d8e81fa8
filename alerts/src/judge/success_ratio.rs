//! The share of runs that succeed is too low.

use std::time::Duration;

use jiff::Timestamp;

use super::window::{Counts, Since, Window};
use super::{Judge, LookBack, Reading, words};
use crate::{Health, Sample};

/// Compares the share of successes over a while with two bounds. Memory: a gathering [`Window`].
#[derive(Debug)]
pub(super) struct SuccessRatio {
    below: f64,
    recover: f64,
    over: Duration,
    at_least: u32,
    runs: Window<Counts>,
    since: Since,
}

impl SuccessRatio {
    pub(super) fn new(below: f64, recover: f64, over: Duration, at_least: u32) -> Self {
        Self { below, recover, over, at_least, runs: Window::gathering(over), since: Since::default() }
    }

    fn read(&self) -> Reading {
        let sum = self.runs.sum();
        if sum.all < self.at_least.max(1) {
            return Reading::Silent;
        }
        let share = f64::from(sum.all - sum.bad) / f64::from(sum.all);
        // 0 means: not one.
        let low = if self.below <= 0.0 { sum.bad == sum.all } else { share < self.below };
        Reading::of(low, share >= self.recover)
    }
}

impl Judge for SuccessRatio {
    fn see(&mut self, sample: &Sample) -> Reading {
        if sample.health == Health::Unknown {
            self.runs.take_back(sample.slot);
            return Reading::Silent;
        }
        let bad = sample.health == Health::Bad;
        if self.runs.put(sample.slot, Counts::one(bad)) {
            // Whatever was, is too long ago.
            self.since = Since::default();
        }
        let reading = self.read();
        self.since.note(reading, bad, sample.began);
        reading
    }

    fn since(&self) -> Option<Timestamp> {
        self.since.0
    }

    fn failures(&self) -> u32 {
        self.runs.sum().bad
    }

    fn says(&self) -> String {
        let Counts { all, bad } = self.runs.sum();
        let over = words::span(self.over);
        if bad == all {
            return format!("none of {all} runs in {over} succeeded");
        }
        let limit = words::share(self.below.max(0.0));
        format!("{} of {all} runs in {over} succeeded, at least {limit} should", all - bad)
    }

    fn looks_back(&self) -> LookBack {
        LookBack { time: self.runs.looks_back(), ..LookBack::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::{at, row, sample};

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn it_holds_below_the_bound_and_is_over_above_the_other() {
        for ((below, recover, at_least), runs, expected) in [
            // Nobody can launch: not one success, and one success ends it.
            ((0.0, 0.0, 3), "xxxx.", "--HH."),
            ((0.0, 0.5, 3), "xxxx...", "--HH---"),
            ((0.0, 0.5, 3), "x?x?x", "----H"),
            // One failure among few runs is not yet much, among five it is a fifth.
            ((0.8, 0.9, 5), "x...........", "---------..."),
            ((0.85, 0.9, 5), "x...........", "----HH---..."),
            ((0.5, 0.5, 4), "xxxx....", "---HHHH."),
            ((0.5, 0.75, 4), "xxxx.........", "---HHHH-----."),
            ((0.5, 0.5, 100), "xxxx....", "--------"),
        ] {
            let judge = SuccessRatio::new(below, recover, HOUR, at_least);
            assert_eq!(row(judge, runs, 300), expected, "below {below}, over at {recover}: {runs}");
        }
    }

    #[test]
    fn one_of_ten_three_of_ten_and_six_of_ten_are_told_apart() {
        // The last of ten runs, five minutes apart, with the failures last.
        for (bad, ticket, page) in [(1, '.', '.'), (3, 'H', '.'), (6, 'H', 'H'), (10, 'H', 'H')] {
            let runs = format!("{}{}", ".".repeat(10 - bad), "x".repeat(bad));
            let last = |below| row(SuccessRatio::new(below, below, HOUR, 10), &runs, 300).pop();
            assert_eq!((last(0.8), last(0.5)), (Some(ticket), Some(page)), "{bad} of ten");
        }
    }

    #[test]
    fn what_is_longer_ago_than_the_window_does_not_count() {
        let mut judge = SuccessRatio::new(0.0, 1.0, HOUR, 2);
        judge.see(&sample(Health::Bad, 0));
        assert_eq!(judge.see(&sample(Health::Bad, 300)), Reading::Holds);
        assert_eq!(judge.since(), Some(at(0)));
        assert_eq!(judge.see(&sample(Health::Bad, 300 + 3_700)), Reading::Silent, "alone in its hour");
        assert_eq!(judge.see(&sample(Health::Bad, 4_300)), Reading::Holds);
        assert_eq!(judge.since(), Some(at(4_000)));
    }

    #[test]
    fn it_says_how_many_succeeded() {
        let mut judge = SuccessRatio::new(0.9, 0.95, HOUR, 2);
        judge.see(&sample(Health::Bad, 0));
        judge.see(&sample(Health::Bad, 1));
        assert_eq!(judge.says(), "none of 2 runs in 1 h succeeded");
        judge.see(&sample(Health::Poor, 2));
        assert_eq!(judge.says(), "1 of 3 runs in 1 h succeeded, at least 90 % should");
        assert_eq!(judge.failures(), 2);
    }
}
