//! What agents, cron jobs and other programs tell us of what they saw, and what agents are to look at.
//!
//! # Why
//! Whoever tells may be old, new, cut off for hours, or not what they say they are. So each observation is judged by itself
//! and refused with a reason; what is answered as taken is durable; and telling it again changes nothing.

mod body;
mod check;
mod rate;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;

use super::letter::Asked;
use crate::inbox::Suspect;
use crate::pipeline::agents::Agent;
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::problem::Problem;
use crate::wire::{Plan, Report, Taken};

pub use rate::Rates;

/// Longest that whoever tells waits until it is durable.
const PATIENCE: Duration = Duration::from_secs(15);
/// Most runs under way that are told of at once.
const SUSPECTS: usize = 100;

/// What the agent is to look at, as it was written: secrets are references that it resolves itself. `ETag` is the version:
/// with `If-None-Match`, 304 says that nothing changed.
pub(in crate::web) async fn plan(
    State(sources): State<Sources>,
    who: Who,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let agent = agent(&sources, &who, None)?;
    let tag = format!("\"{}\"", agent.version);
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let same = known.flat_map(|value| value.split(',')).any(|known| known.trim() == tag);
    let value = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
    if same {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, value)]).into_response());
    }
    let last = sources.store.last_slots().await?;
    let its = last.into_iter().filter(|(id, _)| agent.probes.contains(id));
    let plan = Plan {
        version: agent.version.clone(),
        location: agent.name.to_string(),
        now: sources.clock.now(),
        configuration: agent.configuration.clone(),
        last_slots: its.map(|(id, slot)| (check::bare(&id), slot)).collect(),
    };
    Ok(([(header::ETAG, value)], Json(plan)).into_response())
}

/// What an agent saw.
pub(in crate::web) async fn report(
    State(sources): State<Sources>,
    who: Who,
    request: Request,
) -> Result<Response, Response> {
    let agent = agent(&sources, &who, None).map_err(IntoResponse::into_response)?;
    take(&sources, &who, agent, request).await
}

/// From where it was seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Whence {
    /// The name of an agent; its own by default, where an agent tells.
    location: Option<String>,
}

/// What another program saw.
pub(in crate::web) async fn observations(
    State(sources): State<Sources>,
    who: Who,
    Asked(whence): Asked<Whence>,
    request: Request,
) -> Result<Response, Response> {
    let agent = agent(&sources, &who, whence.location).map_err(IntoResponse::into_response)?;
    take(&sources, &who, agent, request).await
}

/// The agent that somebody speaks for.
fn agent<'a>(sources: &'a Sources, who: &Who, said: Option<String>) -> Result<&'a Agent, Problem> {
    let named = match (&who.location, said) {
        (Some(own), Some(said)) if **own != *said => {
            let what = format!("this token is for the agent `{own}`");
            return Err(Problem::forbidden(what, "tell what was seen from there, or use its own token"));
        }
        (Some(own), _) => own.to_string(),
        (None, Some(said)) => said,
        (None, None) => {
            return Err(Problem::nonsense("from where it was seen is not said", "add `?location=NAME`"));
        }
    };
    sources.agents.get(&named).ok_or_else(|| {
        let named = launchwatch_alerts::text::one_line(&named, 64);
        let hint = "the service's configuration names those that may report: `agents: [{ name: … }]`";
        Problem::forbidden(format!("there is no agent `{named}` (any more)"), hint)
    })
}

async fn take(sources: &Sources, who: &Who, agent: &Agent, request: Request) -> Result<Response, Response> {
    if let Err(wait) = sources.rates.take(&format!("{} {}", agent.name, who.name)) {
        return Err(too_many(wait));
    }
    let limit = tokio::time::timeout(PATIENCE, taken(sources, agent, request)).await;
    let result = limit.unwrap_or_else(|_| {
        Err(Problem::later(
            "it could not be written down in time",
            "send it again: what is known counts once",
        ))
    });
    result.map(|taken| Json(taken).into_response()).map_err(IntoResponse::into_response)
}

async fn taken(sources: &Sources, agent: &Agent, request: Request) -> Result<Taken, Problem> {
    let now = sources.clock.now();
    let bytes = body::read(request).await?;
    let busy = |_| Problem::later("the service stops", "send it again");
    let _room = sources.agents.room().acquire().await.map_err(busy)?;
    let (report, observations) = body::report(&bytes)?;
    drop(bytes);
    sources.agents.heard_of(&agent.name, &report, now, &sources.metrics);
    if !sources.lead.leads() {
        let word = Report { observations: Vec::new(), suspects: Vec::new(), ..report.clone() };
        sources.orders.heard(&agent.name, serde_json::to_value(word).unwrap_or_default());
    }
    for sent in report.suspects.into_iter().take(SUSPECTS) {
        if let Some(probe) = check::assigned(agent, &sent.probe) {
            let location = Arc::clone(&agent.name);
            let line = launchwatch_alerts::text::one_line(&sent.line, check::LINE);
            // Its end will be told in any case.
            let _put = sources.orders.suspect(Suspect {
                probe,
                location,
                slot: check::to_the_microsecond(sent.slot),
                began: sent.began,
                reason: sent.reason,
                stage: sent.stage,
                line,
                withdrawn: sent.withdrawn,
            });
        }
    }
    let (good, refused) = check::all(agent, observations, now, sources.agents.retention());
    let new = if good.is_empty() { Vec::new() } else { sources.orders.report(good).await? };
    let taken = new.iter().filter(|new| **new).count() as u64;
    let known = new.len() as u64 - taken;
    for (what, count) in [("taken", taken), ("known", known), ("refused", refused.len() as u64)] {
        sources.metrics.ingested(&agent.name, what, count);
    }
    Ok(Taken { taken, known, refused, now: Some(now), plan: agent.version.clone() })
}

fn too_many(wait: Duration) -> Response {
    let mut response = Problem::too_many("this token tells more often than it may").into_response();
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    if let Ok(value) = HeaderValue::from_str(&format!("{seconds}")) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}
