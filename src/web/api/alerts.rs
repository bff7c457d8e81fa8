//! Alerts that are not calm, what was not told, and what became of what was.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use launchwatch_alerts::{AlertState, Hidden};
use schemars::JsonSchema;
use serde::Serialize;

use super::letter::Asked;
use super::lists::{Alerts, AllHidden, Deliveries, Paged};
use super::view::AlertView;
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::problem::Problem;

/// An alert that fired and was not told.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct HiddenView {
    /// When it began to fire.
    at: Timestamp,
    /// `target/probe`.
    series: String,
    /// Name of the rule.
    rule: String,
    /// What held it back, in words.
    held_by: String,
    /// The failure in words.
    summary: String,
}

impl From<Hidden> for HiddenView {
    fn from(hidden: Hidden) -> Self {
        Self {
            at: hidden.at,
            series: hidden.series,
            rule: hidden.rule,
            held_by: hidden.by.to_string(),
            summary: hidden.summary,
        }
    }
}

/// Alerts that are not calm, and why those that fire are not told.
pub(in crate::web) async fn alerts(
    State(sources): State<Sources>,
    who: Who,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Alerts>, Problem> {
    let memory = sources.store.memory().await?;
    let loud = memory.alerts.into_iter().filter(|a| a.state != AlertState::Calm);
    let seen = loud.filter(|a| sources.lets_see(&who, &a.key.series.target));
    let all = seen.map(|a| AlertView::of(a, who.known()));
    paged.of(all, AlertView::key).map(|page| Json(page.into()))
}

/// Alerts that fired and were not told, newest first.
pub(in crate::web) async fn hidden(
    State(sources): State<Sources>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<AllHidden>, Problem> {
    let all = sources.store.hidden(paged.deep()).await?.into_iter().map(HiddenView::from);
    let key = |h: &HiddenView| format!("{}|{}|{}", h.at.as_microsecond(), h.series, h.rule);
    paged.of(all, key).map(|page| Json(page.into()))
}

/// Deliveries, newest first.
pub(in crate::web) async fn deliveries(
    State(sources): State<Sources>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Deliveries>, Problem> {
    let all = sources.store.deliveries(paged.deep()).await?;
    paged.of(all, |d| format!("{}|{}", d.notification, d.channel)).map(|page| Json(page.into()))
}
