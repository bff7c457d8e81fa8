//! Runbooks as pages: what to do about a cause, for whoever was woken.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::Sources;
use super::access::Who;
use super::shell::Page;

/// All there are.
pub(super) async fn list(State(sources): State<Sources>, who: Who) -> Response {
    let rows = sources.runbooks.list();
    let body = html! {
        section { table.wide {
            @for (label, title, own) in rows {
                tr { td { a href=(sources.to(&format!("/runbooks/{label}"))) { (label) } } td { (title) @if own { " (your own)" } } }
            }
        } }
    };
    page(&sources, &who, "Runbooks", body)
}

/// One, as it is written: Markdown reads well as it is.
pub(super) async fn one(State(sources): State<Sources>, who: Who, Path(label): Path<String>) -> Response {
    match sources.runbooks.of(&label) {
        Some(text) => page(&sources, &who, &label, html! { section { pre.runbook { (text) } } }),
        None => (StatusCode::NOT_FOUND, "there is no such runbook\n").into_response(),
    }
}

fn page(sources: &Sources, who: &Who, title: &str, body: Markup) -> Response {
    sources.page(Page { title, here: "/runbooks", who, fresh: html! {}, body, live: false })
}
