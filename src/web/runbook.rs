//! Runbooks as pages: what to do about a cause, for whoever was woken.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Sources;
use super::page::STYLE;

/// All there are.
pub(super) async fn list(State(sources): State<Sources>) -> Html<String> {
    let rows = sources.runbooks.list();
    let body = html! {
        table.wide {
            @for (label, title, own) in rows {
                tr { td { a href=(format!("runbooks/{label}")) { (label) } } td { (title) @if own { " (your own)" } } }
            }
        }
    };
    Html(page("Runbooks", &body).into_string())
}

/// One, as it is written: Markdown reads well as it is.
pub(super) async fn one(State(sources): State<Sources>, Path(label): Path<String>) -> Response {
    match sources.runbooks.of(&label) {
        Some(text) => Html(page(&label, &html! { pre.runbook { (text) } }).into_string()).into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such runbook\n").into_response(),
    }
}

fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · launchwatch" }
                style { (PreEscaped(STYLE)) }
            }
            body { header { h1 { (title) } } main { section { (body) } } }
        }
    }
}
