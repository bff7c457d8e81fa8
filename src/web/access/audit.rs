//! The record of what was done, as a page and for programs.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::Who;
use crate::store::{AuditQuery, AuditRow};
use crate::web::Sources;
use crate::web::api::Asked;
use crate::web::problem::Problem;
use crate::web::shell::Page;

/// Rows of a page, and at most of an answer.
const ROWS: (usize, usize) = (100, 500);

/// Puts on record what changes no knowledge: what was done, about what, and what it came to. If that cannot be written,
/// the log has it.
pub(super) async fn note(
    sources: &Sources,
    who: &str,
    via: &str,
    (what, about, came_to): (&str, &str, &str),
) {
    let row = row(sources, who, via, (what, about, came_to));
    if let Err(error) = sources.store.audit(row).await {
        tracing::error!(%error, audit.what = what, audit.came_to = came_to, "cannot write the record");
    }
}

/// A row of the record.
pub(super) fn row(
    sources: &Sources,
    who: &str,
    via: &str,
    (what, about, came_to): (&str, &str, &str),
) -> AuditRow {
    let [who, via, what, about, came_to] = [who, via, what, about, came_to].map(str::to_owned);
    AuditRow { at: sources.clock.now(), who, via, what, about, came_to }.bounded()
}

/// Which rows.
#[derive(Deserialize, JsonSchema)]
pub(in crate::web) struct Which {
    /// Rows at most.
    limit: Option<usize>,
    /// Go on after this row: `next` of the page before.
    before: Option<i64>,
    /// Only what this one did.
    who: Option<String>,
}

/// A row of the record.
#[derive(Serialize, JsonSchema)]
pub(in crate::web) struct Numbered {
    #[serde(flatten)]
    row: AuditRow,
    /// Its place in the record.
    number: i64,
}

/// The record, newest first.
#[derive(Serialize, JsonSchema)]
pub(in crate::web) struct Audit {
    audit: Vec<Numbered>,
    /// To be given as `before` for the next page; null on the last.
    next: Option<i64>,
}

type Rows = Vec<(i64, AuditRow)>;

/// The rows that are asked for, and the number before which the next page begins.
async fn read(sources: &Sources, which: &Which) -> Result<(Rows, Option<i64>), Problem> {
    let limit = which.limit.unwrap_or(ROWS.0).clamp(1, ROWS.1);
    let who = which.who.clone().filter(|who| !who.is_empty());
    let query = AuditQuery { before: which.before, who, limit: limit + 1 };
    let mut rows = sources.store.audited(&query).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(number, _)| *number);
    Ok((rows, next))
}

/// The record for programs: newest first; `next` is `before` of the next page.
pub(in crate::web) async fn api(
    State(sources): State<Sources>,
    Asked(which): Asked<Which>,
) -> Result<Json<Audit>, Problem> {
    let (rows, next) = read(&sources, &which).await?;
    let audit = rows.into_iter().map(|(number, row)| Numbered { row, number }).collect();
    Ok(Json(Audit { audit, next }))
}

/// The record for people.
pub(in crate::web) async fn page(
    State(sources): State<Sources>,
    who: Who,
    Asked(which): Asked<Which>,
) -> Response {
    let (rows, next) = match read(&sources, &which).await {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    let of = which.who.as_deref().unwrap_or_default();
    let body = html! {
        form method="get" action=(sources.to("/audit")) {
            label for="who" { "Only what this one did: " }
            input id="who" name="who" value=(of) maxlength="80"; " " button { "Show" }
        }
        @if rows.is_empty() { p { "Nothing is on record." } } @else { (table(&rows)) }
        @if let Some(next) = next {
            @let query = form_urlencoded::Serializer::new(String::new()).append_pair("who", of).append_pair("before", &next.to_string()).finish();
            p { a href=(sources.to(&format!("/audit?{query}"))) { "Older" } }
        }
    };
    sources.page(Page { title: "Record", here: "/audit", who: &who, fresh: html! {}, body, live: false })
}

fn table(rows: &[(i64, AuditRow)]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="What was done" {
            table {
                thead { tr { th { "When" } th { "Who" } th { "How known" } th { "What" } th { "About" } th { "Came to" } } }
                tbody {
                    @for (number, row) in rows {
                        tr id={ "a" (number) } {
                            td { time datetime=(row.at) { (row.at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
                            td { (row.who) } td { (row.via) } td { (row.what) } td { (row.about) } td { (row.came_to) }
                        }
                    }
                }
            }
        }
    }
}
