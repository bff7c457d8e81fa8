//! How everything stands, as data: the status page's own overview, as far as the caller may see it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use launchwatch_alerts::Strip;
use launchwatch_probes::Verdict;
use schemars::JsonSchema;
use serde::Serialize;

use super::runs::StageView;
use super::view::IncidentView;
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::summary::{self, Standing};

/// How everything stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct Status {
    /// When this was put together.
    at: Timestamp,
    /// When results were last written down.
    committed_at: Option<Timestamp>,
    /// True when the recorder is silent: nothing below may be believed.
    stale: bool,
    /// By name.
    pub(super) targets: Vec<TargetView>,
}

/// How a target stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct TargetView {
    /// Its name.
    pub(super) name: String,
    /// The operator's words for it.
    pub(super) labels: BTreeMap<String, String>,
    /// In a word.
    pub(super) standing: Standing,
    /// Its open incident in brief.
    pub(super) incident: Option<IncidentView>,
    /// Its probes by name.
    pub(super) probes: Vec<ProbeView>,
}

/// How a probe stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct ProbeView {
    /// Its name.
    pub(super) name: String,
    /// Its kind.
    #[serde(rename = "type")]
    kind: String,
    /// The judgement over the last run; null before there was one.
    verdict: Option<Verdict>,
    /// A run must have been missed since: the verdict is old.
    stale: bool,
    /// When the last run ended.
    ended_at: Option<Timestamp>,
    /// When the last run ended that worked.
    last_good_at: Option<Timestamp>,
    /// Why the last run did not pass.
    reason: Option<String>,
    /// The stage in which it did not pass.
    failed_stage: Option<String>,
    /// One sentence; empty to callers who are not known.
    summary: String,
    /// How long the last run took.
    seconds: Option<f64>,
    /// The last run's stages in the order they began.
    stages: Vec<StageView>,
    /// The last lines seen; empty to callers who are not known.
    evidence: Vec<String>,
    /// The last six hours.
    strip: Strip,
}

/// How everything stands, as far as the caller may see it.
pub(in crate::web) async fn status(State(sources): State<Sources>, who: Who) -> Json<Status> {
    Json(shown(&sources, &who))
}

/// The overview, without lines of logs for those who are not known.
pub(super) fn shown(sources: &Sources, who: &Who) -> Status {
    let known = who.known();
    let all = if known { summary::everything(sources) } else { summary::overview(sources) };
    let target = |target: summary::TargetView| TargetView {
        name: target.name,
        labels: target.labels,
        standing: target.standing,
        incident: target.incident.map(|incident| IncidentView::brief(incident, known)),
        probes: target.probes.into_iter().map(|p| probe(p, known)).collect(),
    };
    Status {
        at: all.at,
        committed_at: all.committed_at,
        stale: all.stale,
        targets: all.targets.into_iter().map(target).collect(),
    }
}

fn probe(probe: summary::ProbeView, known: bool) -> ProbeView {
    ProbeView {
        name: probe.name,
        kind: probe.kind.to_owned(),
        verdict: probe.verdict,
        stale: probe.stale,
        ended_at: probe.ended_at,
        last_good_at: probe.last_good_at,
        reason: probe.reason.map(str::to_owned),
        failed_stage: probe.failed_stage.map(str::to_owned),
        summary: if known { probe.summary } else { String::new() },
        seconds: probe.seconds,
        stages: probe.stages.iter().map(StageView::from).collect(),
        evidence: if known { probe.evidence } else { Vec::new() },
        strip: probe.strip,
    }
}
