//! How everything stands, as data: what the page shows and the API hands out.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use launchwatch_alerts::{Incident, Strip};
use launchwatch_probes::{StageTime, Verdict};
use serde::Serialize;

pub(super) use super::words::age;
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

pub(super) async fn status(State(sources): State<Sources>) -> Json<Overview> {
    Json(overview(&sources))
}

pub(super) fn overview(sources: &Sources) -> Overview {
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
        target.standing = if stale { Standing::Unknown } else { standing(target) };
    }
    Overview { at: now, committed_at: board.committed_at, stale, targets }
}

fn standing(target: &TargetView) -> Standing {
    if target.incident.is_some() {
        return Standing::Down;
    }
    let known: Vec<Verdict> = target.probes.iter().filter(|p| !p.stale).filter_map(|p| p.verdict).collect();
    match known.iter().filter(|v| **v != Verdict::Unknown).max() {
        None => Standing::Unknown,
        Some(Verdict::Passed)
            if target.probes.iter().all(|p| !p.stale && p.verdict != Some(Verdict::Unknown)) =>
        {
            Standing::Works
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
