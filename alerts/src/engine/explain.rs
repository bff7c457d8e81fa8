//! Why: keeps the last looks of the probes that tell, and names the causes of what is wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::Engine;
use super::trouble::note;
use crate::diagnosis::{Diagnosis, Look, Scene, diagnose};
use crate::incident::{Named, Proposed};
use crate::{
    Alert, AlertKey, AlertState, IncidentId, NotificationKind as Kind, Sample, SeriesId, Severity, When,
};

/// How long people are spared when the cause turns out to be another: more may follow.
const GATHER: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);
/// What people hear when it was not over after all.
pub(super) const RELAPSED: &str = "it is not over: it fails again";
/// A cause that came first this long ago is the root of what follows from it.
const SETTLED: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);
/// Causes are named anew no more often, unless somebody is to be told.
const PACE: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);
/// Entries kept of what was named and proposed.
pub(super) const KEPT: usize = 100;

impl Engine {
    /// Whether a probe's looks are kept for naming causes.
    pub(super) fn telling(&self, series: &SeriesId) -> bool {
        self.plan.kinds.contains_key(series)
    }

    /// Keeps a look, and marks the incidents that it may explain.
    pub(super) fn remember(&mut self, sample: &Sample) {
        let Some(kind) = self.plan.kinds.get(sample.series.as_ref()) else { return };
        let details = sample.details.as_deref();
        let look = Look {
            slot: sample.slot,
            at: sample.at,
            health: sample.health,
            in_flight: sample.in_flight,
            reason: sample.reason.map(Into::into),
            stage: sample.stage.map(Into::into),
            summary: sample.summary.clone(),
            evidence: sample.evidence.clone(),
            measurements: details
                .map(|d| d.measurements.iter().map(|(n, v)| (n.as_str().into(), *v)).collect())
                .unwrap_or_default(),
            facts: details.map(|d| d.facts.clone()).unwrap_or_default(),
        };
        let track = self.tracks.entry(Arc::clone(&sample.series)).or_default();
        track.kind.clone_from(kind);
        track.push(look);
        self.looked_at.insert(sample.series.target.clone());
    }

    /// Names the causes of the incidents of which something new was seen, and of those that have just been opened.
    pub(super) fn explain(&mut self, now: Timestamp) {
        if self.tracks.is_empty() || self.incidents.is_empty() {
            self.looked_at.clear();
            return;
        }
        if self.explained_at.is_some_and(|at| now.duration_since(at) < PACE) {
            return;
        }
        self.explained_at = Some(now);
        let looked_at = std::mem::take(&mut self.looked_at);
        let concerned = |target: &String| {
            looked_at.contains(target) || self.plan.ancestors(target).iter().any(|a| looked_at.contains(a))
        };
        let ids: Vec<_> = self
            .incidents
            .values()
            .filter(|i| i.targets.iter().any(concerned))
            .map(|i| i.id.clone())
            .collect();
        for id in ids {
            self.explain_one(&id, now);
        }
    }

    /// The causes of an incident, as things stand.
    pub(super) fn causes(&self, id: &IncidentId, now: Timestamp) -> Vec<Diagnosis> {
        let Some(incident) = self.incidents.get(id) else { return Vec::new() };
        let ancestors = self.plan.ancestors(&incident.target);
        let of_it = |s: &SeriesId| incident.targets.contains(&s.target) || ancestors.contains(&s.target);
        let ci = self.last_deploy(
            |target| incident.targets.contains(target) || ancestors.iter().any(|a| a == target),
            now,
        );
        let (mut mine, others): (Vec<_>, Vec<_>) =
            self.tracks.iter().map(|(s, t)| (s.as_ref(), t)).partition(|(s, _)| of_it(s));
        mine.extend(ci.as_ref().map(|(series, track)| (series, track)));
        let members = self.members.get(id).into_iter().flatten();
        let called = members.filter_map(|k| self.plan.rule(&k.rule)).map(|r| r.alert.as_str());
        let alerts: BTreeSet<&str> = called.collect();
        let scene = Scene::new((&incident.target, incident.since), mine, others, alerts, now);
        // The last that came first, if it has stood for long.
        let last = incident.named.iter().rev().find(|n| n.rank == 1);
        let first =
            last.and_then(|last| incident.named.iter().find(|n| n.rank == 1 && n.label == last.label));
        let settled = first.filter(|n| now.duration_since(n.at) >= SETTLED).map(|n| n.label.as_str());
        let roots: Vec<&str> = settled.into_iter().collect();
        diagnose(&scene, incident.diagnosis.first().map(|d| d.label.as_str()), &roots)
    }

    pub(super) fn explain_one(&mut self, id: &IncidentId, now: Timestamp) {
        let found = self.causes(id, now);
        // A gap in what is seen takes nothing back.
        if found.is_empty() {
            return;
        }
        let Some(incident) = self.incidents.get_mut(id) else { return };
        let before = std::mem::replace(&mut incident.diagnosis, found);
        let label = |d: Option<&Diagnosis>| d.map(|d| d.label.clone());
        let other = label(before.first()) != label(incident.diagnosis.first());
        let first_words =
            incident.diagnosis.first().map(|d| format!("likely cause: {} ({})", d.title, d.label));
        // What is said of a trouble is said anew when it gets louder: then somebody reads it for the first time.
        let pages = incident.spells.iter().filter(|s| s.severity == Severity::Page);
        let louder = pages.map(|s| s.fired_at).max().unwrap_or(Timestamp::MIN);
        // Evidence comes and goes: people are told once of each cause that comes first.
        let first = label(incident.diagnosis.first());
        let news = !incident.named.iter().any(|n| n.rank == 1 && Some(&n.label) == first.as_ref());
        let mut dirty = other;
        for (rank, found) in incident.diagnosis.iter().enumerate() {
            let rank = u32::try_from(rank + 1).unwrap_or(u32::MAX);
            let named = |n: &Named| n.label == found.label && n.rank == rank && n.at >= louder;
            if incident.named.len() < KEPT && !incident.named.iter().rev().take(8).any(named) {
                incident.named.push(Named {
                    at: now,
                    label: found.label.clone(),
                    rank,
                    evidence: found.evidence.clone(),
                });
                dirty = true;
            }
        }
        // Only what is done about the first cause is proposed: a second one may ask for the opposite.
        for proposal in incident.diagnosis.first().into_iter().flat_map(|d| &d.actions) {
            let known =
                |p: &Proposed| p.proposal.action == proposal.action && p.proposal.mode == proposal.mode;
            if incident.proposed.len() < KEPT && !incident.proposed.iter().any(known) {
                incident.proposed.push(Proposed { at: now, proposal: proposal.clone(), executed: false });
                dirty = true;
            }
        }
        if let Some(words) = first_words.filter(|_| other) {
            note(incident, now, None, words);
            if news && incident.notifications > 0 && !incident.storm {
                incident.update_due.get_or_insert(now + GATHER);
            }
        }
        if dirty {
            self.dirty.incidents.insert(id.clone());
            self.dirty.targets.extend(incident.targets.iter().cloned());
        }
    }

    /// The last alert that pages is over, while others go on: users have their service back, and hear so. Where runs
    /// failed, that is when none of them pages any more: parts of the cluster may need longer.
    pub(super) fn recovered(&mut self, id: &IncidentId, now: Timestamp) {
        let Some(incident) = self.incidents.get(id) else { return };
        let told = incident.severity == Severity::Page && incident.notifications > 0;
        if !told || incident.recovered_at.is_some() {
            return;
        }
        let fails = |rule: &str| self.plan.rule(rule).is_some_and(|r| r.when.is_about_success());
        let paged = |s: &crate::incident::Spell| s.severity == Severity::Page && fails(&s.rule);
        let without_service = incident.spells.iter().any(paged);
        let Some(members) = self.members.get(id) else { return };
        // Where launches are looked at, builds that still fail keep nobody from what is built already.
        let builds = |s: &SeriesId| self.plan.kinds.get(s).is_some_and(|kind| kind.ends_with("!fresh"));
        let launches = incident.spells.iter().any(|s| paged(s) && !builds(&s.series));
        // Of the last ten runs most may have failed: once runs succeed in a row, that is history.
        let in_a_row =
            |rule: &str| matches!(self.plan.rule(rule).map(|r| &r.when), Some(When::Failures { .. }));
        let works = |key: &AlertKey| {
            let mut rows =
                incident.spells.iter().filter(|s| s.series == key.series && in_a_row(&s.rule)).peekable();
            !in_a_row(&key.rule) && rows.peek().is_some() && rows.all(|s| s.resolved_at.is_some())
        };
        let mut pages = members.iter().filter(|key| self.pages(key) && !works(key)).peekable();
        let left = pages.peek().is_some();
        if left
            && (!without_service || pages.any(|key| fails(&key.rule) && !(launches && builds(&key.series))))
        {
            return;
        }
        if let Some(incident) = self.incidents.get_mut(id) {
            (incident.recovered_at, incident.reminders) = (Some(now), 0);
        }
        let words = if left {
            "runs succeed again; a part of it still needs somebody"
        } else {
            "what pages is over; what is left can wait"
        };
        self.tell(id, Kind::Update, Some(words), now);
    }

    /// Whether an alert of an incident still pages.
    pub(super) fn urgent(&self, id: &IncidentId) -> bool {
        self.members.get(id).is_some_and(|members| members.iter().any(|key| self.pages(key)))
    }

    fn pages(&self, key: &AlertKey) -> bool {
        let firing = |a: &Alert| a.state == AlertState::Firing && a.severity == Severity::Page;
        self.alerts.get(key).is_some_and(firing)
    }
}
