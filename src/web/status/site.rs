//! What of the configuration the public pages go by.

use std::collections::BTreeMap;
use std::sync::Arc;

use launchwatch_alerts::SeriesId;
use launchwatch_alerts::text::one_line;

use super::works::{Subject, told_apart};
use crate::config::{Config, Pages, ProbeConfig};
use crate::observation::ProbeId;

/// What is shown, and what it is called.
#[derive(Debug, Default)]
pub(super) struct Site {
    pub(super) pages: Arc<Pages>,
    /// Targets that are shown, in the order of the configuration.
    pub(super) targets: Vec<String>,
    /// Their probes that count for shares: those that launch, where a target has such, otherwise all.
    pub(super) telling: Vec<ProbeId>,
    /// Their probes that launch.
    pub(super) launching: Vec<ProbeId>,
    /// What the operator says of targets.
    pub(super) says: BTreeMap<String, String>,
    subjects: BTreeMap<String, BTreeMap<String, Subject>>,
}

impl Site {
    pub(super) fn new(config: &Config) -> Self {
        let mut site = Self { pages: Arc::new(config.pages.clone()), ..Self::default() };
        let mut by_target: BTreeMap<&str, Vec<&ProbeConfig>> = BTreeMap::new();
        config.probes.iter().for_each(|p| by_target.entry(p.id.target()).or_default().push(p));
        for target in config.targets.iter().filter(|t| !config.pages.hide.contains(&t.name)) {
            let probes = || by_target.get(target.name.as_str()).into_iter().flatten().copied();
            let launching: Vec<ProbeId> = probes().filter(|p| p.launches).map(|p| p.id.clone()).collect();
            let all = || probes().map(|p| p.id.clone());
            site.telling.extend(if launching.is_empty() { all().collect() } else { launching.clone() });
            site.launching.extend(launching);
            let subject = |p: &ProbeConfig| {
                let subject = Subject::of(p.kind, p.fresh, p.id.bare());
                match target.labels.get(&format!("says_{}", p.id.bare())) {
                    Some(words) => subject.called(words),
                    None => subject,
                }
            };
            // The same probe from several places is one subject, seen from each of them.
            let bare: BTreeMap<String, Subject> =
                probes().map(|p| (p.id.bare().to_owned(), subject(p))).collect();
            let bare = told_apart(bare.into_iter().collect());
            let named = |p: &ProbeConfig| {
                let subject = bare.get(p.id.bare()).cloned().unwrap_or_else(|| subject(p));
                let several = probes().filter(|other| other.id.bare() == p.id.bare()).count() > 1;
                let place = p.id.elsewhere().unwrap_or(&config.service.location);
                (p.id.probe().to_owned(), if several { subject.seen_from(place) } else { subject })
            };
            site.subjects.insert(target.name.clone(), probes().map(named).collect());
            if let Some(words) = target.labels.get("says") {
                site.says.insert(target.name.clone(), one_line(words, 200));
            }
            site.targets.push(target.name.clone());
        }
        site
    }

    pub(super) fn shows(&self, target: &str) -> bool {
        self.subjects.contains_key(target)
    }

    /// Names of the probes of a target.
    pub(super) fn probes(&self, target: &str) -> impl Iterator<Item = &str> {
        self.subjects.get(target).into_iter().flat_map(|s| s.keys().map(String::as_str))
    }

    pub(super) fn subject(&self, target: &str, probe: &str) -> Option<Subject> {
        self.subjects.get(target)?.get(probe).cloned()
    }

    /// What a series is about.
    pub(super) fn subject_of(&self, series: &SeriesId) -> Option<Subject> {
        let at = format!("{}@{}", series.probe, series.location);
        self.subject(&series.target, &at).or_else(|| self.subject(&series.target, &series.probe))
    }

    /// Targets by group, in order; those in no group last. A name where it is needed.
    pub(super) fn groups(&self) -> Vec<(Option<&str>, Vec<&str>)> {
        let mut rest: Vec<&str> = self.targets.iter().map(String::as_str).collect();
        let mut groups: Vec<(Option<&str>, Vec<&str>)> = Vec::new();
        for group in &self.pages.groups {
            let shown = |t: &&String| self.shows(t);
            let own: Vec<&str> = group.targets.iter().filter(shown).map(String::as_str).collect();
            rest.retain(|t| !own.contains(t));
            if !own.is_empty() {
                groups.push((Some(&group.name), own));
            }
        }
        if !rest.is_empty() {
            groups.push(((!groups.is_empty()).then_some("Others"), rest));
        }
        groups
    }
}
