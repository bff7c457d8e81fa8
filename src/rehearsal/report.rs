//! Report: what a rehearsal found, in seconds from `t0`: alerts, causes, proposals, messages, recovery.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_alerts::{Incident, OURSELVES, Severity};
use serde::Serialize;

use super::Hindsight;
use super::drafts::{drafts, joined as together};
use super::play::Played;
use crate::report::Wording;

/// What a rehearsal found. But for `wall_ms`, the same scenario, configuration and seed give the same.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Name of the scenario.
    pub scenario: String,
    /// What chance was drawn from.
    pub seed: u64,
    /// What would have fired, in order.
    pub alerts: Vec<Fired>,
    /// What would have been named as a cause, in order.
    pub diagnosis: Vec<Said>,
    /// What would have been proposed, in order.
    pub actions: Vec<Suggested>,
    /// What people would have been told, in order.
    pub notifications: Vec<Posted>,
    /// When the last alert that pages was over; of what never paged, the last alert of all. `None` where nothing was told,
    /// or it was not over at the end.
    pub recovered_at: Option<f64>,
    /// An incident report in Markdown, drafted from facts.
    pub report: String,
    /// Real time that it took, in milliseconds.
    pub wall_ms: u64,
    /// What launchwatch would have said of itself.
    pub ourselves: Vec<Fired>,
}

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fired {
    /// Its name in the vocabulary.
    pub id: String,
    /// `critical` for a page, `warning` for a ticket.
    pub severity: &'static str,
    /// When it began to fire.
    pub fired_at: f64,
    /// When it was over; `None` if it was not.
    pub resolved_at: Option<f64>,
    /// Of which target.
    pub target: String,
}

/// A cause that was named.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// Its name in the vocabulary.
    pub label: String,
    /// When it was first named at this rank.
    pub at: f64,
    /// 1 for the likeliest.
    pub rank: u32,
    /// What spoke for it.
    pub evidence: Vec<String>,
    /// Of which target.
    pub target: String,
}

/// An action that was proposed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggested {
    /// Its name in the vocabulary.
    pub action: &'static str,
    /// `auto`, `approve` or `advise`.
    pub mode: &'static str,
    /// When it was first proposed.
    pub at: f64,
    /// Whether it was carried out.
    pub executed: bool,
    /// Why, in words.
    pub why: String,
    /// Of which target.
    pub target: String,
}

/// A message that reached its channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Posted {
    /// Name of the channel.
    pub channel: String,
    /// `opened`, `update`, `resolved`, …
    pub kind: String,
    /// When it was taken.
    pub at: f64,
    /// Of which target.
    pub target: String,
}

/// What a rehearsal found; people's part goes into a section of the draft that is theirs.
#[must_use]
pub fn report(played: &Played, hindsight: &Hindsight) -> Report {
    let targets = || played.incidents.iter().filter(|i| !ours(i));
    let mut report = Report {
        scenario: played.scenario.clone(),
        seed: played.seed,
        alerts: alerts(played, targets()),
        diagnosis: diagnosis(played, targets()),
        actions: actions(played, targets()),
        notifications: notifications(played),
        recovered_at: recovered(targets()).map(|at| played.second(at)),
        report: String::new(),
        wall_ms: u64::try_from(played.wall.as_millis()).unwrap_or(u64::MAX),
        ourselves: alerts(played, played.incidents.iter().filter(|i| ours(i))),
    };
    report.report = together(&drafts(played, hindsight, &Wording::plain()));
    report
}

pub(super) fn ours(incident: &Incident) -> bool {
    incident.target == OURSELVES
}

/// Alerts of the same name about the same target that fire at the same time are one.
fn alerts<'i>(played: &Played, incidents: impl Iterator<Item = &'i Incident>) -> Vec<Fired> {
    let mut by_name: BTreeMap<(String, String), Vec<Fired>> = BTreeMap::new();
    for spell in incidents.flat_map(|i| &i.spells) {
        let key = (spell.alert.clone(), spell.series.target.clone());
        by_name.entry(key).or_default().push(Fired {
            id: spell.alert.clone(),
            severity: severity(spell.severity),
            fired_at: played.second(spell.fired_at),
            resolved_at: spell.resolved_at.map(|at| played.second(at)),
            target: spell.series.target.clone(),
        });
    }
    let mut all: Vec<Fired> = by_name.into_values().flat_map(joined).collect();
    all.sort_by(|a, b| a.fired_at.total_cmp(&b.fired_at));
    all
}

fn joined(mut spells: Vec<Fired>) -> Vec<Fired> {
    spells.sort_by(|a, b| a.fired_at.total_cmp(&b.fired_at));
    let mut joined: Vec<Fired> = Vec::new();
    for spell in spells {
        match joined.last_mut().filter(|last| last.resolved_at.is_none_or(|end| spell.fired_at <= end)) {
            Some(last) => {
                last.resolved_at = last.resolved_at.zip(spell.resolved_at).map(|(a, b)| a.max(b));
                if spell.severity == severity(Severity::Page) {
                    last.severity = spell.severity;
                }
            }
            None => joined.push(spell),
        }
    }
    joined
}

fn diagnosis<'i>(played: &Played, incidents: impl Iterator<Item = &'i Incident>) -> Vec<Said> {
    let said = incidents.flat_map(|i| i.named.iter().map(move |n| (i, n)));
    let mut all: Vec<Said> = said
        .map(|(incident, named)| Said {
            label: named.label.clone(),
            at: played.second(named.at),
            rank: named.rank,
            evidence: named.evidence.clone(),
            target: incident.target.clone(),
        })
        .collect();
    all.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.rank.cmp(&b.rank)));
    all
}

fn actions<'i>(played: &Played, incidents: impl Iterator<Item = &'i Incident>) -> Vec<Suggested> {
    let all = incidents.flat_map(|i| i.proposed.iter().map(move |p| (i, p)));
    let mut all: Vec<Suggested> = all
        .map(|(incident, proposed)| Suggested {
            action: proposed.proposal.action.as_str(),
            mode: proposed.proposal.mode.as_str(),
            at: played.second(proposed.at),
            executed: proposed.executed,
            why: proposed.proposal.why.clone(),
            target: incident.target.clone(),
        })
        .collect();
    all.sort_by(|a, b| a.at.total_cmp(&b.at));
    all
}

fn notifications(played: &Played) -> Vec<Posted> {
    let target = |id| played.incidents.iter().find(|i| i.id == id).map_or("", |i| i.target.as_str());
    let taken = played.deliveries.iter().filter_map(|d| Some((d, d.delivered_at?)));
    let mut all: Vec<Posted> = taken
        .map(|(d, at)| Posted {
            channel: d.channel.clone(),
            kind: d.kind.clone(),
            at: played.second(at),
            target: target(d.incident.clone()).to_owned(),
        })
        .collect();
    all.sort_by(|a, b| a.at.total_cmp(&b.at).then_with(|| a.channel.cmp(&b.channel)));
    all
}

/// When users had their service back for good, as far as told.
fn recovered<'i>(incidents: impl Iterator<Item = &'i Incident>) -> Option<Timestamp> {
    let incidents: Vec<&Incident> = incidents.collect();
    let paged = |i: &&&Incident| i.severity == Severity::Page;
    let any_paged = incidents.iter().any(|i| paged(&i));
    let counts = incidents.iter().filter(|i| !any_paged || paged(i));
    let over = |i: &&Incident| if any_paged { i.recovered_at.or(i.resolved_at) } else { i.resolved_at };
    let mut latest = None;
    for incident in counts {
        // What is not over yet has not recovered.
        latest = latest.max(Some(over(incident)?));
    }
    latest
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Page => "critical",
        Severity::Ticket => "warning",
    }
}
