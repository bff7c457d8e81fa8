//! Events: everything that happened, in order, from the record of the incident, its deliveries and its runs.

use std::collections::BTreeMap;

use launchwatch_alerts::{Entry, Incident, Severity};

use super::course::{source, telling};
use super::facts::{Event, EventKind, Facts, Late};
use super::material::Material;
use super::scrub::scrubbed;
use crate::observation::Observation;
use crate::store::DeliveryState;

/// Facts of runs that say which version something has.
const VERSIONS: &[&str] = &["binderhub", "builder", "version", "hub_version", "jupyterhub"];
/// Reminders that are told one by one; the rest as one.
const REMINDERS: usize = 3;
/// Events that a report lists.
const MOST: usize = 400;

/// All of them but those of the onset and the recovery.
pub(super) fn events(material: &Material, late: &[Late]) -> Vec<Event> {
    let incident = &material.incident;
    let mut all = alerts(incident);
    all.extend(causes(incident));
    all.extend(proposals(incident));
    all.extend(told(material));
    all.extend(incident.timeline.iter().filter_map(|entry| entry_of(incident, entry)));
    all.extend(material.runs.values().flat_map(|runs| deploys(runs)));
    all.extend(late.iter().map(|late| Event {
        at: late.at,
        kind: EventKind::Person,
        what: scrubbed(&late.what),
        by: None,
        source: "told afterwards".to_owned(),
        afterwards: true,
    }));
    all
}

/// In order, and not without end: of too many, the first and the last.
pub(super) fn in_order(mut all: Vec<Event>) -> Vec<Event> {
    all.sort_by_key(|e| (e.at, e.kind));
    if all.len() > MOST {
        let last = all.split_off(all.len() - MOST / 2);
        all.truncate(MOST / 2);
        all.extend(last);
    }
    all
}

fn event(at: jiff::Timestamp, kind: EventKind, what: String, source: String) -> Event {
    Event { at, kind, what, by: None, source, afterwards: false }
}

fn alerts(incident: &Incident) -> Vec<Event> {
    let mut all = Vec::new();
    for spell in &incident.spells {
        let source = format!("alert {} over {}", spell.rule, spell.series);
        let loud = if spell.severity == Severity::Page { "pages" } else { "a ticket" };
        let (name, series) = (&spell.alert, &spell.series);
        all.push(event(
            spell.fired_at,
            EventKind::Alert,
            format!("alert {name} fires on {series} ({loud})"),
            source.clone(),
        ));
        if let Some(at) = spell.resolved_at {
            all.push(event(at, EventKind::Alert, format!("alert {name} on {series} is over"), source));
        }
    }
    all
}

fn causes(incident: &Incident) -> Vec<Event> {
    let source = format!("incident {}", incident.id);
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut all = Vec::new();
    for named in &incident.named {
        // Said again, or less likely than before: no news.
        if seen.get(named.label.as_str()).is_some_and(|rank| *rank <= named.rank) {
            continue;
        }
        seen.insert(&named.label, named.rank);
        let place = if named.rank == 1 { "likely cause" } else { "perhaps also" };
        let why = named.evidence.first().map_or_else(String::new, |e| format!(" ({})", scrubbed(e)));
        let what = format!("{place} named: {}{why}", scrubbed(&named.label));
        all.push(event(named.at, EventKind::Cause, what, source.clone()));
    }
    all
}

fn proposals(incident: &Incident) -> Vec<Event> {
    let of = |p: &launchwatch_alerts::Proposed| {
        let done = if p.executed { "carried out" } else { "proposed" };
        let what = format!("{} {done} ({})", p.proposal.action, p.proposal.mode.as_str());
        event(p.at, EventKind::Proposal, what, format!("incident {}", incident.id))
    };
    incident.proposed.iter().map(of).collect()
}

/// Messages, those of one kind and moment together.
fn told(material: &Material) -> Vec<Event> {
    let mut taken: BTreeMap<(&str, &str), (jiff::Timestamp, Vec<&str>)> = BTreeMap::new();
    let mut all = Vec::new();
    for d in &material.deliveries {
        match (d.state, d.delivered_at) {
            (DeliveryState::Delivered, Some(at)) => {
                let row = taken.entry((&d.notification.0, &d.kind)).or_insert((at, Vec::new()));
                row.0 = row.0.min(at);
                row.1.push(&d.channel);
            }
            (DeliveryState::Refused, _) => {
                let why = d.error.as_deref().map_or_else(String::new, |e| format!(": {}", scrubbed(e)));
                let what = format!("message ({}) not taken by {}{why}", d.kind, scrubbed(&d.channel));
                all.push(event(d.at, EventKind::Told, what, source_of(&d.notification.0)));
            }
            _ => {}
        }
    }
    let mut rows: Vec<_> = taken.into_iter().collect();
    rows.sort_by_key(|(_, (at, _))| *at);
    let mut reminders = 0;
    for ((id, kind), (at, channels)) in rows {
        reminders += usize::from(kind == "reminder");
        if kind == "reminder" && reminders > REMINDERS {
            continue;
        }
        let what = format!("told through {}: {kind}", scrubbed(&channels.join(", ")));
        all.push(event(at, EventKind::Told, what, source_of(id)));
    }
    all
}

fn source_of(notification: &str) -> String {
    format!("delivery {notification}")
}

/// What is not said by alerts, causes and deliveries already.
fn entry_of(incident: &Incident, entry: &Entry) -> Option<Event> {
    let source = format!("incident {}", incident.id);
    let what = scrubbed(&entry.what);
    match &entry.by {
        Some(by) => Some(Event {
            by: Some(launchwatch_alerts::text::one_line(by, 80)),
            ..event(entry.at, EventKind::Person, what, source)
        }),
        None => {
            let said = what.contains(" fires: ")
                || what.ends_with(" is well")
                || what.contains(" told to ")
                || what.starts_with("likely cause: ");
            (!said).then(|| event(entry.at, EventKind::Note, what, source))
        }
    }
}

/// Versions that changed between two runs of a probe.
fn deploys(runs: &[Observation]) -> Vec<Event> {
    let mut all = Vec::new();
    for name in VERSIONS {
        let of = |run: &&Observation| run.outcome.facts.contains_key(*name) && telling(run);
        let with: Vec<&Observation> = runs.iter().filter(of).collect();
        for pair in with.windows(2) {
            let (Some(old), Some(new)) = (pair.first(), pair.get(1)) else { continue };
            let value =
                |run: &Observation| run.outcome.facts.get(*name).map(|v| scrubbed(v)).unwrap_or_default();
            if value(old) != value(new) {
                let words = format!("{name} of {} changed from {} to {}", new.probe, value(old), value(new));
                all.push(event(new.began(), EventKind::Deploy, words, source(new)));
            }
        }
    }
    all
}

/// The last good and first bad run, and the first good one again, of every target.
pub(super) fn turns(facts: &Facts) -> Vec<Event> {
    let mut all = Vec::new();
    let mut turn = |m: Option<&super::facts::Moment>, what: String| {
        all.extend(m.map(|m| event(m.value, EventKind::Run, what, m.source.clone())));
    };
    if let Some((sign, what)) = &facts.onset.first_sign {
        turn(Some(sign), format!("first sign: {what}"));
    }
    for impact in &facts.impact {
        let looks = if impact.launches { "launch" } else { "look" };
        for zero in &impact.zero {
            let target = &impact.target;
            turn(zero.last_good.as_ref(), format!("the last {looks} on {target} that works begins"));
            turn(Some(&zero.first_bad), format!("the first {looks} on {target} that fails begins"));
            turn(zero.first_good.as_ref(), format!("the first {looks} on {target} that works again begins"));
        }
    }
    if facts.impact.iter().all(|i| i.zero.is_empty()) {
        turn(facts.onset.last_good.as_ref(), "the last run that works begins".to_owned());
        turn(
            facts.onset.first_bad.as_ref(),
            format!("the first run that does not begins: {}", facts.onset.what),
        );
        turn(facts.recovery.first_good.as_ref(), "the first run that works again begins".to_owned());
    }
    all
}
