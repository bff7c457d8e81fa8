//! Alerts that are not calm, what was not told, and what became of what was.

use axum::Json;
use axum::extract::State;
use launchwatch_alerts::AlertState;
use serde_json::{Value, json};

use super::letter::{Asked, Limit};
use super::view::AlertView;
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::problem::Problem;

/// Alerts that are not calm, and why those that fire are not told.
pub(in crate::web) async fn alerts(State(sources): State<Sources>, who: Who) -> Result<Json<Value>, Problem> {
    let memory = sources.store.memory().await?;
    let loud = memory.alerts.into_iter().filter(|a| a.state != AlertState::Calm);
    let alerts: Vec<_> = loud.map(|a| AlertView::of(a, who.known())).collect();
    Ok(Json(json!({ "alerts": alerts })))
}

/// Alerts that fired and were not told, newest first.
pub(in crate::web) async fn hidden(
    State(sources): State<Sources>,
    Asked(limit): Asked<Limit>,
) -> Result<Json<Value>, Problem> {
    let hidden = sources.store.hidden(limit.rows()).await?;
    let shown: Vec<_> = hidden
        .into_iter()
        .map(|h| json!({ "at": h.at, "series": h.series, "rule": h.rule, "held_by": h.by.to_string(), "summary": h.summary }))
        .collect();
    Ok(Json(json!({ "hidden": shown })))
}

/// Deliveries, newest first.
pub(in crate::web) async fn deliveries(
    State(sources): State<Sources>,
    Asked(limit): Asked<Limit>,
) -> Result<Json<Value>, Problem> {
    let deliveries = sources.store.deliveries(limit.rows()).await?;
    Ok(Json(json!({ "deliveries": deliveries })))
}
