//! The report of an incident as a page: to read, to copy, to take along.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use launchwatch_alerts::IncidentId;
use maud::{Markup, PreEscaped, html};
use url::form_urlencoded::byte_serialize;

use super::Sources;
use super::access::Who;
use super::api::letter::Asked;
use super::api::report::{How, drafted};
use super::problem::Problem;
use super::shell::Page;
use crate::report::Draft;

/// One report: `/report/ID?time_zone=Europe/Berlin`.
pub(super) async fn one(
    State(sources): State<Sources>,
    who: Who,
    axum::extract::Path(id): axum::extract::Path<String>,
    Asked(how): Asked<How>,
) -> Response {
    match drafted(&sources, &IncidentId(id.clone()), &how).await {
        Ok(draft) => {
            let body = body(&sources, &id, &how, &draft);
            sources.page(page(&who, &draft.file, body))
        }
        Err(problem) => refused(&sources, &who, problem),
    }
}

fn page<'a>(who: &'a Who, title: &'a str, body: Markup) -> Page<'a> {
    Page { title, here: "/incidents", who, fresh: html! {}, body, live: false }
}

fn refused(sources: &Sources, who: &Who, problem: Problem) -> Response {
    let words = problem.words().to_owned();
    let status = problem.into_response().status();
    let status = if status.is_success() { StatusCode::INTERNAL_SERVER_ERROR } else { status };
    sources.page_with(status, page(who, "No report", html! { section { p { (words) } } }))
}

fn body(sources: &Sources, id: &str, how: &How, draft: &Draft) -> Markup {
    let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let zone = how.time_zone.clone().unwrap_or_default();
    let path = format!("/api/v1/incidents/{}/report", part(id));
    let query = format!("time_zone={}&names={}", part(&zone), how.names);
    html! {
        section {
            p { a href=(sources.to(&format!("/incidents/{}", part(id)))) { "The incident" } }
            p {
                "A draft from what was recorded. "
                (draft.open) " places are marked " code { "TODO(human)" } ": only a person can fill them."
            }
            form method="get" data-keep {
                label for="zone" { "Time zone " }
                input #zone name="time_zone" value=(zone) placeholder="UTC" autocomplete="off";
                " "
                label { input type="checkbox" name="names" value="true" checked[how.names]; " name people" }
                " "
                button { "Show" }
            }
            p {
                a href=(sources.to(&format!("{path}?{query}&format=markdown"))) download=(draft.file) { "Download Markdown" }
                " · "
                a href=(sources.to(&format!("{path}?{query}&format=json"))) { "facts and pictures as JSON" }
            }
        }
        @for picture in &draft.pictures {
            section.report-picture { (PreEscaped(&picture.svg)) }
        }
        section { pre.runbook tabindex="0" aria-label="The report as Markdown" { (draft.markdown) } }
    }
}
