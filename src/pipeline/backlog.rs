//! What is to be written: a batch at a time, and while the disk says no, all of it in memory, within bounds.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::{Change, Notification, NotificationId};
use tokio::time::Instant;

use crate::observation::Observation;
use crate::store::{AuditRow, Batch};

/// First and longest pause before what could not be written is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// What was decided is told without being written when it could not be written for so long.
const UNWRITTEN: SignedDuration = SignedDuration::from_secs(30);
/// Results kept at most while nothing can be written; the oldest give way. What the engine decided is always kept.
const RESULTS: usize = 200_000;

/// Which attempt to write it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// More will follow if need be.
    Now,
    /// The service stops.
    Last,
}

/// Results and changes that are not written yet, in order.
#[derive(Debug, Default)]
pub struct Backlog {
    observations: Vec<Observation>,
    changes: Vec<Change>,
    audit: Vec<AuditRow>,
    failing: Option<Failing>,
}

#[derive(Debug, Clone, Copy)]
struct Failing {
    since: Timestamp,
    pause: Duration,
    again: Instant,
}

impl Backlog {
    pub(super) fn add(&mut self, observations: Vec<Observation>, changes: Vec<Change>) {
        if self.observations.is_empty() {
            self.observations = observations;
        } else {
            self.observations.extend(observations);
        }
        self.changes.extend(changes);
    }

    /// What people did goes with what it changed.
    pub(super) fn note(&mut self, audit: Vec<AuditRow>) {
        self.audit.extend(audit);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.observations.is_empty() && self.changes.is_empty() && self.audit.is_empty()
    }

    /// Whether to try to write now.
    pub(super) fn due(&self) -> bool {
        !self.is_empty() && self.failing.is_none_or(|f| f.again <= Instant::now())
    }

    /// How long until the next try.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.failing.map(|f| f.again.saturating_duration_since(Instant::now()))
    }

    /// All of it. Nothing is forgotten until it is [`Backlog::written`].
    pub(super) fn batch(&self, now: Timestamp) -> Batch {
        let (observations, changes) = (self.observations.clone(), self.changes.clone());
        Batch { observations, changes, audit: self.audit.clone(), now }
    }

    /// Decided, and not written for too long: somebody must be told all the same.
    pub(super) fn overdue(&self, now: Timestamp) -> Option<Vec<Notification>> {
        self.failing.filter(|f| now.duration_since(f.since) >= UNWRITTEN)?;
        let owed = self.changes.iter().filter_map(|c| match c {
            Change::Notify(n) if !n.to.is_empty() => Some(n.clone()),
            _ => None,
        });
        Some(owed.collect()).filter(|owed: &Vec<_>| !owed.is_empty())
    }

    /// These were told without being written: what is written later owes them no more.
    pub(super) fn told(&mut self, told: &BTreeSet<(NotificationId, String)>) {
        for change in &mut self.changes {
            if let Change::Notify(n) = change {
                let id = n.id.clone();
                n.to.retain(|ear| !told.contains(&(id.clone(), ear.channel.clone())));
            }
        }
    }

    /// Results that are not written.
    pub(super) fn left(self) -> Vec<Observation> {
        self.observations
    }

    pub(super) fn written(&mut self) {
        *self = Self::default();
    }

    /// It could not be written: says since when that is so, when to try again, and how many results had to go.
    pub(super) fn failed(&mut self, now: Timestamp) -> (Timestamp, Duration, usize) {
        let pause = self.failing.map_or(RETRY.0, |f| (f.pause * 2).min(RETRY.1));
        let since = self.failing.map_or(now, |f| f.since);
        self.failing = Some(Failing { since, pause, again: Instant::now() + pause });
        let lost = self.observations.len().saturating_sub(RESULTS);
        self.observations.drain(..lost);
        (since, pause, lost)
    }
}

#[cfg(test)]
mod tests {
    use launchwatch_probes::{Outcome, Verdict};

    use super::*;
    use crate::observation::ProbeId;

    fn seen(second: i64) -> Observation {
        Observation {
            probe: ProbeId::new("hub", "site"),
            location: "here".into(),
            slot: Timestamp::from_second(second).unwrap(),
            lag: Duration::ZERO,
            confirms: false,
            outcome: Outcome::bare(Verdict::Passed, None, ""),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_written_waits_longer_and_longer_and_the_oldest_results_give_way() {
        let mut backlog = Backlog::default();
        assert!(!backlog.due());
        backlog.add((0..200_003).map(seen).collect(), Vec::new());
        assert!(backlog.due());
        let (first, later) = (Timestamp::from_second(10).unwrap(), Timestamp::from_second(20).unwrap());
        assert_eq!(backlog.failed(first), (first, RETRY.0, 3));
        assert!(!backlog.due());
        tokio::time::advance(RETRY.0).await;
        assert!(backlog.due());
        assert_eq!(backlog.failed(later), (first, RETRY.0 * 2, 0));
        assert_eq!(backlog.batch(later).observations[0], seen(3));
        backlog.written();
        assert!(backlog.is_empty() && backlog.wait().is_none());
    }
}
