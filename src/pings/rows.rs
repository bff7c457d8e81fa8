//! One of those who may tell us something: how it stands, behind a lock.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::{Outcome, Passive};

use super::alerts::Book;
use super::calendar::Calendar;
use super::heartbeat::{Beat, Found, Word};
use super::limit::Limit;
use super::told::Alert;
use crate::config::ProbeConfig;
use crate::observation::{Observation, ProbeId};
use crate::scheduler::Timetable;

/// Who tells, and what is known of it.
pub(super) struct Row {
    pub(super) id: ProbeId,
    pub(super) kind: Kind,
    /// How often its key may be used.
    pub(super) limit: Limit,
    /// What is on record of it was read.
    pub(super) learned: AtomicBool,
    /// Held while something is being written down.
    pub(super) turn: tokio::sync::Mutex<()>,
}

pub(super) enum Kind {
    Heartbeat(Mutex<Beat>),
    Alerts(Mutex<Book>),
}

/// What is known of one of those who tell us something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A job.
    Heartbeat {
        /// When it was last heard of.
        heard: Option<Timestamp>,
        /// When it is expected next.
        expected: Option<Timestamp>,
        /// How late it may be.
        grace: Duration,
        /// Since when it has been running, if it said so.
        running_since: Option<Timestamp>,
    },
    /// Alerts.
    Alerts {
        /// When something was last heard, since we listen.
        heard: Option<Timestamp>,
        /// How many fire.
        firing: usize,
        /// The alert that always fires, and when it was last heard.
        watchdog: Option<(String, Option<Timestamp>)>,
    },
}

impl Row {
    pub(super) fn new(probe: &ProbeConfig, passive: Passive, now: Timestamp) -> Self {
        let kind = match passive {
            Passive::Heartbeat(terms) => {
                let calendar = Calendar::new(probe.schedule.clone(), now);
                Kind::Heartbeat(Mutex::new(Beat::new(&terms, calendar, now)))
            }
            Passive::Alertmanager(terms) => {
                let timetable = Timetable::new(probe.schedule.clone(), &probe.id);
                Kind::Alerts(Mutex::new(Book::new(terms, timetable, now)))
            }
        };
        Self {
            id: probe.id.clone(),
            kind,
            limit: Limit::default(),
            learned: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in what is on record, oldest first.
    pub(super) fn saw<'a>(&self, seen: impl IntoIterator<Item = &'a Observation>) {
        for one in seen {
            match &self.kind {
                Kind::Heartbeat(beat) => locked(beat).saw(one),
                Kind::Alerts(book) => locked(book).saw(one),
            }
        }
    }

    /// Takes in what is on record and may have been told to somebody else, oldest first.
    pub(super) fn learn<'a>(&self, seen: impl IntoIterator<Item = &'a Observation>) {
        for one in seen {
            match &self.kind {
                Kind::Heartbeat(beat) => locked(beat).saw(one),
                Kind::Alerts(book) => locked(book).learn(one),
            }
        }
    }

    /// The newest slot that is known.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        match &self.kind {
            Kind::Heartbeat(beat) => locked(beat).newest,
            Kind::Alerts(book) => locked(book).newest,
        }
    }

    /// From now on we listen.
    pub(super) fn forgive(&self, now: Timestamp) {
        match &self.kind {
            Kind::Heartbeat(beat) => locked(beat).forgive(now),
            Kind::Alerts(book) => locked(book).forgive(now),
        }
    }

    /// What a ping becomes.
    pub(super) fn would(
        &self,
        word: Word,
        rid: Option<&str>,
        lines: Vec<String>,
        now: Timestamp,
    ) -> Vec<Found> {
        match &self.kind {
            Kind::Heartbeat(beat) => locked(beat).would(word, rid, lines, now),
            Kind::Alerts(_) => Vec::new(),
        }
    }

    /// What alerts that were told become, and how it stands when that is written down.
    pub(super) fn told(&self, told: &[Alert], now: Timestamp) -> (Vec<Found>, Option<Book>) {
        match &self.kind {
            Kind::Heartbeat(_) => (Vec::new(), None),
            Kind::Alerts(book) => {
                let (found, later) = locked(book).told(told, now);
                (found.into_iter().collect(), Some(later))
            }
        }
    }

    pub(super) fn become_so(&self, later: Option<Book>) {
        if let (Kind::Alerts(book), Some(later)) = (&self.kind, later) {
            locked(book).become_so(later);
        }
    }

    /// What is to be said now by ourselves.
    pub(super) fn due(&self, now: Timestamp) -> Option<Found> {
        match &self.kind {
            Kind::Heartbeat(beat) => locked(beat).due(now),
            Kind::Alerts(book) => locked(book).due(now),
        }
    }

    /// When there may be something to say next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        match &self.kind {
            Kind::Heartbeat(beat) => locked(beat).next(),
            Kind::Alerts(book) => locked(book).next(),
        }
    }

    pub(super) fn seen(&self, location: &Arc<str>, (slot, outcome): (Timestamp, Outcome)) -> Observation {
        Observation {
            probe: self.id.clone(),
            location: Arc::clone(location),
            slot,
            lag: Duration::ZERO,
            confirms: false,
            outcome,
        }
    }

    pub(super) fn standing(&self) -> Standing {
        match &self.kind {
            Kind::Heartbeat(beat) => {
                let beat = locked(beat);
                Standing::Heartbeat {
                    heard: beat.heard,
                    expected: beat.expected(),
                    grace: beat.grace(),
                    running_since: beat.running_since(),
                }
            }
            Kind::Alerts(book) => locked(book).standing(),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
