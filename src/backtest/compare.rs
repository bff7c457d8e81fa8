//! What would have been told, held against what is on record.

use jiff::Timestamp;
use launchwatch_alerts::{Incident, Label, OURSELVES, Severity};

use super::Stretch;
use super::replay::Played;
use super::report::{Covers, Judged, OnRecord, Report, Summary, Told};

pub(super) fn compare(
    rules: Vec<String>,
    stretch: Stretch,
    played: Played,
    incidents: &[Incident],
) -> Report {
    let Played { mut told, runs, probes, targets, between } = played;
    let mut incidents: Vec<&Incident> = incidents
        .iter()
        // What was merged counts once: where it went on.
        .filter(|i| i.merged_into.is_none())
        .filter(|i| i.target != OURSELVES && between.is_some_and(|(from, to)| meets(i, from, to)))
        .collect();
    incidents.sort_by_key(|i| (i.since, i.id.clone()));
    for one in &mut told {
        one.covers =
            incidents.iter().filter(|i| same(one, i)).map(|i| standing(i)).min().unwrap_or(Covers::Nothing);
    }
    let incidents: Vec<OnRecord> = incidents
        .into_iter()
        .map(|i| {
            let elsewhere = !i.targets.iter().chain([&i.target]).any(|t| targets.contains(t));
            on_record(i, &told, elsewhere)
        })
        .collect();
    let summary = summary(&told, &incidents);
    Report {
        from: stretch.from,
        to: stretch.to,
        played: between,
        runs,
        probes,
        rules,
        told,
        incidents,
        summary,
    }
}

fn meets(incident: &Incident, from: Timestamp, to: Timestamp) -> bool {
    incident.since <= to && incident.resolved_at.is_none_or(|end| end >= from)
}

fn standing(incident: &Incident) -> Covers {
    match incident.label {
        Some(Label::Real) => Covers::Real,
        Some(Label::FalseAlarm) => Covers::FalseAlarm,
        None => Covers::Unconfirmed,
    }
}

/// When something at least as loud as an incident was would have been told: a ticket does not stand in for a page.
fn loud_at(told: &Told, incident: &Incident) -> Option<Timestamp> {
    match incident.severity {
        Severity::Page => told.paged_at,
        Severity::Ticket => Some(told.at),
    }
}

/// Whether both are about the same trouble: a target of both, and at the same time.
fn same(told: &Told, incident: &Incident) -> bool {
    let shared =
        told.targets.contains(&incident.target) || incident.targets.iter().any(|t| told.targets.contains(t));
    let before_end = incident.resolved_at.is_none_or(|end| told.at <= end);
    shared && before_end && told.until.is_none_or(|end| end >= incident.since)
}

/// The same trouble, told loud enough while it lasted.
fn covers(told: &Told, incident: &Incident) -> bool {
    let in_time = |at: Timestamp| incident.resolved_at.is_none_or(|end| at <= end);
    same(told, incident) && loud_at(told, incident).is_some_and(in_time)
}

fn on_record(incident: &Incident, told: &[Told], elsewhere: bool) -> OnRecord {
    let first = told.iter().filter(|t| covers(t, incident)).filter_map(|t| loud_at(t, incident)).min();
    let judged = match (incident.label, first.is_some()) {
        _ if elsewhere => Judged::Elsewhere,
        (None, _) => Judged::Unconfirmed,
        (Some(Label::Real), true) => Judged::Found,
        (Some(Label::Real), false) => Judged::Missed,
        (Some(Label::FalseAlarm), true) => Judged::False,
        (Some(Label::FalseAlarm), false) => Judged::Avoided,
    };
    let delay = |at: Timestamp| at.duration_since(incident.since).as_secs().max(0);
    OnRecord {
        incident: incident.id.0.clone(),
        target: incident.target.clone(),
        severity: incident.severity,
        label: incident.label,
        since: incident.since,
        until: incident.resolved_at,
        judged,
        told: first.is_some(),
        ticketed: first.is_none() && told.iter().any(|t| same(t, incident)),
        delay_seconds: first.map(delay),
        delay_then_seconds: delay(incident.opened_at),
    }
}

fn summary(told: &[Told], incidents: &[OnRecord]) -> Summary {
    let pages = told.iter().filter(|t| t.severity == Severity::Page).count();
    let many = |judged: Judged| incidents.iter().filter(|i| i.judged == judged).count();
    let found = incidents.iter().filter(|i| i.judged == Judged::Found);
    let mut delays: Vec<i64> = found.filter_map(|i| i.delay_seconds).collect();
    delays.sort_unstable();
    Summary {
        pages,
        tickets: told.len() - pages,
        found: many(Judged::Found),
        missed: many(Judged::Missed),
        wrong: many(Judged::False),
        avoided: many(Judged::Avoided),
        unconfirmed: many(Judged::Unconfirmed),
        median_delay_seconds: delays.get(delays.len().saturating_sub(1) / 2).copied(),
    }
}
