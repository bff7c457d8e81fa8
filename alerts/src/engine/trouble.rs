//! Incidents: joined by alerts, left by them, resolved with the last.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Change, Engine};
use crate::{
    Alert, AlertKey, AlertState, Entry, Held, Incident, IncidentId, IncidentState, NotificationKind as Kind,
    Spell,
};

/// What a storm is called.
pub(super) const STORM: &str = "many targets";
/// Alerts that an incident lists.
pub(super) const LISTED: usize = 1000;
/// Entries of a timeline.
pub(super) const ENTRIES: usize = 500;

impl Engine {
    /// An alert is told as part of an incident.
    pub(super) fn join(&mut self, id: &IncidentId, key: &AlertKey, now: Timestamp) {
        self.alter(key, |alert| (alert.incident, alert.held) = (Some(id.clone()), None));
        let Some(alert) = self.alerts.get(key).cloned() else { return };
        self.dirty.targets.insert(key.series.target.clone());
        self.members.entry(id.clone()).or_default().insert(key.clone());
        self.by_target.insert(key.series.target.clone(), id.clone());
        let Some(incident) = self.incidents.get_mut(id) else { return };
        incident.severity = incident.severity.max(alert.severity);
        incident.since = incident.since.min(alert.since);
        incident.targets.insert(key.series.target.clone());
        if incident.storm {
            self.index.join_storm(id, now);
        }
        if incident.timeline.len() < ENTRIES / 2 {
            note(incident, now, None, format!("{} fires: {}", name(key), alert.says));
        }
        incident.recovered_at = incident.recovered_at.filter(|_| alert.severity < crate::Severity::Page);
        if incident.spells.len() < LISTED {
            let called = self.plan.rule(&key.rule).map_or(&key.rule, |r| &r.alert);
            let (alert_name, fired_at) = (called.clone(), alert.fired_at.unwrap_or(now));
            incident.spells.push(Spell {
                alert: alert_name,
                rule: key.rule.clone(),
                series: key.series.clone(),
                severity: alert.severity,
                fired_at,
                resolved_at: None,
            });
        }
        list(incident, alert);
        self.dirty.incidents.insert(id.clone());
    }

    /// An alert of an incident is calm again.
    pub(super) fn leave(&mut self, id: &IncidentId, alert: &Alert, now: Timestamp) {
        let Some(members) = self.members.get_mut(id) else { return };
        members.remove(&alert.key);
        let target = &alert.key.series.target;
        let (left, same) = (members.len(), self.index.firing(target).any(|key| members.contains(key)));
        self.dirty.incidents.insert(id.clone());
        let Some(incident) = self.incidents.get_mut(id) else { return };
        if let Some(mine) = incident.alerts.get_mut(&name(&alert.key)) {
            mine.state = AlertState::Calm;
            mine.at = now;
        }
        let open = |s: &&mut Spell| {
            s.rule == alert.key.rule && s.series == alert.key.series && s.resolved_at.is_none()
        };
        if let Some(spell) = incident.spells.iter_mut().rev().find(open) {
            spell.resolved_at = Some(now);
        }
        note(incident, now, None, format!("{} is well", name(&alert.key)));
        if left == 0 {
            self.resolve(id, None, now);
            return;
        }
        self.recovered(id, now);
        if !same {
            // The others go on without it.
            self.cover(target);
            self.dirty.targets.insert(target.clone());
            self.go_on_as(id, now);
        }
    }

    /// The target that an incident is named after is well, and others are not: it goes on under the name of one of them.
    pub(super) fn go_on_as(&mut self, id: &IncidentId, now: Timestamp) {
        let Some(members) = self.members.get(id) else { return };
        let Some(incident) = self.incidents.get_mut(id).filter(|i| !i.storm) else { return };
        if members.iter().any(|key| key.series.target == incident.target) {
            return;
        }
        let Some(other) = members.first().map(|key| key.series.target.clone()) else { return };
        note(
            incident,
            now,
            None,
            format!("{} is well; it goes on as the trouble of {other}", incident.target),
        );
        incident.target = other;
    }

    /// Finds out anew which open incident covers a target: of several that people keep apart, the oldest.
    pub(super) fn cover(&mut self, target: &str) {
        let firing = self.index.firing(target).filter_map(|key| self.alerts.get(key)?.incident.as_ref());
        let open = firing.filter_map(|id| self.incidents.get(id));
        match open.min_by_key(|i| (i.opened_at, &i.id)).map(|i| i.id.clone()) {
            Some(id) => self.by_target.insert(target.to_owned(), id),
            None => self.by_target.remove(target),
        };
    }

    /// The incident is over. What depends on its targets is looked at once more before anybody is told of it.
    pub(super) fn resolve(&mut self, id: &IncidentId, note: Option<&str>, now: Timestamp) {
        let Some(targets) = self.conclude(id, note, now) else { return };
        if targets.iter().any(|t| self.parents.contains(t)) {
            self.release(|held| matches!(held, Held::Parent(p) if targets.contains(p)));
        }
    }

    /// The incident ends, which is told; answers which targets were in it.
    pub(super) fn conclude(
        &mut self,
        id: &IncidentId,
        note: Option<&str>,
        now: Timestamp,
    ) -> Option<BTreeSet<String>> {
        let incident = self.incidents.get_mut(id)?;
        incident.state = IncidentState::Resolved;
        incident.resolved_at = Some(now);
        // What was given up, moved or planned away was firing until now, as far as anybody knows.
        incident.spells.iter_mut().for_each(|spell| _ = spell.resolved_at.get_or_insert(now));
        (incident.update_due, incident.reminder_due, incident.step_due) = (None, None, None);
        let told = incident.notifications > 0;
        if told {
            self.tell(id, Kind::Resolved, note, now);
        }
        let incident = self.incidents.remove(id)?;
        self.members.remove(id);
        self.index.end_storm(id);
        self.use_up(&incident, now);
        self.dirty.incidents.remove(id);
        let covered: Vec<_> =
            self.by_target.iter().filter(|(_, i)| *i == id).map(|(target, _)| target.clone()).collect();
        covered.iter().for_each(|target| self.cover(target));
        self.dirty.targets.extend(incident.targets.iter().cloned());
        let targets = incident.targets.clone();
        self.dirty.out.push(Change::Incident(incident));
        self.end_silences_with(id, now);
        Some(targets)
    }

    /// A name is not given again within the second that it says.
    fn use_up(&mut self, incident: &Incident, now: Timestamp) {
        let (second, names) = &mut self.used;
        if *second != now.as_second() {
            (*second, *names) = (now.as_second(), BTreeSet::new());
        }
        if incident.opened_at.as_second() == *second {
            names.insert(incident.id.clone());
        }
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
