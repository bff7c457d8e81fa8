//! What was tried: outages that were played, and recorded history under other rules, as far as somebody kept it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

use super::links;
use crate::kept::{self, Kept};
use crate::web::Sources;
use crate::web::access::{Who, refusal};
use crate::web::api::door::Named;
use crate::web::shell::Page;
use crate::web::words::moment;

pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who) -> Response {
    let kept = match sources.desk.rehearsals.clone() {
        Some(folder) => read(move || kept::list(&folder)).await,
        None => Vec::new(),
    };
    let body = html! {
        p.fresh { "Kept by " code { "launchwatch rehearse --keep" } " and " code { "launchwatch backtest --keep" } "; the newest first." }
        @if kept.is_empty() { p { "Nothing was kept yet." } } @else {
            table.stack {
                thead { tr { th { "When" } th { "What" } th { "Kind" } } }
                tbody { @for (file, one) in &kept {
                    tr data-key=(file) { td { (moment(one.at)) } td { a href=(sources.to(&format!("/rehearsals/{}", links::segment(file)))) { (one.name) } } td { (one.kind) } }
                } }
            }
        }
    };
    sources.page(Page {
        title: "Rehearsals",
        here: "/rehearsals",
        who: &who,
        fresh: html! {},
        body,
        live: false,
    })
}

/// One of them, as the command printed it.
pub(in crate::web) async fn one(State(sources): State<Sources>, who: Who, Named(file): Named) -> Response {
    let found = match sources.desk.rehearsals.clone() {
        Some(folder) => read(move || kept::open(&folder, &file)).await,
        None => None,
    };
    let Some(Kept { kind, name, at, text, .. }) = found else {
        return refusal(&sources, &who, StatusCode::NOT_FOUND, "Nothing of that name was kept", "");
    };
    let body =
        html! { section.card { p.fresh { (kind) " of " (moment(at)) } pre.whole tabindex="0" { (text) } } };
    sources.page(Page { title: &name, here: "/rehearsals", who: &who, fresh: html! {}, body, live: false })
}

/// Reads files where that holds nobody up.
async fn read<T: Default + Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap_or_default()
}
