//! The page that lists what can be asked.

use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::note::{Gives, Note};
use super::{notes, openapi};
use crate::web::Sources;
use crate::web::access::{Need, Who};
use crate::web::shell::Page;

pub(super) fn page(sources: &Sources, who: &Who) -> Response {
    let fresh = html! {};
    sources.page(Page { title: "API", here: "/api", who, fresh, body: body(sources), live: false })
}

fn body(sources: &Sources) -> Markup {
    let document = sources.to("/api/v1/openapi.json");
    html! {
        p {
            "Everything that pages and command line use. Described for programs in "
            a href=(document) { "openapi.json" }
            " (OpenAPI 3.1)."
        }
        p {
            "Who may see more than the public, or command, sends " code { "Authorization: Bearer TOKEN" }
            ". What is refused says why and how to mend it (" code { "application/problem+json" } "). "
            "A list has " code { "limit" } " rows; its " code { "next" } ", sent as " code { "before" } ", gives the next page."
        }
        @for note in notes::all() { (one(&note)) }
    }
}

fn one(note: &Note) -> Markup {
    let need = openapi::need(note);
    let open = matches!(need, Some(Need::Anybody | Need::Public));
    let refusals = note.refusals(open).iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let id = format!(
        "{}-{}",
        note.method.as_str().to_lowercase(),
        note.path.trim_start_matches('/').replace('/', "-")
    );
    html! {
        section.api id=(id.replace(['{', '}'], "")) {
            h2 { code { (note.method) " " (note.path) } }
            p { (note.summary) ". " (openapi::needs(need)) "." }
            @let asked = openapi::asked(note);
            @if !asked.is_empty() {
                dl { @for key in &asked { (parameter(key)) } }
            }
            p.note {
                "Answers " (note.status) " with " code { (gives(note)) }
                @if note.body.is_some() { "; its body is JSON" }
                ". Refuses with " (refusals) "."
            }
        }
    }
}

fn gives(note: &Note) -> &'static str {
    match note.gives {
        Gives::Json(_) => "application/json",
        Gives::Text(kind) => kind,
        Gives::Events(_) => "text/event-stream",
    }
}

fn parameter(key: &Value) -> Markup {
    let word = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    html! {
        dt { code { "?" (word("name")) "=" } @if key.get("required") == Some(&Value::Bool(true)) { " (needed)" } }
        dd { (word("description")) }
    }
}
