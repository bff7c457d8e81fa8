//! From samples to changes: pure, without clock or IO. Time comes in with every call.
//!
//! # Why
//! Every decision is a table test, and a whole outage replays in no time. The recorder owns the one engine and writes
//! all changes of a call in one transaction.

mod judge;
mod trouble;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Alert, Health, Incident, Notification, Rule, Sample, SeriesId};

/// How long further alerts of an open incident are gathered before people are told of them in one update.
const GATHER: SignedDuration = SignedDuration::from_secs(30);

/// What must be kept or told.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An alert stands differently (a calm one may be forgotten).
    Alert(Alert),
    /// An incident stands differently.
    Incident(Incident),
    /// Somebody is to be told.
    Notify(Notification),
}

/// What the engine knows that must survive a restart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Alerts that are not calm.
    pub alerts: Vec<Alert>,
    /// Incidents that are open.
    pub incidents: Vec<Incident>,
}

/// What is known of one series.
#[derive(Debug, Default)]
struct Seen {
    health: Option<Health>,
    /// Not calm ones, by the index of their rule.
    alerts: BTreeMap<usize, Alert>,
}

/// Judges series, opens and resolves incidents.
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Rule>,
    series: BTreeMap<Arc<SeriesId>, Seen>,
    /// Open incidents by target.
    incidents: BTreeMap<String, Incident>,
    /// Alerts of the memory that nobody judges any more.
    withdrawn: Vec<Alert>,
}

impl Engine {
    /// An engine that goes on where `memory` ends. `known` are the series that are configured now.
    pub fn new(rules: Vec<Rule>, memory: Memory, known: impl IntoIterator<Item = SeriesId>) -> Self {
        let known: BTreeSet<SeriesId> = known.into_iter().collect();
        let mut engine =
            Self { rules, series: BTreeMap::new(), incidents: BTreeMap::new(), withdrawn: Vec::new() };
        for incident in memory.incidents {
            engine.incidents.insert(incident.target.clone(), incident);
        }
        for alert in memory.alerts {
            let rule =
                engine.rules.iter().position(|r| r.name == alert.key.rule && r.of.matches(&alert.key.series));
            match rule.filter(|_| known.contains(&alert.key.series)) {
                Some(rule) => {
                    let seen = engine.series.entry(Arc::new(alert.key.series.clone())).or_default();
                    seen.health = Some(Health::Bad);
                    seen.alerts.insert(rule, alert);
                }
                None => engine.withdrawn.push(alert),
            }
        }
        engine
    }

    /// To be called once after [`Engine::new`]: closes what belonged to probes or rules that are gone, and tells so.
    pub fn start(&mut self, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        for mut alert in std::mem::take(&mut self.withdrawn) {
            alert.state = crate::AlertState::Calm;
            alert.at = now;
            changes.push(Change::Alert(alert.clone()));
            self.calm(
                &alert,
                now,
                Some("closed because the configuration no longer watches it"),
                &mut changes,
            );
        }
        changes
    }

    /// Takes one sample.
    pub fn observe(&mut self, sample: &Sample, now: Timestamp) -> Vec<Change> {
        if sample.health == Health::Unknown {
            return Vec::new();
        }
        if !self.series.contains_key(&sample.series) {
            self.series.insert(Arc::clone(&sample.series), Seen::default());
        }
        let quiet = self.series.get_mut(&sample.series).is_none_or(|seen| {
            seen.health = Some(sample.health);
            seen.alerts.is_empty() && sample.health != Health::Bad
        });
        if quiet { Vec::new() } else { self.judge(sample, now) }
    }

    /// Does what time alone demands.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Change> {
        let due: Vec<String> = self
            .incidents
            .values()
            .filter(|i| i.update_due.is_some_and(|at| at <= now))
            .map(|i| i.target.clone())
            .collect();
        let mut changes = Vec::new();
        for target in due {
            self.tell_update(&target, now, &mut changes);
        }
        changes
    }

    /// When [`Engine::tick`] has something to do next.
    pub fn next_tick(&self) -> Option<Timestamp> {
        self.incidents.values().filter_map(|i| i.update_due).min()
    }

    /// Open incidents by target.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values()
    }

    /// Whether this series has failed and not yet been seen to work again: pending or firing.
    pub fn doubted(&self, series: &SeriesId) -> bool {
        self.series.get(series).is_some_and(|s| !s.alerts.is_empty())
    }

    /// What must survive a restart.
    pub fn memory(&self) -> Memory {
        Memory {
            alerts: self.series.values().flat_map(|s| s.alerts.values().cloned()).collect(),
            incidents: self.incidents.values().cloned().collect(),
        }
    }
}
