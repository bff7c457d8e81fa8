//! When a job is expected next: pure arithmetic over its schedule.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config::Schedule;

/// How much before its time a ping may come and still count for it: clocks differ.
const EARLY: SignedDuration = SignedDuration::from_secs(60);
/// Times of a cron expression that are gone through one by one.
const STEPS: usize = 1_000;
/// The shortest grace and the longest, unless the operator says otherwise.
const GRACE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3_600));

/// The schedule of a job.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    schedule: Schedule,
    /// The longest time between two of its times.
    pub(super) interval: Duration,
    early: SignedDuration,
}

impl Calendar {
    pub(super) fn new(schedule: Schedule, now: Timestamp) -> Self {
        let interval = schedule.interval(now);
        let early = match &schedule {
            Schedule::Every(_) => SignedDuration::ZERO,
            Schedule::Cron(cron) => cron.shortest_gap(now).map_or(EARLY, |gap| (gap / 4).min(EARLY)),
        };
        Self { schedule, interval, early }
    }

    /// The grace, unless one is written.
    pub(super) fn grace(&self) -> Duration {
        (self.interval / 4).clamp(GRACE.0, GRACE.1)
    }

    /// When it is expected after it was heard.
    pub(super) fn after_heard(&self, heard: Timestamp) -> Option<Timestamp> {
        match &self.schedule {
            Schedule::Every(_) => self.after(heard),
            Schedule::Cron(cron) => cron.next_after(heard.saturating_add(self.early).ok()?),
        }
    }

    /// The time after one at which it was expected.
    pub(super) fn after(&self, expected: Timestamp) -> Option<Timestamp> {
        match &self.schedule {
            Schedule::Every(every) => expected.checked_add(signed(*every)).ok(),
            Schedule::Cron(cron) => cron.next_after(expected),
        }
    }

    /// The last time from `first` on that is not after `until`: many may have passed while nobody looked.
    pub(super) fn latest(&self, first: Timestamp, until: Timestamp) -> Timestamp {
        if let Schedule::Every(every) = &self.schedule {
            let (every, gone) = (signed(*every).as_micros().max(1), until.duration_since(first).as_micros());
            let turns = gone.div_euclid(every).max(0);
            let ahead = i64::try_from(turns * every).map(SignedDuration::from_micros);
            return ahead.ok().and_then(|ahead| first.checked_add(ahead).ok()).unwrap_or(first);
        }
        let mut at = first;
        for _ in 0..STEPS {
            match self.after(at).filter(|next| *next <= until) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }
}

pub(super) fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX).min(SignedDuration::from_hours(24 * 3_660))
}
