//! From samples to changes: pure, without clock or IO. Time comes in with every call.
//!
//! # Why
//! Every decision is a table test, and a whole outage replays in no time. The recorder owns the one engine and writes
//! all changes of a round in one transaction.
//!
//! A sample goes to the judges of its series; their readings move alerts (`lifecycle`); an alert that fires is held
//! back (`hold`) or joins an incident (`raise`, `trouble`, `fold`); incidents owe notifications (`tell`); people speak through
//! commands (`obey`); time alone reminds, escalates and ends silences (`time`).

mod deploys;
mod explain;
mod fold;
mod forgive;
mod hold;
mod index;
mod lifecycle;
mod look_again;
mod merge;
mod obey;
mod plan;
mod planned;
mod quorum;
mod raise;
mod rename;
mod resume;
mod split;
mod tell;
mod time;
mod trouble;
mod whence;
mod why;

#[cfg(test)]
mod judged;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::judge::{self, Judge, LookBack};
use crate::{Alert, AlertKey, Health, Incident, IncidentId, Sample, SeriesId, Silence};

pub use merge::merge_afterwards;
pub use plan::{Ask, Change, Known, Memory, OURSELVES, Plan};
pub use why::{Standing, StandingOf};

/// Runs of a probe that tells why, which are shown again after a restart.
const RECALLED: usize = 20;

/// A rule over a series.
#[derive(Debug)]
struct Row {
    rule: usize,
    /// It is one of several locations that decide together.
    votes: bool,
    judge: Box<dyn Judge>,
}

/// What is known of one series.
#[derive(Debug, Default)]
struct Seen {
    health: Option<Health>,
    /// When it last said something.
    spoke: Option<Timestamp>,
    rows: Vec<Row>,
    /// Alerts of it that are not calm.
    active: usize,
    /// When it stands among the alarms.
    alarmed: Option<Timestamp>,
    /// The interval of its probe.
    every: Duration,
    /// It was looked at during planned work.
    planned: bool,
}

/// What is to be written down.
#[derive(Debug, Default)]
struct Dirty {
    alerts: BTreeSet<AlertKey>,
    incidents: BTreeSet<IncidentId>,
    silences: BTreeSet<String>,
    /// Alerts that are forgotten, unless they begin anew before this is written down.
    forgotten: BTreeMap<AlertKey, Alert>,
    /// Silences that are over: they come before a new one of the same name.
    over: Vec<Silence>,
    /// Incidents that are over, notifications, hidden alerts: in their order.
    out: Vec<Change>,
    targets: BTreeSet<String>,
}

/// Judges series, opens and resolves incidents.
#[derive(Debug)]
pub struct Engine {
    plan: Plan,
    series: BTreeMap<Arc<SeriesId>, Seen>,
    alerts: BTreeMap<AlertKey, Alert>,
    /// Of rules with a quorum: what each location says.
    votes: BTreeMap<AlertKey, BTreeMap<String, quorum::Vote>>,
    incidents: BTreeMap<IncidentId, Incident>,
    /// The open incident that covers a target.
    by_target: BTreeMap<String, IncidentId>,
    /// The firing alerts of an incident.
    members: BTreeMap<IncidentId, BTreeSet<AlertKey>>,
    silences: BTreeMap<String, Silence>,
    /// When judges have something to say by time alone.
    alarms: BTreeSet<(Timestamp, Arc<SeriesId>)>,
    /// When a maintenance begins or ends next.
    next_turn: Option<Timestamp>,
    /// Configured series and the intervals of their probes.
    every: BTreeMap<SeriesId, Duration>,
    /// Targets on which others depend.
    parents: BTreeSet<String>,
    index: index::Index,
    /// A second, and the names of incidents that were opened in it and are over: not to be given again.
    used: (i64, BTreeSet<IncidentId>),
    dirty: Dirty,
    /// The last looks of the probes that tell why.
    tracks: BTreeMap<Arc<SeriesId>, crate::diagnosis::Track>,
    /// Targets of which something new was seen since causes were last named.
    looked_at: BTreeSet<String>,
    /// When causes were last named.
    explained_at: Option<Timestamp>,
    /// The same of storms.
    storms_explained_at: Option<Timestamp>,
    asks: look_again::Asks,
    /// Deployments seen, oldest first; the last hundred.
    deploys: VecDeque<crate::Deploy>,
}

impl Engine {
    /// An engine that goes on where `memory` ends. Show it the past with [`Engine::recall`], then call
    /// [`Engine::start`].
    pub fn new(plan: Plan, memory: Memory) -> Self {
        let mut engine = Self {
            series: BTreeMap::new(),
            alerts: memory.alerts.into_iter().map(|a| (a.key.clone(), a)).collect(),
            votes: BTreeMap::new(),
            incidents: memory.incidents.into_iter().map(|i| (i.id.clone(), i)).collect(),
            by_target: BTreeMap::new(),
            members: BTreeMap::new(),
            silences: memory.silences.into_iter().map(|s| (s.id.clone(), s)).collect(),
            alarms: BTreeSet::new(),
            next_turn: None,
            every: plan.known.iter().map(|k| (k.series.clone(), k.every)).collect(),
            parents: plan.depends_on.values().flatten().cloned().collect(),
            index: index::Index::default(),
            used: (0, BTreeSet::new()),
            dirty: Dirty::default(),
            tracks: BTreeMap::new(),
            looked_at: BTreeSet::new(),
            explained_at: None,
            storms_explained_at: None,
            asks: look_again::Asks::default(),
            deploys: memory.deploys.into(),
            plan,
        };
        let known: Vec<_> = engine.every.keys().cloned().map(Arc::new).collect();
        known.iter().for_each(|series| engine.meet(series));
        engine.rename();
        engine.upgrade();
        engine.look_up();
        engine
    }

    /// How much of the past of a series must be shown to [`Engine::recall`].
    pub fn looks_back(&self, series: &SeriesId) -> LookBack {
        let rows = self.series.get(series).map(|s| s.rows.as_slice()).unwrap_or_default();
        let runs = if self.telling(series) { RECALLED } else { 0 };
        let least = LookBack { runs, ..LookBack::default() };
        rows.iter().fold(least, |most, row| most.max(row.judge.looks_back()))
    }

    /// Whether somebody wants to know the [`crate::Details`] of the samples of this series.
    pub fn curious(&self, series: &SeriesId) -> bool {
        let wants = |row: &Row| self.plan.rules.get(row.rule).is_some_and(|r| r.wants_details());
        self.telling(series) || self.series.get(series).is_some_and(|seen| seen.rows.iter().any(wants))
    }

    /// Takes note of a sample of the time before the start, oldest first, and says nothing.
    pub fn recall(&mut self, sample: &Sample) {
        self.meet(&sample.series);
        self.remember(sample);
        let planned = self.planned(&sample.series, sample.at);
        if !planned && self.series.get(&sample.series).is_some_and(|seen| seen.planned) {
            self.renew(&sample.series, sample.at);
        }
        if let Some(seen) = self.series.get_mut(&sample.series) {
            seen.planned |= planned;
            if sample.health != Health::Unknown {
                (seen.health, seen.spoke) = (Some(sample.health), Some(sample.at));
            }
            let voted: Vec<_> = seen
                .rows
                .iter_mut()
                .filter_map(|row| {
                    let aside = lifecycle::set_aside(self.plan.rules.get(row.rule), sample);
                    let reading = row.judge.see(aside.as_ref().unwrap_or(sample));
                    let reading = lifecycle::guarded(self.plan.rules.get(row.rule), reading, sample);
                    row.votes.then_some((row.rule, reading))
                })
                .collect();
            for (rule, reading) in voted {
                self.remember_vote(rule, sample, reading);
            }
        }
    }

    /// To be called once after [`Engine::new`] and [`Engine::recall`]: closes what belonged to probes or rules that are
    /// gone, and goes on with the rest.
    pub fn start(&mut self, now: Timestamp) -> Vec<Change> {
        self.resume(now);
        self.next_turn = self.plan.policy.next_turn(now);
        let all: Vec<_> = self.series.keys().cloned().collect();
        all.iter().for_each(|series| self.wind(series));
        self.time(now);
        self.flush()
    }

    /// Takes one sample and says at once what follows.
    pub fn observe(&mut self, sample: &Sample, now: Timestamp) -> Vec<Change> {
        self.see(sample, now);
        self.flush()
    }

    /// Does what time alone demands, and says what follows.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Change> {
        self.time(now);
        self.flush()
    }

    /// Open incidents.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values()
    }

    /// The open incident that covers a target.
    pub fn incident_of(&self, target: &str) -> Option<&Incident> {
        self.incidents.get(self.by_target.get(target)?)
    }

    /// Silences that are not over.
    pub fn silences(&self) -> impl Iterator<Item = &Silence> {
        self.silences.values()
    }

    /// Alerts that are not calm, or were firing lately.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    /// Whether this series has failed and not yet been seen to work again.
    pub fn doubted(&self, series: &SeriesId) -> bool {
        self.series.get(series).is_some_and(|s| s.active > 0 || s.health == Some(Health::Bad))
    }

    /// Since when a target has been in trouble, told or not.
    pub fn down_since(&self, target: &str) -> Option<Timestamp> {
        self.index.firing(target).filter_map(|key| self.alerts.get(key)).map(|a| a.since).min()
    }

    /// Targets of which [`Engine::down_since`] or [`Engine::incident_of`] may have changed since this was last asked.
    pub fn moved(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.dirty.targets)
    }

    /// What must survive a restart.
    pub fn memory(&self) -> Memory {
        Memory {
            alerts: self.alerts.values().cloned().collect(),
            incidents: self.incidents.values().cloned().collect(),
            silences: self.silences.values().cloned().collect(),
            deploys: self.deploys.iter().cloned().collect(),
        }
    }

    /// What is to be written down since this was last asked. Each alert and incident comes once, as it stands now.
    pub fn flush(&mut self) -> Vec<Change> {
        let Dirty { alerts, incidents, silences, forgotten, over, out, targets } =
            std::mem::take(&mut self.dirty);
        self.dirty.targets = targets;
        let alerts = alerts.iter().filter_map(|k| self.alerts.get(k)).cloned().map(Change::Alert);
        let mut changes: Vec<Change> = alerts.chain(forgotten.into_values().map(Change::Alert)).collect();
        // What is over went out as it ended; what is open comes as it stands now.
        changes
            .extend(incidents.iter().filter_map(|id| self.incidents.get(id)).cloned().map(Change::Incident));
        changes.extend(over.into_iter().map(Change::Silence));
        changes.extend(silences.iter().filter_map(|id| self.silences.get(id)).cloned().map(Change::Silence));
        changes.extend(out);
        changes
    }

    /// The interval that a judge goes by. That an agent is silent must be known before anybody misses what it looks at.
    fn patient(&self, when: &crate::When, series: &SeriesId, every: Duration) -> Duration {
        let silent_after = self.plan.silent_after.get(&series.location);
        match (when, silent_after) {
            (crate::When::NoData { intervals }, Some(silent_after)) => {
                let least = silent_after.saturating_add(Duration::from_secs(30));
                every.max(least / (*intervals).max(1))
            }
            _ => every,
        }
    }

    /// Makes the judges of a series that is seen for the first time.
    fn meet(&mut self, series: &Arc<SeriesId>) {
        if self.series.contains_key(series) {
            return;
        }
        let every = self.every.get(series).copied().unwrap_or(Duration::from_secs(60));
        let rules = self.plan.rules.iter().enumerate().filter(|(_, r)| plan::judges(r, series));
        let row = |(rule, r): (usize, &crate::Rule)| {
            let judge = judge::of(&r.when, self.patient(&r.when, series, every));
            Row { rule, votes: r.quorum > 1, judge }
        };
        let rows = rules.map(row).collect();
        self.series.insert(Arc::clone(series), Seen { rows, every, ..Seen::default() });
    }
}
