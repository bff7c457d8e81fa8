//! After a restart, or an upgrade: what was remembered goes on, and what nobody watches any more is closed.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Engine;
use crate::{Alert, AlertKey, AlertState, Health, Held, IncidentId};

/// What is said of an incident of which nothing is left.
const UNWATCHED: &str = "closed because the configuration no longer watches it";

impl Engine {
    /// What an earlier version remembered: incidents of one target, whose alerts do not know them.
    pub(super) fn upgrade(&mut self) {
        for incident in self.incidents.values_mut().filter(|i| i.targets.is_empty()) {
            incident.targets.insert(incident.target.clone());
            self.dirty.incidents.insert(incident.id.clone());
            for alert in self.alerts.values_mut() {
                let stray =
                    alert.incident.is_none() && alert.held.is_none() && alert.state == AlertState::Firing;
                if stray && alert.key.series.target == incident.target {
                    alert.incident = Some(incident.id.clone());
                    alert.fired_at.get_or_insert(incident.opened_at);
                    self.dirty.alerts.insert(alert.key.clone());
                }
            }
        }
    }

    /// Fills everything that can be looked up.
    pub(super) fn look_up(&mut self) {
        for alert in self.alerts.values() {
            self.index.put(alert);
            let Some(id) = alert.incident.as_ref().filter(|_| alert.state == AlertState::Firing) else {
                continue;
            };
            let Some(incident) = self.incidents.get(id) else { continue };
            self.members.entry(id.clone()).or_default().insert(alert.key.clone());
            if incident.storm {
                self.index.join_storm(id, alert.fired_at.unwrap_or(incident.opened_at));
            }
        }
        let members = self.members.values().flatten();
        let targets: BTreeSet<String> = members.map(|key| key.series.target.clone()).collect();
        targets.iter().for_each(|target| self.cover(target));
        for incident in self.incidents.values().filter(|i| i.storm) {
            self.index.join_storm(&incident.id, incident.opened_at);
            for at in incident.alerts.values().filter_map(|a| a.fired_at) {
                self.index.join_storm(&incident.id, at);
            }
        }
    }

    /// Alerts of rules and series that are still there go on, the others are closed.
    pub(super) fn resume(&mut self, now: Timestamp) {
        let mut gone = Vec::new();
        let alerts: Vec<Alert> = self.alerts.values().cloned().collect();
        for alert in &alerts {
            let rule = self.plan.rules.iter().position(|r| r.name == alert.key.rule);
            let of = |r: &usize| self.plan.rules.get(*r).is_some_and(|r| r.of.matches(&alert.key.series));
            // In an earlier version a first failure was pending; now the judge knows, and has seen it again.
            let old = alert.state == AlertState::Pending && alert.says.is_empty();
            match rule.filter(of).filter(|_| self.knows(&alert.key.series) && !old) {
                None => gone.push(alert.key.clone()),
                Some(rule) => self.go_on(alert, rule, now),
            }
        }
        for key in gone {
            self.withdraw(&key, now);
        }
        self.close_empty(now);
        self.reconsider(now);
        let upgraded: Vec<_> = self.dirty.incidents.iter().cloned().collect();
        for id in upgraded {
            self.catch_up(&id, now);
        }
    }

    /// The judges of an alert know how it stood.
    fn go_on(&mut self, alert: &Alert, rule: usize, now: Timestamp) {
        if alert.state == AlertState::Calm {
            return;
        }
        let holds = alert.clear_since.is_none() || alert.state == AlertState::Pending;
        let together = alert.key.series.location.is_empty();
        let planned = matches!(alert.held, Some(Held::Maintenance(_)));
        if together && holds {
            self.restore_votes(alert, now);
        }
        let voters: BTreeSet<String> = self
            .series_of(&alert.key.series.target)
            .map(|(series, _)| series.location.clone())
            .filter(|location| !together || self.votes_for(&alert.key, location))
            .collect();
        for (series, seen) in self.judged(&alert.key.series) {
            seen.active += 1;
            seen.planned |= planned;
            if !voters.contains(&series.location) {
                continue;
            }
            seen.health.get_or_insert(Health::Bad);
            for row in seen.rows.iter_mut().filter(|row| holds && row.rule == rule) {
                row.judge.resume(alert.since, alert.failures);
            }
        }
    }

    /// The configuration no longer watches what an alert is about.
    fn withdraw(&mut self, key: &AlertKey, now: Timestamp) {
        let id = self.alerts.get(key).and_then(|a| a.incident.clone());
        self.alter(key, |alert| alert.fired_lately.clear());
        if let Some(id) = id.filter(|id| self.members.get(id).is_some_and(|m| m.len() == 1)) {
            self.resolve(&id, Some(UNWATCHED), now);
        }
        self.end(key, now);
    }

    /// Incidents without any alert would never end.
    fn close_empty(&mut self, now: Timestamp) {
        let empty = self.incidents.keys().filter(|id| self.members.get(*id).is_none_or(BTreeSet::is_empty));
        let empty: Vec<_> = empty.cloned().collect();
        for id in empty {
            self.resolve(&id, Some(UNWATCHED), now);
        }
    }

    /// Alerts whose reason to be held is gone meanwhile: the next look at each decides.
    fn reconsider(&mut self, now: Timestamp) {
        let freed = self.alerts.values().filter(|a| a.state == AlertState::Firing);
        let freed = freed.filter(|a| a.held.as_ref().is_some_and(|held| !self.still(a, held)));
        let keys: Vec<_> = freed.map(|a| a.key.clone()).collect();
        for key in keys {
            self.alter(&key, |alert| alert.held = Some(Held::NextLook));
        }
        self.after_work(now);
    }

    fn still(&self, alert: &Alert, held: &Held) -> bool {
        match held {
            Held::Silence(id) => self.silences.contains_key(id),
            // Its series know.
            Held::Maintenance(_) => true,
            Held::Parent(parent) => {
                self.plan.ancestors(&alert.key.series.target).contains(parent)
                    && (self.in_trouble(parent) || self.suspect(parent))
            }
            Held::Ourselves(_) => self.our_fault(alert).is_some(),
            Held::NextLook => true,
        }
    }

    /// An incident of an earlier version: who was told of it was not kept, and nobody is reminded of it yet.
    fn catch_up(&mut self, id: &IncidentId, now: Timestamp) {
        let about = self.about(id);
        let Some(incident) = self.incidents.get_mut(id) else { return };
        if incident.notifications > 0 && incident.told.is_empty() {
            let audience = self.plan.policy.audience(&about, incident.severity, 0, now);
            incident.told.extend(audience.ears.into_iter().map(|ear| ear.channel));
        }
        if incident.reminder_due.is_none() {
            self.set_reminders(id, now);
        }
    }
}
