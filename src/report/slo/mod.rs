//! SLO report of a month: by target and probe, how much worked, what is left of the error budget, when it was down.
//!
//! # Why
//! What cannot tell (our own faults, refusals by policy) counts neither for nor against; announced maintenance is left out and
//! listed; how each figure is computed is said in the report itself.

mod counted;
mod month;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_alerts::{Incident, Label, Maintenance, Severity};
use serde::{Deserialize, Serialize};

use crate::observation::ProbeId;
use crate::store::{Error, IncidentQuery, Store};

pub use month::Month;
pub use words::{csv, markdown};

/// Names the form of the report.
pub const SCHEMA: &str = "launchwatch-slo/1";
/// The objective where none is said, in per cent.
pub const OBJECTIVE: f64 = 99.0;
/// Incidents that are read at a time, and in all.
const PAGE: usize = 200;
const MOST: usize = 5_000;
/// An incident that began this many days before the month may still have lasted into it.
const LONGEST_DAYS: i64 = 62;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Which month, in UTC.
    pub month: Month,
    /// Per cent of runs that should work.
    pub objective: f64,
    /// Maintenances that the configuration plans.
    pub planned: &'a [Maintenance],
    /// The date.
    pub now: Timestamp,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// [`SCHEMA`].
    pub schema: String,
    /// `2018-07`.
    pub month: String,
    /// First moment of it, in UTC.
    pub from: Timestamp,
    /// Where it ends, or now where it has not ended.
    pub to: Timestamp,
    /// Whether the month is over.
    pub complete: bool,
    /// Per cent of runs that should work.
    pub objective: f64,
    /// When this was made.
    pub made_at: Timestamp,
    /// How the figures are computed.
    pub how: Vec<String>,
    /// By name.
    pub targets: Vec<Target>,
}

/// One target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its name.
    pub target: String,
    /// Minutes in which it had an incident that wakes people; false alarms and maintenance are not counted.
    pub minutes_down: f64,
    /// Incidents that touch the month, oldest first.
    pub incidents: Vec<Trouble>,
    /// Maintenance that is left out.
    pub maintenance: Vec<Stretch>,
    /// Its probes, by name.
    pub probes: Vec<Probe>,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// Its id.
    pub incident: String,
    /// The loudest it became.
    pub severity: Severity,
    /// When it began.
    pub since: Timestamp,
    /// When users had their service back; `None` while it lasts.
    pub until: Option<Timestamp>,
    /// The likeliest cause.
    pub cause: Option<String>,
    /// What people said of it.
    pub label: Option<Label>,
    /// Whether its minutes count.
    pub counts: bool,
}

/// A stretch of time with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// What it is; empty for a gap.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// One probe.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Probe {
    /// `target/probe`.
    pub probe: String,
    /// Runs, maintenance left out.
    pub runs: u64,
    /// Of these: passed.
    pub passed: u64,
    /// Degraded: they work, and count as success.
    pub degraded: u64,
    /// Failed.
    pub failed: u64,
    /// Could not look, or were refused by policy: not counted.
    pub unknown: u64,
    /// Share of telling runs that worked (0 to 1); `None` where none tells.
    pub share: Option<f64>,
    /// Share of all runs that could not look.
    pub unknown_share: Option<f64>,
    /// Failures that the objective allows for as many runs.
    pub budget: f64,
    /// Share of that which is left: 1 is all, 0 none, less than 0 overdrawn; `None` where nothing is counted.
    pub budget_left: Option<f64>,
    /// Seconds that half of the runs that worked took at most; the same for 90 and 99 per cent.
    pub p50: Option<f64>,
    /// See `p50`.
    pub p90: Option<f64>,
    /// See `p50`.
    pub p99: Option<f64>,
    /// The worst days.
    pub worst: Vec<Day>,
    /// Whole hours without a run that tells anything.
    pub gaps: Vec<Stretch>,
    /// Runs left out because of maintenance.
    pub left_out: u64,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// `2018-07-07`, in UTC.
    pub date: String,
    /// Share of telling runs that worked.
    pub share: f64,
    /// Runs that failed.
    pub failed: u64,
    /// Runs that tell.
    pub telling: u64,
}

/// Makes the report of a month.
///
/// # Errors
/// The store says no.
pub async fn slo(store: &dyn Store, question: &Question<'_>) -> Result<Slo, Error> {
    let (from, end) = (question.month.first(), question.month.end());
    let to = end.min(question.now).max(from);
    let silences = store.silences(usize::MAX).await?;
    let quiet = counted::Quiet { silences: &silences, planned: question.planned, from, to };
    let incidents = incidents(store, from, to).await?;
    let mut targets: BTreeMap<String, Vec<Probe>> = BTreeMap::new();
    for probe in store.last_slots().await?.into_keys() {
        let counted = counted::probe(store, &probe, &quiet, question.objective).await?;
        targets.entry(probe.target().to_owned()).or_default().extend(counted);
    }
    targets.retain(|target, probes| {
        !probes.is_empty() || incidents.iter().any(|i| i.targets.contains(target.as_str()))
    });
    let targets = targets
        .into_iter()
        .filter(|(target, _)| target != launchwatch_alerts::OURSELVES)
        .map(|(name, probes)| target(name, probes, &incidents, &quiet, question.now))
        .collect();
    Ok(Slo {
        schema: SCHEMA.to_owned(),
        month: question.month.to_string(),
        from,
        to,
        complete: end <= question.now,
        objective: question.objective,
        made_at: question.now,
        how: words::how(question.objective),
        targets,
    })
}

/// Incidents that touch the month.
async fn incidents(store: &dyn Store, from: Timestamp, to: Timestamp) -> Result<Vec<Incident>, Error> {
    let oldest = from.as_second() - LONGEST_DAYS * 86_400;
    let (mut all, mut before) = (Vec::new(), None);
    for _ in 0..MOST / PAGE {
        let page = store.find_incidents(&IncidentQuery { open: None, before, limit: PAGE }).await?;
        let last = page.last().map(|i| (i.id.clone(), i.opened_at.as_second()));
        let whole = page.len() == PAGE;
        all.extend(page.into_iter().filter(|i| i.since < to && i.resolved_at.is_none_or(|end| end > from)));
        match last.filter(|(_, opened)| whole && *opened >= oldest) {
            Some((id, _)) => before = Some(id),
            None => break,
        }
    }
    all.sort_by(|a, b| (a.since, &a.id.0).cmp(&(b.since, &b.id.0)));
    Ok(all)
}

fn target(
    name: String,
    probes: Vec<Probe>,
    incidents: &[Incident],
    quiet: &counted::Quiet<'_>,
    now: Timestamp,
) -> Target {
    let maintenance = quiet.of_target(&name);
    let troubles: Vec<Trouble> =
        incidents.iter().filter(|i| i.targets.contains(&name)).map(trouble).collect();
    let clipped = |t: &Trouble| {
        let until = t.until.unwrap_or(now).min(quiet.to);
        (t.since.max(quiet.from), until)
    };
    let down: Vec<_> = troubles.iter().filter(|t| t.counts).map(clipped).filter(|(a, b)| b > a).collect();
    let planned: Vec<_> = maintenance.iter().map(|s| (s.from, s.until)).collect();
    Target {
        minutes_down: super::course::minutes(&down, &counted::merged(planned)),
        target: name,
        incidents: troubles,
        maintenance,
        probes,
    }
}

fn trouble(incident: &Incident) -> Trouble {
    let named = incident.named.iter().find(|n| n.rank == 1);
    Trouble {
        incident: incident.id.to_string(),
        severity: incident.severity,
        since: incident.since,
        until: incident.recovered_at.or(incident.resolved_at),
        cause: named.map(|n| n.label.clone()),
        label: incident.label,
        counts: incident.severity == Severity::Page && incident.label != Some(Label::FalseAlarm),
    }
}

/// What a probe is called in sources and tables.
fn called(probe: &ProbeId) -> String {
    probe.to_string()
}
