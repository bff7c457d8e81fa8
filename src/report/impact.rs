//! Impact: what an incident meant for launches, by target and probe, in runs and minutes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_probes::Verdict;

use super::course::{self, launches, moment, telling, tenths, worked};
use super::facts::{Figure, Impact, ProbeImpact, Shape, Sourced, Troubles};
use super::material::Material;
use super::scrub::scrubbed;
use crate::observation::{Observation, ProbeId};

/// Ways to fail that are told of one probe.
const WAYS: usize = 6;
/// Width of a cell of the picture, in seconds.
pub(super) const CELL: i64 = 300;
/// Cells of a picture: four days; of what lasts longer, the first four.
const CELLS: usize = 1_152;
/// Figures of the cluster that a report tells: name and words.
pub(super) const FIGURES: &[(&str, &str)] = &[
    ("user_pods_running", "user pods that run"),
    ("user_pods_pending", "user pods that wait"),
    ("drift_orphans", "pods that the Hub does not know"),
    ("drift_stuck", "servers that wait for pods that are ready"),
    ("servers_active", "servers that the Hub believes to run"),
    ("nodes_ready", "nodes that are ready"),
    ("build_pods_pending", "builds that wait"),
    ("hub_latency_seconds", "seconds until the Hub answers"),
    ("events_failed_scheduling", "events: no node has room"),
    ("quota_pods_used_ratio", "share of the namespace's pod quota that is used"),
];

type Runs = BTreeMap<ProbeId, Vec<Observation>>;

/// The impact on every target that has runs.
pub(super) fn impacts(material: &Material, end: Timestamp) -> Vec<Impact> {
    let targets = material.incident.targets.iter();
    targets.filter_map(|target| impact(material, target, end)).collect()
}

fn of_target<'m>(runs: &'m Runs, target: &str) -> Vec<(&'m ProbeId, &'m Vec<Observation>)> {
    runs.iter().filter(|(probe, _)| probe.target() == target).collect()
}

fn impact(material: &Material, target: &str, end: Timestamp) -> Option<Impact> {
    let all = of_target(&material.runs, target);
    let mut count: Vec<_> = all.iter().filter(|(_, runs)| launches(runs)).copied().collect();
    let launching = !count.is_empty();
    if !launching {
        // Where nothing launches, what alerts speak of tells how it stands.
        let alerts = &material.incident.alerts;
        let spoken = |p: &ProbeId| alerts.values().any(|a| a.key.series.to_string() == p.as_str());
        count = all.iter().filter(|(probe, _)| spoken(probe)).copied().collect();
    }
    let (main, _) = *count.iter().min_by_key(|(_, runs)| course::interval(runs))?;
    let mut merged: Vec<&Observation> = count.iter().flat_map(|(_, runs)| runs.iter()).collect();
    merged.sort_by(|a, b| (a.began(), &a.probe).cmp(&(b.began(), &b.probe)));
    let pause = course::shortest_pause(count.iter().map(|(_, runs)| *runs));
    let mut zero = course::zeros(&merged, main, pause);
    zero.retain(|z| z.span(end).1 >= material.incident.since && z.first_bad.value <= end);
    let spans: Vec<_> = zero.iter().map(|z| z.span(end)).collect();
    let bounds: Vec<_> = zero.iter().map(|z| z.bounds(end)).collect();
    let troubled: Vec<_> = count.iter().flat_map(|(_, runs)| course::troubled(runs, end)).collect();
    let troubled: Vec<_> =
        troubled.into_iter().filter(|(a, b)| *b >= material.incident.since && *a <= end).collect();
    let names: Vec<String> = count.iter().map(|(p, _)| p.to_string()).collect();
    let source = format!("runs of {}", names.join(", "));
    let sum = |least: bool| {
        let of = |(a, b): &(jiff::SignedDuration, jiff::SignedDuration)| if least { *a } else { *b };
        tenths(bounds.iter().map(|b| of(b).as_secs_f64()).sum::<f64>() / 60.0)
    };
    let mut probes: Vec<ProbeImpact> =
        all.iter().filter_map(|(p, runs)| of_probe(p, runs, material.incident.since, end)).collect();
    probes.sort_by_key(|p| (!p.launches, p.failed == 0));
    Some(Impact {
        target: target.to_owned(),
        launches: launching,
        zero_minutes: Sourced::new(course::minutes(&spans, &[]), source.clone()),
        zero_bounds: (sum(true), sum(false)),
        degraded_minutes: Sourced::new(course::minutes(&troubled, &spans), source),
        zero,
        probes,
    })
}

fn of_probe(probe: &ProbeId, runs: &[Observation], from: Timestamp, to: Timestamp) -> Option<ProbeImpact> {
    let during: Vec<&Observation> = runs.iter().filter(|r| r.began() >= from && r.began() <= to).collect();
    if during.is_empty() {
        return None;
    }
    let count = |which: &dyn Fn(&Observation) -> bool| during.iter().filter(|r| which(r)).count();
    Some(ProbeImpact {
        probe: probe.to_string(),
        launches: launches(runs),
        made: count(&telling),
        worked: count(&worked),
        degraded: count(&|r| r.outcome.verdict == Verdict::Degraded),
        failed: count(&|r| r.outcome.verdict == Verdict::Failed),
        unknown: count(&|r| !telling(r)),
        troubles: troubles(&during),
    })
}

fn troubles(runs: &[&Observation]) -> Vec<Troubles> {
    let mut ways: BTreeMap<_, Vec<&Observation>> = BTreeMap::new();
    for run in runs.iter().filter(|r| r.outcome.verdict != Verdict::Passed) {
        let o = &run.outcome;
        ways.entry((o.verdict, o.failed_stage, o.reason)).or_default().push(run);
    }
    let told = |runs: Vec<&Observation>| {
        let (first, last) = (runs.first()?, runs.last()?);
        Some(Troubles {
            stage: first.outcome.failed_stage.map(|s| s.to_string()),
            reason: first.outcome.reason.map(|r| r.to_string()),
            verdict: first.outcome.verdict.to_string(),
            count: runs.len(),
            first: moment(first),
            last: moment(last),
            says: scrubbed(&first.outcome.summary),
        })
    };
    let mut told: Vec<Troubles> = ways.into_values().filter_map(told).collect();
    told.sort_by_key(|t| std::cmp::Reverse(t.count));
    told.truncate(WAYS);
    told
}

/// Figures of the cluster that changed.
pub(super) fn figures(runs: &Runs, onset: Timestamp) -> Vec<Figure> {
    let mut found = Vec::new();
    for (name, _) in FIGURES {
        for (probe, runs) in runs {
            found.extend(figure(name, probe, runs, onset));
        }
    }
    found
}

fn figure(name: &str, probe: &ProbeId, runs: &[Observation], onset: Timestamp) -> Option<Figure> {
    let of = |run: &Observation| run.outcome.measurements.iter().find(|m| m.name == name).map(|m| m.value);
    let read: Vec<(&Observation, f64)> =
        runs.iter().filter_map(|r| Some((r, of(r)?))).filter(|(_, v)| v.is_finite()).collect();
    let sourced = |(run, value): &(&Observation, f64)| Sourced::new(*value, course::source(run));
    let before = read.iter().rfind(|(run, _)| run.began() < onset);
    let after = read.iter().filter(|(run, _)| run.began() >= onset);
    // Of several as high, the first.
    let highest = after.reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    let last = read.last()?;
    let changed = before.is_none_or(|b| (b.1 - highest.1).abs() > 0.5 || (b.1 - last.1).abs() > 0.5);
    (changed && highest.1 > 0.0).then(|| Figure {
        name: name.to_owned(),
        probe: probe.to_string(),
        before: before.map(sourced),
        highest: sourced(highest),
        highest_at: highest.0.began(),
        last: sourced(last),
    })
}

/// Launching probes' runs by five minutes; where none launches, those of the first that fails.
pub(super) fn shapes(material: &Material, impact: &[Impact]) -> Vec<Shape> {
    let probes = impact.iter().flat_map(|i| {
        i.probes.iter().filter(|p| p.launches == i.launches && (p.launches || p.failed > 0)).take(2)
    });
    probes.take(4).filter_map(|p| shape(material, &p.probe)).collect()
}

fn shape(material: &Material, probe: &str) -> Option<Shape> {
    let runs = material.runs.get(&ProbeId::from(probe.to_owned()))?;
    let first = material.from.as_second().div_euclid(CELL) * CELL;
    let last = material.to.as_second();
    let many = usize::try_from((last - first).max(0) / CELL + 1).unwrap_or(CELLS).min(CELLS);
    let mut cells = vec![[0_u32; 4]; many];
    for run in runs {
        let at = usize::try_from((run.began().as_second() - first).div_euclid(CELL)).ok();
        let which = match run.outcome.verdict {
            Verdict::Passed => 0,
            Verdict::Degraded => 1,
            Verdict::Failed => 2,
            Verdict::Unknown => 3,
        };
        if let Some(n) = at.and_then(|at| cells.get_mut(at)).and_then(|c| c.get_mut(which)) {
            *n = n.saturating_add(1);
        }
    }
    Some(Shape { probe: probe.to_owned(), from: Timestamp::from_second(first).ok()?, cells })
}
