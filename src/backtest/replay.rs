//! Shows recorded runs to an engine that knows nothing, and takes down what it would have told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::{
    Change, Engine, Incident, IncidentId, Memory, Notification, NotificationKind as Kind, Plan, SeriesId,
    Severity,
};

use super::report::{Covers, Told};
use crate::observation::{Observation, ProbeId};
use crate::pipeline::{recorder, sample};

/// After the last run before a pause of our own, what was gathered is still told.
const AFTERWARDS: SignedDuration = SignedDuration::from_secs(60);
/// A pause of our own is at least so long.
const PAUSE: Duration = Duration::from_secs(120);

/// What came of it.
pub(super) struct Played {
    /// Incidents that would have been told, in the order of their opening.
    pub(super) told: Vec<Told>,
    /// Runs that were shown.
    pub(super) runs: u64,
    /// Probes of which there were any.
    pub(super) probes: usize,
    /// Targets with probes that are configured.
    pub(super) targets: BTreeSet<String>,
    /// The first run's slot and the last moment.
    pub(super) between: Option<(Timestamp, Timestamp)>,
}

/// An engine at a moment of the past.
pub(super) struct Replay {
    engine: Engine,
    /// Configured probes: others are not judged.
    probes: BTreeSet<(String, String)>,
    /// So long without any run, and we were away.
    pause: SignedDuration,
    series: BTreeMap<(ProbeId, Arc<str>), (Arc<SeriesId>, bool)>,
    began: Option<Timestamp>,
    now: Timestamp,
    runs: u64,
    seen: BTreeSet<ProbeId>,
    order: Vec<IncidentId>,
    told: BTreeMap<IncidentId, Told>,
}

impl Replay {
    pub(super) fn new(plan: Plan) -> Self {
        let pace = plan.known.iter().map(|k| k.every).min().unwrap_or_default();
        let pause =
            SignedDuration::try_from(pace.saturating_mul(3).max(PAUSE)).unwrap_or(SignedDuration::MAX);
        let known = plan.known.iter();
        let probes = known.map(|k| (k.series.target.clone(), k.series.probe.clone())).collect();
        Self {
            engine: Engine::new(plan, Memory::default()),
            probes,
            pause,
            series: BTreeMap::new(),
            began: None,
            now: Timestamp::MIN,
            runs: 0,
            seen: BTreeSet::new(),
            order: Vec::new(),
            told: BTreeMap::new(),
        }
    }

    /// Shows the next run.
    pub(super) fn show(&mut self, seen: &Observation) {
        if !self.probes.contains(&(seen.probe.target().to_owned(), seen.probe.bare().to_owned())) {
            return;
        }
        if self.began.is_none() {
            self.began = Some(seen.slot);
            self.now = seen.slot;
            let changes = self.engine.start(self.now);
            self.take(changes);
        }
        self.runs += 1;
        if !self.seen.contains(&seen.probe) {
            self.seen.insert(seen.probe.clone());
        }
        self.pass(seen.slot, seen.ended());
        let (series, curious) = self.series_of(seen);
        let sample = sample::of_observation(series, curious, seen);
        let changes = self.engine.observe(&sample, self.now);
        self.take(changes);
    }

    /// Lets time pass until the end of what was played.
    pub(super) fn end(mut self, to: Timestamp) -> Played {
        if self.began.is_some() {
            self.pass(to, to);
        }
        let mut told = self.told;
        Played {
            told: self.order.iter().filter_map(|id| told.remove(id)).collect(),
            runs: self.runs,
            probes: self.seen.len(),
            targets: self.probes.into_iter().map(|(target, _)| target).collect(),
            between: self.began.map(|began| (began, self.now)),
        }
    }

    /// Lets time pass until a run ends that was due at `slot`. Without any run for long, we were away ourselves.
    fn pass(&mut self, slot: Timestamp, until: Timestamp) {
        if slot.duration_since(self.now) > self.pause {
            self.tick_until(self.now.checked_add(AFTERWARDS).unwrap_or(slot).min(slot));
            self.now = slot;
            self.engine.paused(slot);
        }
        self.tick_until(until);
    }

    fn tick_until(&mut self, until: Timestamp) {
        let mut ticked = None;
        while let Some(next) = self.engine.next_tick().filter(|next| *next <= until) {
            let at = next.max(self.now);
            // What is due at this moment has been done; if something is due still, it must wait.
            if ticked == Some(at) {
                break;
            }
            ticked = Some(at);
            self.now = at;
            let changes = self.engine.tick(at);
            self.take(changes);
        }
        self.now = self.now.max(until);
    }

    fn series_of(&mut self, seen: &Observation) -> (Arc<SeriesId>, bool) {
        let key = (seen.probe.clone(), Arc::clone(&seen.location));
        if let Some(known) = self.series.get(&key) {
            return known.clone();
        }
        let series = Arc::new(recorder::series(&seen.probe, &seen.location));
        let known = (Arc::clone(&series), self.engine.curious(&series));
        self.series.insert(key, known.clone());
        known
    }

    /// Takes down what is told, and what becomes of it.
    fn take(&mut self, changes: Vec<Change>) {
        for change in &changes {
            if let Change::Notify(notification) = change {
                self.hear(notification);
            }
        }
        for change in changes {
            if let Change::Incident(incident) = change {
                self.follow(&incident);
            }
        }
    }

    fn hear(&mut self, n: &Notification) {
        if n.kind == Kind::Opened && !self.told.contains_key(&n.incident) {
            let says = n.facts.failing.iter().map(|f| format!("{}: {}", f.probe, f.says));
            let told = Told {
                incident: n.incident.0.clone(),
                target: n.facts.target.clone(),
                targets: BTreeSet::from([n.facts.target.clone()]),
                severity: Severity::Ticket,
                at: n.at,
                paged_at: None,
                since: n.facts.since,
                until: None,
                lasted_seconds: None,
                says: says.collect(),
                covers: Covers::Nothing,
            };
            self.order.push(n.incident.clone());
            self.told.insert(n.incident.clone(), told);
        }
        if let Some(told) = self.told.get_mut(&n.incident).filter(|_| n.severity == Severity::Page) {
            told.severity = Severity::Page;
            told.paged_at.get_or_insert(n.at);
        }
    }

    fn follow(&mut self, incident: &Incident) {
        let Some(told) = self.told.get_mut(&incident.id) else { return };
        told.targets.extend(incident.targets.iter().cloned());
        told.since = told.since.min(incident.since);
        told.until = incident.resolved_at;
        told.lasted_seconds = incident.resolved_at.map(|end| end.duration_since(told.since).as_secs());
    }
}
