//! One line on how things stand, to be put into a page of somebody else's: as a page for an iframe, and as data.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, html};
use serde::Deserialize;
use serde_json::json;

use super::kept;
use super::place::Place;
use super::stand::{self, One, Stand};
use crate::news;
use crate::web::{Sources, assets, words};

/// Seconds after which the line fetches itself anew.
const REFRESH_SECONDS: u32 = 60;
/// Anybody may put it into a page; it may do nothing but show itself.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *";

/// Of what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    /// All where nothing is said.
    target: Option<String>,
}

/// `/widget`
pub(in crate::web) async fn page(
    State(sources): State<Sources>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let stands = stand::stands(&sources, asked.target.as_deref());
    let (stand, line) = line(&stands, asked.target.as_deref());
    let now = sources.clock.now();
    let seen = stands.iter().filter_map(|s| s.seen_at).max();
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // It is kept fresh by the script; somebody who reads it aloud is not thrown back to its beginning.
                noscript { meta http-equiv="refresh" content=(REFRESH_SECONDS); }
                title { (line) }
                link rel="stylesheet" href=(sources.to(&format!("/assets/{}", assets::WIDGET.name)));
                script src=(sources.to(&format!("/assets/{}", assets::LIVE.name))) defer {}
            }
            body {
                main data-live=(sources.to("/live")) { p {
                    span.mark.(stand.class()) aria-hidden="true" { (mark(stand)) } " "
                    strong { (line) }
                    @if let Some(at) = seen { " " small { "looked at " (words::age(now.duration_since(at))) " ago" } }
                    " " a href=(Place::of(&sources, &headers).to("/")) target="_blank" rel="noopener" { "Status page" }
                } }
            }
        }
    };
    let status = if stands.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let mut response = (status, Html(text.into_string())).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=30"));
    response
}

/// `/widget.json`
pub(in crate::web) async fn data(
    State(sources): State<Sources>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let stands = stand::stands(&sources, asked.target.as_deref());
    let (stand, line) = line(&stands, asked.target.as_deref());
    let page = Place::of(&sources, &headers).to("/");
    let status = if stands.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let body = json!({ "state": stand, "says": line, "page": page, "targets": stands });
    kept::answer(&headers, status, "application/json", body.to_string())
}

/// The worst of them, and the line that says so.
fn line(stands: &[One], asked: Option<&str>) -> (Stand, String) {
    let worst = stands.iter().map(|s| s.state).max().unwrap_or(Stand::Unknown);
    let bad: Vec<String> =
        stands.iter().filter(|s| s.state == worst).map(|s| news::name(&s.target)).collect();
    let line = match (worst, bad.as_slice()) {
        (_, []) => format!("{}: unknown", asked.map(news::name).unwrap_or_default()),
        (Stand::Works, [_, _, ..]) => "Everything works".to_owned(),
        (stand, [one]) => format!("{one}: {}", stand.word()),
        (stand, [one, two]) => format!("{one} and {two}: {}", stand.word()),
        (stand, many) => format!("{} services: {}", many.len(), stand.word()),
    };
    (worst, line)
}

/// A shape for those to whom colours say nothing.
const fn mark(stand: Stand) -> &'static str {
    match stand {
        Stand::Works => "✓",
        Stand::Partly => "!",
        Stand::Down => "✗",
        Stand::Unknown | Stand::Stale => "?",
    }
}
