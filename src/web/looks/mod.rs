//! The looking pages of operators: everything at a glance, a target, a probe, a run, the cluster.
//!
//! # Why
//! What stands now comes from the board and is always there; what was comes from the store, which may be slow or gone: every
//! question to it is bounded in size and in time, and a page without its answer says so and shows the rest.

pub(super) mod agents;
pub(super) mod cluster;
mod figures;
mod history;
mod links;
pub(super) mod overview;
pub(super) mod probe;
mod rows;
pub(super) mod run;
mod runs;
mod standing;
pub(super) mod target;
mod told;

use std::future::Future;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::Incident;
use launchwatch_alerts::chart::Drawing;
use launchwatch_alerts::text::one_line;
use maud::{Markup, PreEscaped, html};

use super::access::Who;
use super::shell::Page;
use super::{Sources, health, words};
use crate::store::{self, IncidentQuery};

/// A store that takes longer than this for an answer is treated as gone.
const PATIENCE: Duration = Duration::from_secs(3);
/// Incidents that are looked through for those of one target.
const INCIDENTS: usize = 100;

/// What the store says; `None` when it fails or takes too long.
async fn asked<T>(answer: impl Future<Output = Result<T, store::Error>>) -> Option<T> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::error!(%error, "a page cannot read the store");
            None
        }
        Err(_) => {
            tracing::warn!("a page waited too long for the store");
            None
        }
    }
}

/// Whether the recorder is silent: then nothing on the board may be believed.
fn stuck(sources: &Sources) -> bool {
    health::silence(sources).is_some_and(|long| long > health::STALE)
}

/// How fresh a page of the board is; `class` is how the one thing that it shows stands, if it shows one.
fn fresh(sources: &Sources, now: Timestamp, class: &str) -> Markup {
    let committed = sources.board.read().committed_at;
    html! {
        p.fresh.(class) {
            @if stuck(sources) {
                strong { "launchwatch itself is stuck: what stands here is old. " }
            }
            @match committed {
                Some(at) => { "Last result written down " (ago(at, now)) "." },
                None => { "No result yet." },
            }
        }
    }
}

/// `12 s ago`.
fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (words::age(now.duration_since(at))) " ago" } }
}

/// Said where the store did not answer.
fn silent_store() -> Markup {
    html! { p.note role="status" { "The store does not answer: what was recorded cannot be shown now. How things stand is from memory." } }
}

/// A drawing in a page.
fn drawn(drawing: &Drawing) -> Markup {
    PreEscaped(drawing.svg())
}

/// Foreign words on one line, of bounded length.
fn said(text: &str) -> String {
    one_line(text, 400)
}

/// Incidents of a target, newest first: of the last hundred of all.
async fn incidents_of(sources: &Sources, target: &str) -> Option<Vec<Incident>> {
    let query = IncidentQuery { limit: INCIDENTS, ..IncidentQuery::default() };
    let all = asked(sources.store.find_incidents(&query)).await?;
    Some(all.into_iter().filter(|i| i.targets.contains(target)).collect())
}

/// How long an incident lasted, or has lasted.
fn lasted(incident: &Incident, now: Timestamp) -> SignedDuration {
    incident.resolved_at.unwrap_or(now).duration_since(incident.since)
}

/// There is no such thing; where to look for one.
fn not_there(sources: &Sources, who: &Who, what: &str, look_for: &str) -> Response {
    let search = sources.to(&format!("/overview?q={}", links::segment(&one_line(look_for, 60))));
    let body = html! {
        section.note-page {
            p { "There is no " (one_line(what, 200)) " here. It may have been renamed or removed, or its record may be older than what is kept." }
            p { a href=(search) { "Look for it among the probes" } " or " a href=(sources.to("/overview")) { "see all of them" } "." }
        }
    };
    let page = Page { title: "Not found", here: "/overview", who, fresh: html! {}, body, live: false };
    sources.page_with(StatusCode::NOT_FOUND, page)
}

#[cfg(test)]
mod tests;
