//! Incidents: opened by an alert that fires, joined by others of the same target and of what depends on it, resolved
//! with the last.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Change, Engine, OURSELVES};
use crate::{
    Alert, AlertKey, AlertState, Entry, Held, Incident, IncidentId, IncidentState, NotificationKind as Kind,
};

/// How long further alerts of an open incident are gathered before people are told of them in one update.
const GATHER: SignedDuration = SignedDuration::from_secs(30);
/// How long the targets of a storm are gathered before it is told.
const GATHER_STORM: SignedDuration = SignedDuration::from_secs(12);
/// How long a storm gathers for an update.
const STORM_UPDATE: SignedDuration = SignedDuration::from_mins(5);
/// When this many incidents were opened within [`STORM_WINDOW`], what follows becomes one incident.
const STORM_AFTER: usize = 2;
const STORM_WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// What a storm is called.
const STORM: &str = "many targets";
/// Alerts that an incident lists.
const LISTED: usize = 1000;
/// Entries of a timeline.
const ENTRIES: usize = 500;

impl Engine {
    /// A firing alert wants to be told: it is held back, joins an incident, or opens one.
    pub(super) fn raise(&mut self, key: &AlertKey, note: Option<&str>, now: Timestamp) {
        let Some(alert) = self.alerts.get(key).filter(|a| a.incident.is_none()) else { return };
        if let Some(held) = self.held(alert, now) {
            self.hold(key, held, now);
            return;
        }
        let target = key.series.target.clone();
        let severity = alert.severity;
        if let Some(alert) = self.alerts.get_mut(key) {
            alert.held = None;
        }
        self.dirty.alerts.insert(key.clone());
        let id = match self.by_target.get(&target).cloned().or_else(|| self.below(&target, now)) {
            Some(id) => id,
            None => return self.open_for(key, note, now),
        };
        let louder = self.incidents.get(&id).is_some_and(|i| severity > i.severity);
        self.join(&id, key, now);
        let acked = self.incidents.get(&id).is_some_and(|i| i.ack.is_some());
        if acked {
            self.cause_changed(key, now);
        } else if louder || note.is_some() {
            self.tell(&id, Kind::Update, note, now);
        } else if let Some(incident) = self.incidents.get_mut(&id) {
            let wait = if incident.storm { STORM_UPDATE } else { GATHER };
            incident.update_due.get_or_insert(now + wait);
        }
    }

    /// Opens an incident, or adds to a storm.
    fn open_for(&mut self, key: &AlertKey, note: Option<&str>, now: Timestamp) {
        let young = |i: &&Incident| now.duration_since(i.opened_at) < STORM_WINDOW && i.target != OURSELVES;
        let young: Vec<&Incident> = self.incidents.values().filter(young).collect();
        let storm = young.iter().find(|i| i.storm).map(|i| i.id.clone());
        let storms = key.series.target != OURSELVES && (storm.is_some() || young.len() >= STORM_AFTER);
        if let Some(id) = storm.filter(|_| storms) {
            self.join(&id, key, now);
            if let Some(incident) = self.incidents.get_mut(&id) {
                let wait = if incident.notifications == 0 { GATHER_STORM } else { STORM_UPDATE };
                incident.update_due.get_or_insert(now + wait);
            }
            return;
        }
        let Some(alert) = self.alerts.get(key) else { return };
        let target = if storms { STORM.to_owned() } else { key.series.target.clone() };
        let incident = Incident {
            id: self.incident_id(&target, alert.since),
            target,
            targets: BTreeSet::new(),
            storm: storms,
            state: IncidentState::Open,
            severity: alert.severity,
            since: alert.since,
            opened_at: now,
            resolved_at: None,
            alerts: BTreeMap::new(),
            more: 0,
            notifications: 0,
            told: BTreeSet::new(),
            update_due: storms.then(|| now + GATHER_STORM),
            ack: None,
            ack_causes: BTreeSet::new(),
            assignee: None,
            reminder_due: None,
            reminders: 0,
            steps: 0,
            step_due: None,
            label: None,
            timeline: Vec::new(),
        };
        let id = incident.id.clone();
        self.incidents.insert(id.clone(), incident);
        self.join(&id, key, now);
        if !storms {
            self.tell(&id, Kind::Opened, note, now);
        }
    }

    fn join(&mut self, id: &IncidentId, key: &AlertKey, now: Timestamp) {
        let Some(alert) = self.alerts.get_mut(key) else { return };
        alert.incident = Some(id.clone());
        let alert = alert.clone();
        self.dirty.targets.insert(key.series.target.clone());
        self.members.entry(id.clone()).or_default().insert(key.clone());
        self.by_target.insert(key.series.target.clone(), id.clone());
        let Some(incident) = self.incidents.get_mut(id) else { return };
        incident.severity = incident.severity.max(alert.severity);
        incident.since = incident.since.min(alert.since);
        incident.targets.insert(key.series.target.clone());
        if incident.timeline.len() < LISTED / 2 {
            note(incident, now, None, format!("{} fires: {}", name(key), alert.says));
        }
        list(incident, alert);
        self.dirty.incidents.insert(id.clone());
    }

    /// An alert of an incident is calm again.
    pub(super) fn leave(&mut self, id: &IncidentId, alert: &Alert, now: Timestamp) {
        let Some(members) = self.members.get_mut(id) else { return };
        members.remove(&alert.key);
        let (left, same) =
            (members.len(), members.iter().any(|k| k.series.target == alert.key.series.target));
        self.dirty.incidents.insert(id.clone());
        let Some(incident) = self.incidents.get_mut(id) else { return };
        if let Some(mine) = incident.alerts.get_mut(&name(&alert.key)) {
            mine.state = AlertState::Calm;
            mine.at = now;
        }
        note(incident, now, None, format!("{} is well", name(&alert.key)));
        if left == 0 {
            self.resolve(id, None, now);
        } else if !same && self.incidents.get(id).is_some_and(|i| i.storm) {
            // The others of a storm go on without it.
            self.by_target.remove(&alert.key.series.target);
            self.dirty.targets.insert(alert.key.series.target.clone());
        }
    }

    /// The incident is over. What depends on its targets is looked at once more before anybody is told of it.
    pub(super) fn resolve(&mut self, id: &IncidentId, note: Option<&str>, now: Timestamp) {
        let Some(incident) = self.incidents.get_mut(id) else { return };
        incident.state = IncidentState::Resolved;
        incident.resolved_at = Some(now);
        (incident.update_due, incident.reminder_due, incident.step_due) = (None, None, None);
        let told = incident.notifications > 0;
        if told {
            self.tell(id, Kind::Resolved, note, now);
        }
        let Some(incident) = self.incidents.remove(id) else { return };
        self.members.remove(id);
        self.dirty.incidents.remove(id);
        self.by_target.retain(|_, i| i != id);
        self.dirty.targets.extend(incident.targets.iter().cloned());
        let targets = incident.targets.clone();
        self.dirty.out.push(Change::Incident(incident));
        self.end_silences_with(id, now);
        for target in targets {
            self.release(|held| *held == Held::Parent(target.clone()));
        }
    }

    /// The configuration no longer watches what an alert is about.
    pub(super) fn withdraw(&mut self, key: &AlertKey, now: Timestamp) {
        let id = self.alerts.get(key).and_then(|a| a.incident.clone());
        if let Some(alert) = self.alerts.get_mut(key) {
            alert.fired_lately.clear();
        }
        if let Some(id) = id.filter(|id| self.members.get(id).is_some_and(|m| m.len() == 1)) {
            let words = "closed because the configuration no longer watches it";
            self.resolve(&id, Some(words), now);
        }
        self.end(key, now);
    }

    /// An open incident of something that depends on this target: it was a symptom, and goes on under the name of the
    /// cause. If there are several, the oldest goes on and the others end in it.
    fn below(&mut self, target: &str, now: Timestamp) -> Option<IncidentId> {
        if !self.plan.is_parent(target) {
            return None;
        }
        let depends = |i: &&Incident| !i.storm && self.plan.ancestors(&i.target).contains(target);
        let mut found: Vec<_> =
            self.incidents.values().filter(depends).map(|i| (i.opened_at, i.id.clone())).collect();
        found.sort();
        let mut found = found.into_iter().map(|(_, id)| id);
        let oldest = found.next()?;
        for id in found {
            let words = format!("goes on as incident {oldest}: it depends on {target}, which is in trouble");
            self.give_back(&id, target);
            self.resolve(&id, Some(&words), now);
        }
        self.give_back(&oldest, target);
        if let Some(incident) = self.incidents.get_mut(&oldest) {
            note(incident, now, None, format!("{target}, on which it depends, is in trouble as well"));
            incident.target = target.to_owned();
        }
        Some(oldest)
    }

    /// The alerts of an incident wait for the target on which they depend.
    fn give_back(&mut self, id: &IncidentId, parent: &str) {
        let members = self.members.get_mut(id).map(std::mem::take).unwrap_or_default();
        for key in members {
            if let Some(alert) = self.alerts.get_mut(&key) {
                (alert.incident, alert.held) = (None, Some(Held::Parent(parent.to_owned())));
                self.by_target.remove(&key.series.target);
                self.dirty.alerts.insert(key.clone());
            }
        }
    }

    /// The name of an incident: target and moment, readable in a chat, the same in a replay.
    fn incident_id(&self, target: &str, since: Timestamp) -> IncidentId {
        let name = format!("{}-{}", target.replace(' ', "-"), since.strftime("%Y%m%dT%H%M%SZ"));
        let taken = |id: &IncidentId| self.incidents.contains_key(id);
        let mut ids = std::iter::once(IncidentId(name.clone()))
            .chain((2u32..).map(|n| IncidentId(format!("{name}-{n}"))));
        ids.find(|id| !taken(id)).unwrap_or(IncidentId(name))
    }

    /// An alert of an incident that somebody has acknowledged fails in another way: quiet no more.
    pub(super) fn cause_changed(&mut self, key: &AlertKey, now: Timestamp) {
        let Some(alert) = self.alerts.get(key) else { return };
        let Some(id) = alert.incident.clone() else { return };
        let cause = cause(alert);
        let Some(incident) = self.incidents.get_mut(&id) else { return };
        if incident.ack.is_none() || incident.ack_causes.contains(&cause) {
            return;
        }
        let by = incident.ack.take().map(|a| a.by).unwrap_or_default();
        let words = format!("this is not what {by} acknowledged: {cause}");
        note(incident, now, None, words.clone());
        self.tell(&id, Kind::Update, Some(&words), now);
    }
}

/// What fails how, in short.
pub(super) fn cause(alert: &Alert) -> String {
    let reason = alert.reason.as_deref().unwrap_or("fails");
    format!("{} {reason}", alert.key.series)
}

/// Writes a line into the timeline.
pub(super) fn note(incident: &mut Incident, at: Timestamp, by: Option<&str>, what: String) {
    if incident.timeline.len() >= ENTRIES {
        // The beginning tells more than the middle.
        incident.timeline.remove(ENTRIES / 2);
    }
    incident.timeline.push(Entry { at, by: by.map(Into::into), what });
}

/// Lists an alert of an incident, as it stands.
pub(super) fn list(incident: &mut Incident, alert: Alert) {
    let name = name(&alert.key);
    if incident.alerts.len() >= LISTED && !incident.alerts.contains_key(&name) {
        incident.more = incident.more.saturating_add(1);
    } else {
        incident.alerts.insert(name, alert);
    }
}

pub(super) fn name(key: &AlertKey) -> String {
    let from = &key.series.location;
    if from.is_empty() {
        format!("{} over {}", key.rule, key.series)
    } else {
        format!("{} over {} from {from}", key.rule, key.series)
    }
}
