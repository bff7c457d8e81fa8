//! An incident as the public may read it: since when, what failed, the likely cause. No evidence, no names, no words of people.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use launchwatch_alerts::text::one_line;
use launchwatch_alerts::{AlertState, Incident, IncidentState, Label, OURSELVES, Severity};

use super::Site;
use super::works::Subject;

/// More names than these are a number.
pub(super) const NAMED: usize = 4;

/// What is told of an incident.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Story {
    pub(super) id: String,
    /// Targets in it that may be shown.
    pub(super) targets: Vec<String>,
    /// Many at once.
    pub(super) storm: bool,
    /// It kept people from their servers; otherwise it was a lesser trouble.
    pub(super) pages: bool,
    pub(super) since: Timestamp,
    pub(super) resolved_at: Option<Timestamp>,
    recovered_at: Option<Timestamp>,
    /// Somebody said that they see to it.
    pub(super) acknowledged: bool,
    /// People said that nobody was without service.
    pub(super) false_alarm: bool,
    /// The likeliest cause: its name in the vocabulary, and in words.
    pub(super) cause: Option<(String, String)>,
    /// What failed: `new builds fail (push failed)`.
    pub(super) failed: Vec<String>,
    /// Since when each probe (`target/probe`) that still fails does.
    pub(super) failing: BTreeMap<String, Timestamp>,
}

impl Story {
    pub(super) fn of(incident: &Incident, site: &Site) -> Self {
        let shown = |target: &&String| site.shows(target) || *target == OURSELVES;
        let mut targets: Vec<String> = incident.targets.iter().filter(shown).cloned().collect();
        if targets.is_empty() && shown(&&incident.target) && !incident.storm {
            targets.push(incident.target.clone());
        }
        let cause = incident.diagnosis.first().map(|d| (one_line(&d.label, 60), one_line(&d.title, 200)));
        let mut failed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut failing = BTreeMap::new();
        for alert in incident.alerts.values().filter(|a| site.shows(&a.key.series.target)) {
            let series = &alert.key.series;
            let reason = alert.reason.as_deref().map(reason);
            let subject = site.subject_of(series);
            let subject = subject.unwrap_or_else(|| Subject::of("", false, &series.probe));
            failed.entry(subject.fails()).or_default().extend(reason.clone());
            if alert.state == AlertState::Firing && incident.state == IncidentState::Open {
                let since: &mut Timestamp =
                    failing.entry(series_name(&series.target, &series.probe)).or_insert(alert.since);
                *since = alert.since.min(*since);
            }
        }
        Self {
            id: incident.id.to_string(),
            targets,
            storm: incident.storm,
            pages: incident.severity == Severity::Page,
            since: incident.since,
            resolved_at: incident.resolved_at,
            recovered_at: incident.recovered_at,
            acknowledged: incident.ack.is_some(),
            false_alarm: incident.label == Some(Label::FalseAlarm),
            cause,
            failed: failed.into_iter().map(said).collect(),
            failing,
        }
    }

    /// Whether it may be shown at all.
    pub(super) fn shown(&self) -> bool {
        !self.targets.is_empty()
    }

    pub(super) fn about(&self, target: &str) -> bool {
        self.targets.iter().any(|t| t == target)
    }

    /// When users had their service back.
    pub(super) fn back_at(&self) -> Option<Timestamp> {
        self.recovered_at.or(self.resolved_at)
    }

    /// Whose trouble it is, in words.
    pub(super) fn whose(&self) -> String {
        match self.targets.as_slice() {
            [] => "somewhere".into(),
            all if all.len() > NAMED => format!("{} targets", all.len()),
            all => all.iter().map(|t| one_line(t, 60)).collect::<Vec<_>>().join(", "),
        }
    }
}

/// `new builds fail (push failed, timeout)`
fn said((what, why): (String, BTreeSet<String>)) -> String {
    let why: Vec<String> = why.into_iter().take(NAMED).collect();
    if why.is_empty() { what } else { format!("{what} ({})", why.join(", ")) }
}

pub(super) fn series_name(target: &str, probe: &str) -> String {
    format!("{target}/{probe}")
}

/// A reason of the vocabulary as words: `push_failed` is `push failed`.
pub(super) fn reason(name: &str) -> String {
    match name {
        "dns" => "the name does not resolve".into(),
        "connect" => "no connection".into(),
        "http_status" => "wrong HTTP status".into(),
        "no_capacity" => "no room for more servers".into(),
        "probe_auth" => "we were not admitted".into(),
        "prober_isolated" => "we were cut off ourselves".into(),
        other => {
            // Names are short; what is not is none.
            let short: String = other.chars().take(80).collect();
            one_line(&short.replace('_', " "), 60)
        }
    }
}
