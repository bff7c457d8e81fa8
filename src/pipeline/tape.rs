//! The last things that happened, for those who follow along: a bounded tape that nobody who writes on it waits for.
//!
//! # Why
//! A reader keeps its own place and reads from the tape; who is slower than the tape is long loses what was cut off, is
//! told so, and goes on. So one slow reader costs neither the recorder time nor anybody memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use launchwatch_alerts::{AlertState, Change, IncidentState, Severity};
use launchwatch_probes::{Reason, Stage, Verdict};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::observation::Observation;
use crate::store::{DeliveryState, Settlement};

/// How much is kept.
pub const LENGTH: usize = 4096;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A run has ended.
    Observation {
        /// Id of the run.
        run: String,
        /// Name of the target.
        target: String,
        /// Name of the probe.
        probe: String,
        /// Where it ran.
        location: String,
        /// When it was due.
        slot: Timestamp,
        /// When it ended.
        ended_at: Timestamp,
        /// The judgement.
        verdict: Verdict,
        /// Why it did not pass.
        reason: Option<Reason>,
        /// The stage in which it did not pass.
        failed_stage: Option<Stage>,
        /// How long it took.
        seconds: f64,
        /// One sentence; may be empty.
        summary: String,
    },
    /// An alert moved.
    Alert {
        /// The rule.
        rule: String,
        /// Name of the target.
        target: String,
        /// Name of the probe.
        probe: String,
        /// Where it stands now.
        state: AlertState,
        /// How loud.
        severity: Severity,
        /// When.
        at: Timestamp,
        /// The incident it belongs to.
        incident: Option<String>,
        /// One sentence.
        summary: String,
    },
    /// An incident moved: it opened, changed, or is over.
    Incident {
        /// Its id.
        id: String,
        /// Name of the target.
        target: String,
        /// Where it stands now.
        state: IncidentState,
        /// How loud.
        severity: Severity,
        /// Since when it fails.
        since: Timestamp,
        /// When it was over.
        resolved_at: Option<Timestamp>,
        /// The likeliest cause, in words.
        cause: Option<String>,
        /// Who sees to it.
        acknowledged_by: Option<String>,
    },
    /// Something is owed to people from now on.
    Notification {
        /// Its id.
        id: String,
        /// The incident.
        incident: String,
        /// `opened`, `update`, `resolved`, …
        kind: String,
    },
    /// An attempt to tell came to something, or to nothing.
    Delivery {
        /// Of which notification.
        notification: String,
        /// Through which channel.
        channel: String,
        /// Where it stands now.
        state: DeliveryState,
        /// When.
        at: Timestamp,
        /// Why it came to nothing.
        error: Option<String>,
    },
}

impl Event {
    /// The names of all kinds.
    pub const KINDS: [&'static str; 5] = ["observation", "alert", "incident", "notification", "delivery"];

    /// The name of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Observation { .. } => "observation",
            Self::Alert { .. } => "alert",
            Self::Incident { .. } => "incident",
            Self::Notification { .. } => "notification",
            Self::Delivery { .. } => "delivery",
        }
    }

    /// A run that has ended.
    pub fn seen(seen: &Observation) -> Self {
        let outcome = &seen.outcome;
        Self::Observation {
            run: seen.run(),
            target: seen.probe.target().to_owned(),
            probe: seen.probe.probe().to_owned(),
            location: seen.location.to_string(),
            slot: seen.slot,
            ended_at: seen.ended(),
            verdict: outcome.verdict,
            reason: outcome.reason,
            failed_stage: outcome.failed_stage,
            seconds: outcome.took().as_secs_f64(),
            summary: outcome.summary.clone(),
        }
    }

    /// What the engine changed, if anybody outside has a word for it.
    pub fn changed(change: &Change) -> Option<Self> {
        Some(match change {
            Change::Alert(alert) => Self::Alert {
                rule: alert.key.rule.clone(),
                target: alert.key.series.target.clone(),
                probe: alert.key.series.probe.clone(),
                state: alert.state,
                severity: alert.severity,
                at: alert.at,
                incident: alert.incident.as_ref().map(|id| id.0.clone()),
                summary: alert.summary.clone(),
            },
            Change::Incident(incident) => Self::Incident {
                id: incident.id.0.clone(),
                target: incident.target.clone(),
                state: incident.state,
                severity: incident.severity,
                since: incident.since,
                resolved_at: incident.resolved_at,
                cause: incident.diagnosis.first().map(|cause| cause.title.clone()),
                acknowledged_by: incident.ack.as_ref().map(|ack| ack.by.clone()),
            },
            Change::Notify(told) => Self::Notification {
                id: told.id.0.clone(),
                incident: told.incident.0.clone(),
                kind: told.kind.as_str().to_owned(),
            },
            _ => return None,
        })
    }

    /// What came of an attempt to tell somebody.
    pub fn settled(settled: &Settlement) -> Self {
        Self::Delivery {
            notification: settled.notification.0.clone(),
            channel: settled.channel.clone(),
            state: settled.state,
            at: settled.at,
            error: settled.error.clone(),
        }
    }
}

/// The tape, shared. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tape(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kept: Mutex<Kept>,
    /// The number that the next event gets.
    next: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Arc<Event>>,
    /// The number of the first that is kept.
    first: u64,
}

/// What a reader gets.
#[derive(Debug, Default)]
pub struct Read {
    /// So many were cut off before it came to read them.
    pub lost: u64,
    /// The number of the first of `events`.
    pub first: u64,
    /// What happened since, at most as many as were asked for.
    pub events: Vec<Arc<Event>>,
}

impl Tape {
    /// Writes on it; what is too long ago is cut off.
    pub fn write(&self, events: impl IntoIterator<Item = Event>) {
        let next = {
            let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.events.extend(events.into_iter().map(Arc::new));
            while kept.events.len() > LENGTH {
                kept.events.pop_front();
                kept.first += 1;
            }
            kept.first + kept.events.len() as u64
        };
        self.0.next.send_if_modified(|n| std::mem::replace(n, next) != next);
    }

    /// Reads from this number on; a number that is not there yet reads nothing.
    pub fn read(&self, from: u64, at_most: usize) -> Read {
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let first = from.max(kept.first);
        let skip = usize::try_from(first - kept.first).unwrap_or(usize::MAX);
        let events = kept.events.iter().skip(skip).take(at_most).cloned().collect();
        Read { lost: first - from, first, events }
    }

    /// The number that the next event gets, and a way to wait for it.
    pub fn next(&self) -> watch::Receiver<u64> {
        self.0.next.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str) -> Event {
        Event::Notification { id: "n".into(), incident: "i".into(), kind: kind.into() }
    }

    #[test]
    fn a_reader_keeps_its_place_and_is_told_what_it_lost() {
        let tape = Tape::default();
        tape.write([event("a"), event("b")]);
        let read = tape.read(1, 10);
        assert_eq!((read.lost, read.first, read.events), (0, 1, vec![Arc::new(event("b"))]));
        tape.write((0..LENGTH + 3).map(|n| event(&n.to_string())));
        let read = tape.read(2, 1);
        // Two and LENGTH + 3 were written: five are gone, three of them unread.
        assert_eq!((read.lost, read.first), (3, 5));
        assert_eq!(read.events, [Arc::new(event("3"))]);
        let end = *tape.next().borrow();
        assert_eq!(end, LENGTH as u64 + 5);
        assert!(tape.read(end, 10).events.is_empty());
        assert!(tape.read(end + 100, 10).events.is_empty(), "nothing is there yet");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_woken() {
        let tape = Tape::default();
        let mut next = tape.next();
        let waits = async {
            next.changed().await.unwrap();
            *next.borrow_and_update()
        };
        let writes = async { tape.write([event("a")]) };
        assert_eq!(tokio::join!(waits, writes).0, 1);
        tape.write([]);
        assert!(!next.has_changed().unwrap(), "nothing happened");
    }
}
