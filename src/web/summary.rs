//! How everything stands, as data: what the page shows and the API hands out.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use launchwatch_alerts::{Incident, Severity, Strip};
use launchwatch_probes::{StageTime, Verdict};
use serde::Serialize;

use super::access::Who;
use super::{Sources, api, health};
use crate::pipeline::board::ProbeState;

/// How a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// Everything that was looked at works.
    Works,
    /// It works, but not well, or not all of it.
    Troubled,
    /// An incident is open.
    Down,
    /// Nothing is known, or what is known is old.
    Unknown,
}

#[derive(Debug, Serialize)]
pub(super) struct Overview {
    /// When this was put together.
    pub at: Timestamp,
    /// When results were last written down.
    pub committed_at: Option<Timestamp>,
    /// True when the recorder is silent: nothing below may be believed.
    pub stale: bool,
    pub targets: Vec<TargetView>,
}

#[derive(Debug, Serialize)]
pub(super) struct TargetView {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub standing: Standing,
    pub incident: Option<Incident>,
    pub probes: Vec<ProbeView>,
}

#[derive(Debug, Serialize)]
pub(super) struct ProbeView {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub verdict: Option<Verdict>,
    pub stale: bool,
    pub ended_at: Option<Timestamp>,
    pub last_good_at: Option<Timestamp>,
    pub reason: Option<&'static str>,
    pub failed_stage: Option<&'static str>,
    pub summary: String,
    pub seconds: Option<f64>,
    pub stages: Vec<StageTime>,
    pub evidence: Vec<String>,
    pub strip: Strip,
}

pub(super) async fn status(State(sources): State<Sources>, who: Who) -> Json<Overview> {
    Json(if who.known() { everything(&sources) } else { overview(&sources) })
}

/// What the public may know: without targets that are hidden, without evidence, without people.
pub(super) fn overview(sources: &Sources) -> Overview {
    let mut view = everything(sources);
    view.targets.retain(|target| sources.status.shows(&target.name));
    for target in &mut view.targets {
        target.probes.iter_mut().for_each(|probe| probe.evidence.clear());
        target.incident.iter_mut().for_each(strip_people_and_evidence);
    }
    view
}

fn strip_people_and_evidence(incident: &mut Incident) {
    incident.timeline.retain(|entry| entry.by.is_none());
    incident.assignee = None;
    incident.ack.iter_mut().for_each(|ack| ack.by.clear());
    incident.alerts.values_mut().for_each(|alert| alert.evidence.clear());
    incident.named.iter_mut().for_each(|named| named.evidence.clear());
    for cause in &mut incident.diagnosis {
        cause.evidence.clear();
        cause.against.clear();
    }
}

/// How everything stands, for those who may see everything.
pub(super) fn everything(sources: &Sources) -> Overview {
    let now = sources.clock.now();
    let stale = health::silence(sources).is_some_and(|for_| for_ > health::STALE);
    let board = sources.board.read();
    let mut targets: Vec<TargetView> = Vec::new();
    for state in board.probes.values() {
        let view = probe(state, now);
        match targets.last_mut().filter(|t| t.name == state.id.target()) {
            Some(target) => target.probes.push(view),
            None => targets.push(TargetView {
                name: state.id.target().to_owned(),
                labels: board.labels.get(state.id.target()).cloned().unwrap_or_default(),
                standing: Standing::Unknown,
                incident: board.open.get(state.id.target()).cloned().map(api::without_comments),
                probes: vec![view],
            }),
        }
    }
    for target in &mut targets {
        let looks = target.probes.iter().map(|p| Look {
            launches: launches(p.kind),
            stale: p.stale,
            verdict: p.verdict,
        });
        let incident = target.incident.as_ref().map(Incident::loudness);
        target.standing = if stale { Standing::Unknown } else { stand(incident, looks) };
    }
    Overview { at: now, committed_at: board.committed_at, stale, targets }
}

/// What the last look of a probe says for how its target stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// It starts servers: what users come for.
    pub launches: bool,
    /// It is overdue.
    pub stale: bool,
    /// `None` before the first run.
    pub verdict: Option<Verdict>,
}

/// Whether probes of this type start servers.
pub(super) fn launches(kind: &str) -> bool {
    launchwatch_probes::KINDS.iter().any(|k| k.name == kind && k.launches)
}

/// How a target stands, by how loud its open incident is and by the last looks of its probes. Down is what lets nobody in: while
/// some launches work, or while what fails can wait for the morning, it works in part.
pub(super) fn stand(incident: Option<Severity>, looks: impl Iterator<Item = Look>) -> Standing {
    let looks: Vec<Look> = looks.collect();
    let works = |l: &Look| !l.stale && matches!(l.verdict, Some(Verdict::Passed | Verdict::Degraded));
    match incident {
        Some(Severity::Page) if !looks.iter().any(|l| l.launches && works(l)) => return Standing::Down,
        Some(_) => return Standing::Troubled,
        None => {}
    }
    let known = looks.iter().filter(|l| !l.stale).filter_map(|l| l.verdict);
    match known.filter(|v| *v != Verdict::Unknown).max() {
        None => Standing::Unknown,
        Some(Verdict::Passed) => {
            let all = looks.iter().all(|l| !l.stale && l.verdict == Some(Verdict::Passed));
            if all { Standing::Works } else { Standing::Unknown }
        }
        Some(_) => Standing::Troubled,
    }
}

fn probe(state: &ProbeState, now: Timestamp) -> ProbeView {
    let last = state.last.as_ref();
    let outcome = last.map(|(_, o)| o);
    ProbeView {
        name: state.id.probe().to_owned(),
        kind: state.kind,
        verdict: outcome.map(|o| o.verdict),
        stale: last.is_some_and(|(at, _)| state.stale(*at, now)),
        ended_at: last.map(|(at, _)| *at),
        last_good_at: state.last_good,
        reason: outcome.and_then(|o| o.reason).map(|r| r.as_str()),
        failed_stage: outcome.and_then(|o| o.failed_stage).map(|s| s.as_str()),
        summary: outcome.map(|o| o.summary.clone()).unwrap_or_default(),
        seconds: outcome.map(|o| o.took().as_secs_f64()),
        stages: outcome.map(|o| o.stages.clone()).unwrap_or_default(),
        evidence: outcome.map(|o| o.evidence.clone()).unwrap_or_default(),
        strip: state.strip(now),
    }
}
