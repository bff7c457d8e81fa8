//! Incidents: opened by the first alert of a target, joined by the others, resolved with the last.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Change, Engine, GATHER};
use crate::{
    Alert, AlertState, Facts, Failing, Health, Incident, IncidentId, IncidentState, Notification,
    NotificationId, NotificationKind,
};

impl Engine {
    /// An alert has begun to fire.
    pub(super) fn fire(&mut self, alert: &Alert, now: Timestamp, changes: &mut Vec<Change>) {
        let target = &alert.key.series.target;
        match self.incidents.get_mut(target) {
            None => {
                let incident = Incident {
                    id: incident_id(target, alert.since),
                    target: target.clone(),
                    state: IncidentState::Open,
                    severity: alert.severity,
                    since: alert.since,
                    opened_at: now,
                    resolved_at: None,
                    alerts: BTreeMap::from([(name(alert), alert.clone())]),
                    notifications: 0,
                    update_due: None,
                };
                self.incidents.insert(target.clone(), incident);
                self.tell(target, NotificationKind::Opened, now, None, changes);
            }
            Some(incident) => {
                incident.alerts.insert(name(alert), alert.clone());
                incident.severity = incident.severity.max(alert.severity);
                incident.since = incident.since.min(alert.since);
                incident.update_due.get_or_insert(now + GATHER);
                changes.push(Change::Incident(incident.clone()));
            }
        }
    }

    /// An alert has stopped firing.
    pub(super) fn calm(
        &mut self,
        alert: &Alert,
        now: Timestamp,
        note: Option<&str>,
        changes: &mut Vec<Change>,
    ) {
        let target = &alert.key.series.target;
        let Some(incident) = self.incidents.get_mut(target) else { return };
        if let Some(mine) = incident.alerts.get_mut(&name(alert)) {
            mine.state = AlertState::Calm;
            mine.at = now;
        }
        if incident.alerts.values().any(|a| a.state == AlertState::Firing) {
            changes.push(Change::Incident(incident.clone()));
            return;
        }
        incident.state = IncidentState::Resolved;
        incident.resolved_at = Some(now);
        incident.update_due = None;
        self.tell(target, NotificationKind::Resolved, now, note, changes);
        self.incidents.remove(target);
    }

    /// Tells of what joined since the last notification.
    pub(super) fn tell_update(&mut self, target: &str, now: Timestamp, changes: &mut Vec<Change>) {
        if let Some(incident) = self.incidents.get_mut(target) {
            incident.update_due = None;
        }
        self.tell(target, NotificationKind::Update, now, None, changes);
    }

    fn tell(
        &mut self,
        target: &str,
        kind: NotificationKind,
        now: Timestamp,
        note: Option<&str>,
        changes: &mut Vec<Change>,
    ) {
        let working = self.working(target);
        let Some(incident) = self.incidents.get_mut(target) else { return };
        for alert in incident.alerts.values_mut().filter(|a| a.state == AlertState::Firing) {
            // The engine's own copy is fresher than the one that opened the incident.
            if let Some(now_known) = self
                .series
                .get(&alert.key.series)
                .and_then(|s| s.alerts.values().find(|a| a.key.rule == alert.key.rule))
            {
                alert.clone_from(now_known);
            }
        }
        incident.notifications += 1;
        let over = kind == NotificationKind::Resolved;
        let told = |a: &&Alert| over || a.state == AlertState::Firing;
        let facts = Facts {
            target: target.to_owned(),
            since: incident.since,
            until: incident.resolved_at,
            failing: incident.alerts.values().filter(told).map(failing).collect(),
            working,
            strips: Vec::new(),
            note: note.map(Into::into),
            link: None,
        };
        let notification = Notification {
            id: NotificationId(format!("{}/{}", incident.id, incident.notifications)),
            incident: incident.id.clone(),
            kind,
            severity: incident.severity,
            at: now,
            facts,
        };
        changes.push(Change::Incident(incident.clone()));
        changes.push(Change::Notify(notification));
    }

    /// Probes of a target that were last seen to work.
    fn working(&self, target: &str) -> Vec<String> {
        self.series
            .iter()
            .filter(|(id, seen)| {
                id.target == target
                    && matches!(seen.health, Some(Health::Good | Health::Poor))
                    && seen.alerts.is_empty()
            })
            .map(|(id, _)| id.probe.clone())
            .collect()
    }
}

fn name(alert: &Alert) -> String {
    format!("{} over {} from {}", alert.key.rule, alert.key.series, alert.key.series.location)
}

/// The name of an incident: target and moment, readable in a chat, the same in a replay. A second suffices: an
/// incident lasts at least four runs.
fn incident_id(target: &str, since: Timestamp) -> IncidentId {
    IncidentId(format!("{target}-{}", since.strftime("%Y%m%dT%H%M%SZ")))
}

fn failing(alert: &Alert) -> Failing {
    Failing {
        probe: alert.key.series.probe.clone(),
        stage: alert.stage.clone(),
        reason: alert.reason.clone(),
        summary: alert.summary.clone(),
        since: alert.since,
        failures: alert.failures,
        evidence: alert.evidence.clone(),
    }
}
