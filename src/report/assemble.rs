//! Assemble: facts from what was read, and from nothing else.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::diagnosis::cause;
use launchwatch_alerts::{AlertState, Incident, SeriesId, Severity};
use launchwatch_probes::Verdict;

use super::course::{self, moment, telling, worked};
use super::events;
use super::facts::{
    Cause, Deed, Detection, FACTS_SCHEMA, Facts, Gap, Impact, Late, Moment, Onset, Period, Quiet, Recovery,
    Related, Sourced,
};
use super::impact;
use super::material::Material;
use super::scrub::scrubbed;
use super::words::slug;
use crate::observation::{Observation, ProbeId};
use crate::store::DeliveryState;

/// A sign this much earlier than the first failure is told of its own.
const EARLIER: SignedDuration = SignedDuration::from_secs(60);
/// Incidents with the same cause that are named.
const RELATED: usize = 10;
/// Gaps that are told.
const GAPS: usize = 40;
/// Lines of evidence of one cause.
const EVIDENCE: usize = 8;

/// Facts from what was read, with what people told afterwards.
#[must_use]
pub fn facts(material: &Material, late: &[Late]) -> Facts {
    let incident = &material.incident;
    let end = incident.resolved_at.unwrap_or(material.to).min(material.to);
    let impact = impact::impacts(material, end);
    let onset = onset(material, &impact);
    let began = onset.first_bad.as_ref().map_or(incident.since, |m| m.value);
    let read = material.runs.values().map(Vec::len).sum();
    let mut facts = Facts {
        schema: FACTS_SCHEMA.to_owned(),
        incident: incident.id.to_string(),
        target: incident.target.clone(),
        targets: incident.targets.clone(),
        state: incident.state,
        severity: incident.severity,
        label: incident.label,
        made_at: material.now,
        period: Period { from: material.from, to: material.to, runs: read, cut: material.cut },
        detection: detection(material),
        events: Vec::new(),
        causes: causes(incident),
        deeds: deeds(incident),
        not_first: not_first(incident),
        figures: impact::figures(&material.runs, began),
        recovery: recovery(material, &impact, began, end),
        gaps: gaps(material, end),
        quiet: quiet(material),
        related: related(material),
        shape: impact::shapes(material, &impact),
        onset,
        impact,
    };
    let mut all = events::events(material, late);
    all.extend(events::turns(&facts));
    facts.events = events::in_order(all);
    facts
}

fn onset(material: &Material, impact: &[Impact]) -> Onset {
    let incident = &material.incident;
    let zero = impact.iter().flat_map(|i| i.zero.iter().map(move |z| (i, z)));
    let mut onset = match zero.min_by_key(|(_, z)| z.first_bad.value) {
        Some((i, zero)) => Onset {
            last_good: zero.last_good.clone(),
            first_bad: Some(zero.first_bad.clone()),
            what: what(material, zero.first_bad.value, i),
            first_sign: None,
        },
        None => single(material),
    };
    let source = format!("incident {}", incident.id);
    let bad = onset.first_bad.as_ref().map_or(Timestamp::MAX, |m| m.value);
    if bad.duration_since(incident.since) > EARLIER {
        let first = incident.alerts.values().find(|a| a.since == incident.since);
        let words = first.map_or_else(
            || "something is out of order".to_owned(),
            |a| format!("{} over {}", a.key.rule, a.key.series),
        );
        let found = first.and_then(|a| material.runs.get(&probe(&a.key.series, material)));
        let run = found
            .and_then(|runs| runs.iter().find(|r| r.began() == incident.since || r.slot == incident.since));
        let words = run.map_or_else(|| words.clone(), |run| format!("{words} ({})", says(run)));
        onset.first_sign = Some((run.map_or_else(|| Sourced::new(incident.since, source), moment), words));
    }
    onset
}

/// The probe of a series, as runs on record are called.
fn probe(series: &SeriesId, material: &Material) -> ProbeId {
    let id = ProbeId::new(&series.target, &series.probe);
    let at = id.at(&series.location);
    if material.runs.contains_key(&at) { at } else { id }
}

/// What failed then, in words.
fn what(material: &Material, at: Timestamp, impact: &Impact) -> String {
    let mut runs = material.runs.iter().filter(|(p, _)| p.target() == impact.target).flat_map(|(_, r)| r);
    let run = runs.find(|r| r.began() == at && r.outcome.verdict == Verdict::Failed);
    run.map(says).unwrap_or_default()
}

fn says(run: &Observation) -> String {
    let o = &run.outcome;
    let reason = o.reason.map(|r| launchwatch_alerts::text::reason(r.as_str()));
    let stage = o.failed_stage.map(|s| launchwatch_alerts::text::stage(s.as_str()));
    let words: Vec<String> = [reason, stage].into_iter().flatten().collect();
    format!("{}: {}", run.probe, words.join(" "))
}

/// The first run that did not work among those that alerts speak of: where nothing was wholly down.
fn single(material: &Material) -> Onset {
    let incident = &material.incident;
    let spoken: BTreeSet<ProbeId> =
        incident.alerts.values().map(|a| probe(&a.key.series, material)).collect();
    let runs = || spoken.iter().filter_map(|p| material.runs.get(p));
    let find = |bad: &dyn Fn(&Observation) -> bool| {
        let all = runs().flatten().filter(|r| r.began() >= incident.since && bad(r));
        all.min_by_key(|r| r.began())
    };
    let failed = |r: &Observation| r.outcome.verdict == Verdict::Failed;
    let first = find(&failed).or_else(|| find(&|r| r.outcome.verdict == Verdict::Degraded));
    let good = first.and_then(|first| {
        let own = material.runs.get(&first.probe)?;
        own.iter().rfind(|r| r.began() < first.began() && r.outcome.verdict == Verdict::Passed)
    });
    Onset {
        last_good: good.map(moment),
        first_bad: first.map(moment),
        what: first.map(says).unwrap_or_default(),
        first_sign: None,
    }
}

fn detection(material: &Material) -> Detection {
    let incident = &material.incident;
    let alert = |s: &launchwatch_alerts::Spell| {
        Sourced::new(s.fired_at, format!("alert {} over {}", s.rule, s.series))
    };
    let first = |page: bool| {
        let spells = incident.spells.iter().filter(|s| !page || s.severity == Severity::Page);
        spells.min_by_key(|s| s.fired_at).map(alert)
    };
    let page: Option<Moment> = first(true);
    let taken = || material.deliveries.iter().filter_map(|d| Some((d, d.delivered_at?)));
    let told = |from: Timestamp| {
        // Deliveries are kept to the microsecond, alerts are not cut.
        let after = taken().filter(|(d, _)| d.at.as_microsecond() >= from.as_microsecond());
        after
            .min_by_key(|(_, at)| *at)
            .map(|(d, at)| Sourced::new(at, format!("delivery {} through {}", d.notification.0, d.channel)))
    };
    let acknowledged = incident.timeline.iter().find(|e| e.by.is_some() && e.what == "acknowledged");
    let acknowledged = acknowledged.map(|e| e.at).or(incident.ack.as_ref().map(|a| a.at));
    Detection {
        alert: first(false),
        told: told(Timestamp::MIN),
        told_page: page.as_ref().and_then(|page| told(page.value)),
        page,
        channels: taken().map(|(d, _)| d.channel.clone()).collect(),
        lost: material.deliveries.iter().filter(|d| d.state == DeliveryState::Refused).count(),
        acknowledged: acknowledged.map(|at| Sourced::new(at, format!("incident {}", incident.id))),
    }
}

fn causes(incident: &Incident) -> Vec<Cause> {
    let source = format!("incident {}", incident.id);
    let mut all: Vec<Cause> = Vec::new();
    for named in &incident.named {
        let at = Sourced::new(named.at, source.clone());
        let evidence = named.evidence.iter().map(|e| scrubbed(e));
        let known = all.iter_mut().find(|c| c.label == slug(&named.label));
        let known = match known {
            Some(known) => known,
            None => {
                let title = cause(&named.label).map_or_else(String::new, |c| c.title.to_owned());
                all.push(Cause {
                    label: slug(&named.label),
                    title,
                    named: at.clone(),
                    first: None,
                    rank: named.rank,
                    evidence: Vec::new(),
                    against: Vec::new(),
                    confidence: None,
                });
                let Some(last) = all.last_mut() else { continue };
                last
            }
        };
        known.rank = known.rank.min(named.rank);
        if named.rank == 1 && known.first.is_none() {
            known.first = Some(at);
        }
        for line in evidence {
            if !known.evidence.contains(&line) && known.evidence.len() < EVIDENCE {
                known.evidence.push(line);
            }
        }
    }
    for standing in &incident.diagnosis {
        if let Some(known) = all.iter_mut().find(|c| c.label == slug(&standing.label)) {
            known.confidence = Some(standing.confidence);
            known.against = standing.against.iter().map(|a| scrubbed(a)).collect();
            known.title = scrubbed(&standing.title);
        }
    }
    all.sort_by_key(|c| (c.rank, c.named.value));
    all
}

fn deeds(incident: &Incident) -> Vec<Deed> {
    let deed = |p: &launchwatch_alerts::Proposed| Deed {
        action: p.proposal.action.to_string(),
        mode: p.proposal.mode.as_str().to_owned(),
        at: Sourced::new(p.at, format!("incident {}", incident.id)),
        executed: p.executed,
        why: scrubbed(&p.proposal.why),
        effect: scrubbed(&p.proposal.effect),
        open_guards: p
            .proposal
            .guards
            .iter()
            .filter(|g| g.holds != Some(true))
            .map(|g| {
                format!("{} ({})", scrubbed(&g.says), if g.holds.is_some() { "no" } else { "not known" })
            })
            .collect(),
    };
    incident.proposed.iter().map(deed).collect()
}

fn not_first(incident: &Incident) -> Vec<(String, String)> {
    let all = incident.diagnosis.iter().flat_map(|d| &d.not_first);
    let all: BTreeSet<_> = all.map(|(action, why)| (action.to_string(), scrubbed(why))).collect();
    all.into_iter().collect()
}

fn recovery(material: &Material, impact: &[Impact], began: Timestamp, end: Timestamp) -> Recovery {
    let incident = &material.incident;
    let source = || format!("incident {}", incident.id);
    let zeros = impact.iter().flat_map(|i| &i.zero);
    let last = zeros.max_by_key(|z| z.span(end).1);
    let (last_bad, first_good) = match last {
        Some(zero) => (Some(zero.last_bad.clone()), zero.first_good.clone()),
        None => after(material, began, end),
    };
    let firing = |a: &&launchwatch_alerts::Alert| a.state == AlertState::Firing;
    let still = incident.alerts.values().filter(firing);
    let open = incident.resolved_at.is_none();
    Recovery {
        last_bad,
        first_good,
        recovered: incident.recovered_at.map(|at| Sourced::new(at, source())),
        resolved: incident.resolved_at.map(|at| Sourced::new(at, source())),
        still: still.filter(|_| open).map(|a| format!("{} over {}", a.key.rule, a.key.series)).collect(),
    }
}

/// The last run that failed and the first that worked after it, where nothing was wholly down.
fn after(material: &Material, began: Timestamp, end: Timestamp) -> (Option<Moment>, Option<Moment>) {
    let incident = &material.incident;
    let spoken: BTreeSet<ProbeId> =
        incident.alerts.values().map(|a| probe(&a.key.series, material)).collect();
    let all = || spoken.iter().filter_map(|p| material.runs.get(p)).flatten();
    let during = all().filter(|r| r.began() >= began && r.began() <= end && telling(r));
    let Some(bad) = during.filter(|r| r.outcome.verdict != Verdict::Passed).max_by_key(|r| r.began()) else {
        return (None, None);
    };
    let good = all().filter(|r| r.probe == bad.probe && r.began() > bad.began() && worked(r));
    (Some(moment(bad)), good.min_by_key(|r| r.began()).map(moment))
}

fn gaps(material: &Material, end: Timestamp) -> Vec<Gap> {
    let from = material.incident.since.checked_sub(SignedDuration::from_mins(10)).unwrap_or(material.from);
    let span = (from.max(material.from), end.max(from));
    let within = |gap: &Gap| gap.to > span.0 && gap.from < span.1;
    let all =
        material.runs.iter().flat_map(|(probe, runs)| course::gaps(probe, runs, (material.from, span.1)));
    all.filter(within).take(GAPS).collect()
}

fn quiet(material: &Material) -> Vec<Quiet> {
    let (from, to) = (material.incident.since, material.to);
    let series: Vec<SeriesId> = material.incident.alerts.values().map(|a| a.key.series.clone()).collect();
    let begun = material.silences.iter().filter(|s| s.until > from && s.from < to);
    let begun = begun.filter(|s| series.iter().any(|one| s.of.matches(one))).map(|s| Quiet {
        id: s.id.clone(),
        maintenance: s.maintenance,
        from: s.from,
        until: s.until,
    });
    let planned = material.planned.iter().filter(|m| series.iter().any(|one| m.about(one)));
    let planned = planned.flat_map(|m| {
        let stretches = m.when.stretches(from, to).into_iter();
        stretches.map(|(a, b)| Quiet { id: m.name.clone(), maintenance: true, from: a, until: b })
    });
    begun.chain(planned).collect()
}

fn related(material: &Material) -> Vec<Related> {
    let labels = |i: &Incident| -> BTreeSet<String> {
        i.named.iter().filter(|n| n.rank == 1).map(|n| n.label.clone()).collect()
    };
    let ours = labels(&material.incident);
    let mut all: Vec<Related> = Vec::new();
    for other in &material.others {
        let theirs = labels(other);
        if let Some(cause) = ours.intersection(&theirs).next() {
            all.push(Related {
                incident: other.id.to_string(),
                target: other.target.clone(),
                since: other.since,
                until: other.recovered_at.or(other.resolved_at),
                cause: slug(cause),
                label: other.label,
            });
        }
    }
    all.sort_by_key(|r| std::cmp::Reverse(r.since));
    all.truncate(RELATED);
    all
}
