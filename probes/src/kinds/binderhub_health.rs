//! `binderhub-health`: what a BinderHub says of itself.

mod report;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use self::report::{Check, Report, Versions};
use crate::net::{NetFault, Request};
use crate::{
    Cadence, Cx, Kind, Net, NetError, Outcome, Probe, Reason, Refused, Spec, Stage, exchange, target,
};

pub(super) const KIND: Kind = Kind::of::<HealthSpec>(
    "binderhub-health",
    "Reads a BinderHub's own health page: registry, Hub API and pod quota as one measurement each.",
    &[Stage::Resolve, Stage::Connect, Stage::Tls, Stage::FirstByte, Stage::Body],
    // The page itself waits for a hanging registry: 20 seconds were seen.
    Cadence { every: Duration::from_secs(30), deadline: Duration::from_secs(25) },
    "versions: true\n",
)
.measuring(&["http_status", "check_*_ok", "*_total_pods", "*_build_pods", "*_user_pods", "*_limit"]);

/// Bounds on what is read: the page has a few hundred bytes.
const LARGEST: usize = 256 << 10;
/// How long the versions may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Checks measured at most.
const MOST_CHECKS: usize = 32;

/// The health page must say that all hard checks hold. Its answers are up to 60 s old, it does not try to start a
/// server, and it calls a full BinderHub healthy: use it beside `binder-launch`, not in its place.
#[derive(Deserialize, JsonSchema)]
pub(super) struct HealthSpec {
    /// Also read the version of BinderHub and of its builder.
    #[serde(default = "yes")]
    versions: bool,
    /// Degraded (`no_capacity`) when this share of the pod quota is used; 1 is full.
    #[serde(default = "full")]
    quota_warn_ratio: f64,
}

fn yes() -> bool {
    true
}

fn full() -> f64 {
    1.0
}

impl Spec for HealthSpec {
    type Probe = Health;

    fn build(self, url: &Url) -> Result<Health, Vec<Refused>> {
        let mut refused = Vec::new();
        if !(self.quota_warn_ratio > 0.0 && self.quota_warn_ratio <= 1.0) {
            let what = format!("{} is not a share", self.quota_warn_ratio);
            refused.push(Refused::new("quota_warn_ratio", what, "write a number above 0, up to 1"));
        }
        let page = |path: &str| {
            target::under(url, path).map_err(|e| vec![Refused::new("", format!("target {url}: {e}"), "")])
        };
        let probe = Health {
            health: page("health")?,
            versions: self.versions.then(|| page("versions")).transpose()?,
            quota_warn_ratio: self.quota_warn_ratio,
        };
        if refused.is_empty() { Ok(probe) } else { Err(refused) }
    }
}

pub(super) struct Health {
    health: Url,
    versions: Option<Url>,
    quota_warn_ratio: f64,
}

#[async_trait]
impl Probe for Health {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        let (status, headers, body) = match self.ask(cx).await {
            Ok(answer) => answer,
            Err(error) => return exchange::failed(cx, &error),
        };
        cx.measure("http_status", f64::from(status.as_u16()));
        let report = match serde_json::from_slice::<Report>(&body) {
            Ok(report) => report,
            Err(_) => return unreadable(cx, &self.health, status, &headers, &body),
        };
        let outcome = self.judge(cx, status, &report);
        match &self.versions {
            // What it runs matters only as a fact; a failure here says nothing that the health page did not.
            Some(url) if outcome.is_none() => self.read_versions(cx, url).await,
            _ => {}
        }
        outcome.unwrap_or_else(|| cx.passed())
    }
}

impl Health {
    /// Measures every check. `None`: all is well.
    fn judge(&self, cx: &mut Cx, status: StatusCode, report: &Report) -> Option<Outcome> {
        for check in report.checks.iter().take(MOST_CHECKS) {
            measure(cx, check);
        }
        let hard: Vec<_> = report.checks.iter().filter(|c| !c.ok && !c.soft).map(Check::name).collect();
        if !hard.is_empty() {
            let what = format!("BinderHub says that it cannot use: {}", hard.join(", "));
            return Some(cx.failed(Reason::Unhealthy, what));
        }
        if !status.is_success() {
            let what = format!("{} answered {status} without naming a failed check", self.health);
            return Some(cx.failed(Reason::HttpStatus, what));
        }
        if !report.ok {
            return Some(cx.failed(Reason::Unhealthy, "BinderHub says that it is not ok but names no check"));
        }
        let full = report.checks.iter().find_map(|c| c.full(self.quota_warn_ratio));
        if let Some(what) = full {
            return Some(cx.degraded(Reason::NoCapacity, what));
        }
        let soft: Vec<_> = report.checks.iter().filter(|c| !c.ok).map(Check::name).collect();
        (!soft.is_empty()).then(|| {
            cx.degraded(Reason::Unhealthy, format!("BinderHub reports trouble with: {}", soft.join(", ")))
        })
    }

    async fn ask(&self, cx: &mut Cx) -> Result<(StatusCode, HeaderMap, Bytes), NetError> {
        let mut answer = exchange::send(cx, request(cx, &self.health)?).await?;
        cx.stage(Stage::Body);
        let (status, headers) = (answer.status, std::mem::take(&mut answer.headers));
        Ok((status, headers, answer.read(LARGEST).await?))
    }

    /// Outside the stages, so that they tell of one page only, and bounded: the health page has answered already.
    async fn read_versions(&self, cx: &mut Cx, url: &Url) {
        cx.close_stage();
        let Ok(request) = request(cx, url) else { return };
        let asked = versions(cx.net(), request);
        let Ok(Ok(found)) = tokio::time::timeout(PATIENCE.min(cx.remaining() / 2), asked).await else {
            return cx.line(&format!("{url} tells no versions"));
        };
        if let Some(binderhub) = &found.binderhub {
            cx.fact("binderhub", binderhub);
        }
        if let Some(builder) = found.builder() {
            cx.fact("builder", builder);
        }
    }
}

async fn versions(net: Arc<dyn Net>, request: Request) -> Result<Versions, NetError> {
    let answer = net.send(request).await?.read(LARGEST).await?;
    serde_json::from_slice(&answer).map_err(|e| NetError::new(NetFault::Garbled, e.to_string()))
}

fn request(cx: &Cx, url: &Url) -> Result<Request, NetError> {
    http::Request::get(url.as_str())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, cx.user_agent())
        .body(Bytes::new())
        .map_err(|e| NetError::new(NetFault::Local, format!("cannot ask for {url}: {e}")))
}

/// An answer that is no health report: the case that BinderHub itself makes is told apart.
fn unreadable(cx: &mut Cx, url: &Url, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Outcome {
    if let Some(line) = String::from_utf8_lossy(body).lines().find(|l| !l.trim().is_empty()) {
        cx.line(line);
    }
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("no type");
    match status {
        StatusCode::INTERNAL_SERVER_ERROR => {
            let why =
                "BinderHub answers so when it cannot list pods: look at the Kubernetes API and at its rights";
            cx.failed(Reason::HttpStatus, format!("{url} answered {status} instead of a report; {why}"))
        }
        StatusCode::TOO_MANY_REQUESTS => cx.unknown(Reason::RateLimited, format!("{url} answered {status}")),
        StatusCode::NOT_FOUND => cx.failed(
            Reason::HttpStatus,
            format!("{url} answered {status}: an old BinderHub without a health page, or something else"),
        ),
        _ if status.is_success() => cx.failed(
            Reason::Garbled,
            format!("{url} answered {status} with {kind}, which is no health report"),
        ),
        _ => cx.failed(Reason::HttpStatus, format!("{url} answered {status}")),
    }
}

fn measure(cx: &mut Cx, check: &Check) {
    let service = report::snake(&check.service);
    cx.measure(format!("check_{service}_ok"), if check.ok { 1.0 } else { 0.0 });
    for (name, value) in check.counts() {
        cx.measure(format!("{service}_{name}"), value);
    }
    if !check.ok {
        cx.line(&format!("check failed: {}", check.name()));
    }
}

#[cfg(test)]
mod tests;
