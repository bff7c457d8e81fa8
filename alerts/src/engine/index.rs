//! Shortcuts by target and by time, so that ten thousand firing alerts cost no more than they must.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Engine, Seen};
use crate::incident::FLAP_WINDOW;
use crate::{Alert, AlertKey, AlertState, Held, IncidentId, SeriesId};

/// How long an alert waits for a target that was only seen to fail, and does not fire: then it is told by itself.
pub(super) const SUSPECT_FOR: SignedDuration = SignedDuration::from_mins(5);

/// What can be looked up without walking all alerts.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Firing alerts, told or held, by target.
    firing: BTreeMap<String, BTreeSet<AlertKey>>,
    /// When calm alerts are forgotten.
    fading: BTreeSet<(Timestamp, AlertKey)>,
    /// When alerts have waited long enough for a parent that is only suspected.
    waiting: BTreeSet<(Timestamp, AlertKey)>,
    /// When a storm was joined last.
    storms: BTreeMap<IncidentId, Timestamp>,
}

impl Index {
    /// Takes note of how an alert stands.
    pub(super) fn put(&mut self, alert: &Alert) {
        match alert.state {
            AlertState::Firing => {
                self.firing.entry(alert.key.series.target.clone()).or_default().insert(alert.key.clone());
                if matches!(alert.held, Some(Held::Parent(_)))
                    && let Some(at) = alert.fired_at
                {
                    self.waiting.insert((at + SUSPECT_FOR, alert.key.clone()));
                }
            }
            AlertState::Calm => {
                if let Some(at) = faded(alert) {
                    self.fading.insert((at, alert.key.clone()));
                }
            }
            AlertState::Pending => {}
        }
    }

    /// Forgets how an alert stood; to be called before it changes.
    pub(super) fn drop(&mut self, alert: &Alert) {
        let target = &alert.key.series.target;
        if let Some(keys) = self.firing.get_mut(target)
            && keys.remove(&alert.key)
            && keys.is_empty()
        {
            self.firing.remove(target);
        }
        if let Some(at) = faded(alert) {
            self.fading.remove(&(at, alert.key.clone()));
        }
        if let Some(at) = alert.fired_at {
            self.waiting.remove(&(at + SUSPECT_FOR, alert.key.clone()));
        }
    }

    /// Firing alerts of a target, told or held.
    pub(super) fn firing(&self, target: &str) -> impl Iterator<Item = &AlertKey> {
        self.firing.get(target).into_iter().flatten()
    }

    /// The next calm alert to forget, if its time has come.
    pub(super) fn take_faded(&mut self, now: Timestamp) -> Option<AlertKey> {
        self.fading.first().filter(|(at, _)| *at <= now)?;
        self.fading.pop_first().map(|(_, key)| key)
    }

    /// The next alert that has waited long enough for a parent.
    pub(super) fn take_waiting(&mut self, now: Timestamp) -> Option<AlertKey> {
        self.waiting.first().filter(|(at, _)| *at <= now)?;
        self.waiting.pop_first().map(|(_, key)| key)
    }

    /// When one of these is next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let first = |all: &BTreeSet<(Timestamp, AlertKey)>| all.first().map(|(at, _)| *at);
        first(&self.fading).into_iter().chain(first(&self.waiting)).min()
    }

    /// A storm is joined.
    pub(super) fn join_storm(&mut self, id: &IncidentId, at: Timestamp) {
        let last = self.storms.entry(id.clone()).or_insert(at);
        *last = at.max(*last);
    }

    pub(super) fn end_storm(&mut self, id: &IncidentId) {
        self.storms.remove(id);
    }

    /// When a storm was joined last.
    pub(super) fn joined_storm(&self, id: &IncidentId) -> Option<Timestamp> {
        self.storms.get(id).copied()
    }
}

fn faded(alert: &Alert) -> Option<Timestamp> {
    let calm = alert.state == AlertState::Calm;
    alert.fired_lately.last().filter(|_| calm).map(|at| *at + FLAP_WINDOW)
}

impl Engine {
    /// The series of a target.
    pub(super) fn series_of(&self, target: &str) -> impl Iterator<Item = (&Arc<SeriesId>, &Seen)> {
        let all = self.series.range::<SeriesId, _>(first_of(target, "")..);
        all.take_while(move |(series, _)| series.target == target)
    }

    /// The series that an alert judges: one, or one a location where there is a quorum.
    pub(super) fn judged<'a>(
        &'a mut self,
        of: &'a SeriesId,
    ) -> impl Iterator<Item = (&'a Arc<SeriesId>, &'a mut Seen)> {
        let all = self.series.range_mut::<SeriesId, _>(first_of(&of.target, &of.probe)..);
        all.take_while(|(series, _)| series.target == of.target && series.probe == of.probe)
            .filter(|(series, _)| of.location.is_empty() || series.location == of.location)
    }

    /// Whether a series is configured; a quorum's series has no location of its own.
    pub(super) fn knows(&self, series: &SeriesId) -> bool {
        let same = |other: &SeriesId| other.target == series.target && other.probe == series.probe;
        let first = self.every.range(first_of(&series.target, &series.probe)..).next();
        series.target == super::OURSELVES
            || self.every.contains_key(series)
            || series.location.is_empty() && first.is_some_and(|(other, _)| same(other))
    }
}

fn first_of(target: &str, probe: &str) -> SeriesId {
    SeriesId { target: target.into(), probe: probe.into(), location: String::new() }
}
