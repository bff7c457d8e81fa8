//! Badges: one word on a target for a README or a page of one's own, as a picture and as data for shields.io.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::stand::{self, Stand};
use super::{kept, svg};
use crate::news;
use crate::store;
use crate::web::{Sources, words};

/// Colours that carry white words with a contrast of at least 4.5.
const GREEN: &str = "#1b7f4b";
const YELLOW: &str = "#8a5a00";
const RED: &str = "#b3202a";
const GREY: &str = "#5b626b";
/// Over how many days figures may be asked for.
const DAYS: [u16; 4] = [1, 7, 30, 90];

/// What may be asked of a badge.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    days: Option<String>,
    label: Option<String>,
}

/// What a badge says.
struct Badge {
    label: String,
    message: String,
    colour: &'static str,
    status: StatusCode,
}

/// `/badge/{target}/{success|latency|state}.{svg|json}`
pub(in crate::web) async fn one(
    State(sources): State<Sources>,
    Path((target, file)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let Some((what, form)) = file.rsplit_once('.').filter(|(_, form)| ["svg", "json"].contains(form)) else {
        return (StatusCode::NOT_FOUND, "there are badges success, latency and state, as .svg and .json\n")
            .into_response();
    };
    let mut badge = match made(&sources, &target, what, &asked).await {
        Ok(badge) => badge,
        Err(_) => {
            Badge { status: StatusCode::SERVICE_UNAVAILABLE, ..said(what, "not known right now", GREY) }
        }
    };
    let label = asked.label.as_deref().map(news::name).filter(|label| !label.is_empty());
    badge.label = label.unwrap_or(badge.label);
    if form == "json" {
        let body = json!({ "schemaVersion": 1, "label": badge.label, "message": badge.message,
            "color": badge.colour.trim_start_matches('#'), "isError": badge.status != StatusCode::OK, "cacheSeconds": 60 });
        // Shields shows what came with 200 only, its words included.
        return kept::answer(&headers, StatusCode::OK, "application/json", body.to_string());
    }
    let picture = svg::badge(&badge.label, &badge.message, badge.colour);
    kept::answer(&headers, badge.status, "image/svg+xml; charset=utf-8", picture)
}

fn said(label: &str, message: impl Into<String>, colour: &'static str) -> Badge {
    Badge { label: news::name(label), message: message.into(), colour, status: StatusCode::OK }
}

async fn made(sources: &Sources, target: &str, what: &str, asked: &Asked) -> Result<Badge, store::Error> {
    let Some(one) = stand::stands(sources, Some(target)).pop() else {
        return Ok(Badge { status: StatusCode::NOT_FOUND, ..said(what, "unknown", GREY) });
    };
    let days = asked.days.as_deref().map_or(Some(30), |d| d.parse().ok().filter(|d| DAYS.contains(d)));
    let Some(days) = days else {
        return Ok(Badge { status: StatusCode::BAD_REQUEST, ..said(what, "days: 1, 7, 30 or 90", GREY) });
    };
    let span = if days == 1 { "24 h".to_owned() } else { format!("{days} d") };
    Ok(match what {
        "state" => said(target, one.state.word(), colour(one.state)),
        "success" => {
            let success = stand::figures(sources, target, days).await?.success;
            let colour = success.map_or(GREY, |share| match share {
                s if s >= 0.99 => GREEN,
                s if s >= 0.9 => YELLOW,
                _ => RED,
            });
            said(&format!("success, {span}"), success.map_or("unknown".into(), words::share), colour)
        }
        "latency" => {
            let figures = stand::figures(sources, target, days).await?;
            let words = figures.median.map(|m| match m.as_millis() {
                ms @ 0..100 => format!("{} ms", ms.max(1)),
                _ => words::seconds(m.as_secs_f64()),
            });
            let whole = if figures.launches { "launch" } else { "run" };
            let colour = if words.is_some() { "#22577a" } else { GREY };
            said(&format!("median {whole}, {span}"), words.unwrap_or("unknown".into()), colour)
        }
        _ => Badge { status: StatusCode::NOT_FOUND, ..said("badge", "unknown", GREY) },
    })
}

const fn colour(stand: Stand) -> &'static str {
    match stand {
        Stand::Works => GREEN,
        Stand::Partly => YELLOW,
        Stand::Down => RED,
        Stand::Unknown | Stand::Stale => GREY,
    }
}
