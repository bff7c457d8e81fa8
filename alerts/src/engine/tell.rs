//! What is owed to people, and to whom.

use jiff::Timestamp;

use super::trouble::{list, note};
use super::{Change, Engine, OURSELVES};
use crate::{
    Alert, AlertState, Ear, Facts, Failing, Health, Held, Hushed, IncidentId, Notification, NotificationId,
    NotificationKind as Kind, SeriesId,
};

/// Failing series, working probes and hushed targets that a notification lists.
const LISTED: usize = 50;

impl Engine {
    /// Owes a notification of an incident, unless all of it is silenced: what was told is always told to be over.
    pub(super) fn tell(&mut self, id: &IncidentId, kind: Kind, words: Option<&str>, now: Timestamp) {
        self.dirty.incidents.insert(id.clone());
        self.refresh(id);
        if kind != Kind::Resolved
            && kind != Kind::Acknowledged
            && let Some(why) = self.hushed(id, now)
        {
            if let Some(incident) = self.incidents.get_mut(id) {
                note(incident, now, None, format!("{} not told: {why}", kind.as_str()));
            }
            self.set_reminders(id, now);
            return;
        }
        let facts = self.facts(id, kind, words);
        let (ears, people) = self.ears(id, kind, now);
        let Some(incident) = self.incidents.get_mut(id) else { return };
        incident.notifications += 1;
        incident.told.extend(ears.iter().map(|e| e.channel.clone()));
        let to: Vec<_> = ears.iter().map(|e| e.channel.as_str()).collect();
        let told = if to.is_empty() { "nobody".to_owned() } else { to.join(", ") };
        note(incident, now, None, format!("{} told to {told}", kind.as_str()));
        let notification = Notification {
            id: NotificationId(format!("{}/{}", incident.id, incident.notifications)),
            incident: incident.id.clone(),
            kind,
            severity: incident.severity,
            at: now,
            to: ears,
            facts: Facts { people, ..facts },
        };
        self.dirty.out.push(Change::Notify(notification));
        if kind != Kind::Resolved {
            self.set_reminders(id, now);
        }
    }

    /// Who hears of it: those whom it concerns now, and those who heard of it before.
    fn ears(&self, id: &IncidentId, kind: Kind, now: Timestamp) -> (Vec<Ear>, Vec<String>) {
        let Some(incident) = self.incidents.get(id) else { return Default::default() };
        let about = self.about(id);
        let mut ears: Vec<Ear> = Vec::new();
        let mut people = Vec::new();
        if !matches!(kind, Kind::Resolved | Kind::Acknowledged) {
            for step in 0..=incident.steps {
                let audience = self.plan.policy.audience(&about, incident.severity, step, now);
                ears.extend(audience.ears);
                people.extend(audience.people);
            }
        }
        // Once it was told, quiet hours are over for it.
        ears.extend(incident.told.iter().map(Ear::now));
        ears.sort();
        ears.dedup_by(|b, a| a.channel == b.channel);
        people.sort();
        people.dedup();
        (ears, people)
    }

    /// The series an incident is about.
    pub(super) fn about(&self, id: &IncidentId) -> Vec<SeriesId> {
        let firing = self.members.get(id).into_iter().flatten().map(|k| k.series.clone());
        let mut about: Vec<_> = firing.take(LISTED * 10).collect();
        if about.is_empty()
            && let Some(incident) = self.incidents.get(id)
        {
            about.extend(incident.alerts.values().map(|a| a.key.series.clone()));
        }
        about
    }

    /// The alerts that an incident lists, as they stand now.
    fn refresh(&mut self, id: &IncidentId) {
        let Some(incident) = self.incidents.get_mut(id) else { return };
        for key in self.members.get(id).into_iter().flatten() {
            if let Some(alert) = self.alerts.get(key) {
                list_if_known(incident, alert);
            }
        }
    }

    fn facts(&self, id: &IncidentId, kind: Kind, words: Option<&str>) -> Facts {
        let Some(incident) = self.incidents.get(id) else { return Facts::bare("", Timestamp::UNIX_EPOCH) };
        let over = kind == Kind::Resolved;
        let told = |a: &&Alert| over || a.state == AlertState::Firing;
        let all = incident.alerts.values().filter(told).count();
        let failing = incident.alerts.values().filter(told).take(LISTED);
        let failing = failing.map(|a| failing_of(a, &incident.target)).collect();
        let more =
            u32::try_from(all.saturating_sub(LISTED)).unwrap_or(u32::MAX).saturating_add(incident.more);
        let targets = if over {
            incident.targets.len()
        } else {
            incident.targets.iter().filter(|t| self.by_target.get(*t) == Some(id)).count()
        };
        Facts {
            until: incident.resolved_at,
            failing,
            more,
            targets: u32::try_from(targets).unwrap_or(u32::MAX),
            hushed: self.depending(&incident.targets),
            ack: incident.ack.clone(),
            working: if incident.storm { Vec::new() } else { self.working(&incident.target) },
            note: words.map(Into::into),
            ..Facts::bare(&incident.target, incident.since)
        }
    }

    /// Targets that fail because they depend on these.
    fn depending(&self, targets: &std::collections::BTreeSet<String>) -> Vec<Hushed> {
        if targets.iter().all(|t| !self.plan.is_parent(t)) {
            return Vec::new();
        }
        let mut hushed: Vec<Hushed> = Vec::new();
        for alert in self.alerts.values() {
            let target = &alert.key.series.target;
            match &alert.held {
                Some(Held::Parent(parent))
                    if targets.contains(parent)
                        && hushed.len() < LISTED
                        && hushed.iter().all(|h| h.target != *target) =>
                {
                    hushed.push(Hushed { target: target.clone(), why: format!("depends on {parent}") });
                }
                _ => {}
            }
        }
        hushed
    }

    /// Probes of a target that were last seen to work.
    fn working(&self, target: &str) -> Vec<String> {
        if target == OURSELVES {
            return Vec::new();
        }
        let works =
            |seen: &super::Seen| matches!(seen.health, Some(Health::Good | Health::Poor)) && seen.active == 0;
        let mine = self.series.iter().filter(|(id, seen)| id.target == target && works(seen));
        let mut names: Vec<_> = mine.map(|(id, _)| id.probe.clone()).collect();
        names.dedup();
        names.truncate(LISTED);
        names
    }
}

fn list_if_known(incident: &mut crate::Incident, alert: &Alert) {
    if incident.alerts.contains_key(&super::trouble::name(&alert.key)) {
        list(incident, alert.clone());
    }
}

fn failing_of(alert: &Alert, of: &str) -> Failing {
    let target = &alert.key.series.target;
    Failing {
        probe: alert.key.series.probe.clone(),
        stage: alert.stage.clone(),
        reason: alert.reason.clone(),
        summary: alert.summary.clone(),
        since: alert.since,
        failures: alert.failures,
        says: alert.says.clone(),
        target: (target != of).then(|| target.clone()),
        evidence: alert.evidence.clone(),
    }
}
