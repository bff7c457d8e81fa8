//! Material: what the store knows of an incident and its time, read within bounds.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::{Incident, IncidentId, Maintenance, Silence};

use crate::observation::{Observation, ProbeId};
use crate::store::{Delivery, Error, IncidentQuery, RunQuery, Store};

/// Runs that are read for one report.
const MOST_RUNS: usize = 20_000;
/// Probes whose runs are read; of a storm of a thousand targets, the first of them.
const MOST_PROBES: usize = 400;
/// Deliveries that are looked through, newest first.
const MOST_DELIVERIES: usize = 20_000;
/// Incidents that are looked through for the same cause, newest first.
const MOST_INCIDENTS: usize = 500;
/// How long before the onset one looks.
const BEFORE: SignedDuration = SignedDuration::from_hours(2);
/// How long after the end.
const AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What a report is asked about.
pub struct Subject<'a> {
    /// The incident.
    pub incident: &'a IncidentId,
    /// Maintenances that the configuration plans.
    pub planned: &'a [Maintenance],
    /// The date.
    pub now: Timestamp,
}

/// What facts are made from.
#[derive(Debug, Clone)]
pub struct Material {
    /// The incident.
    pub incident: Incident,
    /// First moment of which runs were read.
    pub from: Timestamp,
    /// Last moment.
    pub to: Timestamp,
    /// Runs of its targets, by probe, oldest first.
    pub runs: BTreeMap<ProbeId, Vec<Observation>>,
    /// There were more.
    pub cut: bool,
    /// What was told of it, oldest first.
    pub deliveries: Vec<Delivery>,
    /// Silences and maintenances that people began.
    pub silences: Vec<Silence>,
    /// Maintenances that the configuration plans.
    pub planned: Vec<Maintenance>,
    /// Other incidents.
    pub others: Vec<Incident>,
    /// The date.
    pub now: Timestamp,
}

/// Reads what is known; `None` if there is no such incident.
///
/// # Errors
/// The store says no.
pub async fn gather(store: &dyn Store, subject: &Subject<'_>) -> Result<Option<Material>, Error> {
    let Some(incident) = store.incident(subject.incident).await? else { return Ok(None) };
    let now = subject.now;
    let end = incident.resolved_at.map_or(now, |end| end.checked_add(AFTER).unwrap_or(end).min(now));
    let from = incident.since.checked_sub(BEFORE).unwrap_or(incident.since);
    let to = end.max(incident.since);
    let (runs, cut) = runs(store, &incident, from, to).await?;
    let mut deliveries = store.deliveries(MOST_DELIVERIES).await?;
    deliveries.retain(|d| d.incident == incident.id);
    deliveries
        .sort_by(|a, b| (a.at, &a.notification.0, &a.channel).cmp(&(b.at, &b.notification.0, &b.channel)));
    let mut silences = store.silences(usize::MAX).await?;
    silences.retain(|s| s.from < to && s.until > from);
    let query = IncidentQuery { open: None, before: None, limit: MOST_INCIDENTS };
    let mut others = store.find_incidents(&query).await?;
    others.retain(|other| other.id != incident.id);
    let planned = subject.planned.to_vec();
    Ok(Some(Material { incident, from, to, runs, cut, deliveries, silences, planned, others, now }))
}

async fn runs(
    store: &dyn Store,
    incident: &Incident,
    from: Timestamp,
    to: Timestamp,
) -> Result<(BTreeMap<ProbeId, Vec<Observation>>, bool), Error> {
    let slots = store.last_slots().await?;
    let ours: Vec<ProbeId> = slots.into_keys().filter(|p| incident.targets.contains(p.target())).collect();
    let mut cut = ours.len() > MOST_PROBES;
    let mut all = BTreeMap::new();
    let each = MOST_RUNS / ours.len().clamp(1, MOST_PROBES);
    for probe in ours.into_iter().take(MOST_PROBES) {
        let (of_probe, shortened) = of_probe(store, &probe, (from, to), each).await?;
        cut |= shortened;
        if !of_probe.is_empty() {
            all.insert(probe, of_probe);
        }
    }
    Ok((all, cut))
}

/// Runs of a probe, oldest first; of too many, those of the beginning and those of the end.
async fn of_probe(
    store: &dyn Store,
    probe: &ProbeId,
    (from, to): (Timestamp, Timestamp),
    most: usize,
) -> Result<(Vec<Observation>, bool), Error> {
    let ask = |from, to, limit| RunQuery {
        probe: Some(probe.clone()),
        from: Some(from),
        to: Some(to),
        only_bad: false,
        limit,
    };
    let mut runs = store.runs(&ask(from, to, most)).await?;
    let mut cut = false;
    if runs.len() >= most {
        // The onset tells more than the middle.
        let early = from.checked_add(BEFORE + AFTER).unwrap_or(to).min(to);
        let first = store.runs(&ask(from, early, most / 2)).await?;
        runs.truncate(most - most / 2);
        cut = runs.last().zip(first.first()).is_some_and(|(late, early)| late.slot > early.slot);
        runs.retain(|run| first.first().is_none_or(|last| run.slot > last.slot));
        runs.extend(first);
    }
    runs.reverse();
    Ok((runs, cut))
}
