//! Incidents that are one trouble or two, and deployments that may have caused them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use launchwatch_alerts::{Command, Deploy, DeployResult};
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Named;
use super::incidents::{Answer, command, find, give, show};
use super::letter::{Asked, Body, Limit, name};
use crate::web::Sources;
use crate::web::problem::Problem;

/// Alerts that are split off at once.
const ALERTS: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Merge {
    by: String,
    into: String,
}

/// The incident of the path ends in another one, which is shown; a target's name stands for its open incident.
pub(in crate::web) async fn merge(
    State(sources): State<Sources>,
    Named(called): Named,
    Body(said): Body<Merge>,
) -> Answer {
    let by = name(&said.by, "by")?;
    let into = find(&sources, &said.into).await?;
    let goal = into.clone();
    drop(command(&sources, &called, |from| Command::Merge { into: goal, from, by }).await?);
    show(&sources, &into, true).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Split {
    by: String,
    alerts: Vec<String>,
}

/// Alerts (`rule over target/probe`, as the incident's timeline names them) become an incident of their own.
pub(in crate::web) async fn split(
    State(sources): State<Sources>,
    Named(called): Named,
    Body(said): Body<Split>,
) -> Answer {
    let by = name(&said.by, "by")?;
    if said.alerts.len() > ALERTS {
        return Err(Problem::nonsense(format!("more than {ALERTS} alerts"), ""));
    }
    command(&sources, &called, |incident| Command::Split { incident, alerts: said.alerts, by }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Seen {
    target: String,
    what: String,
    result: DeployResult,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    by: Option<String>,
}

/// A pipeline tells of a deployment that it has made, or could not make.
pub(in crate::web) async fn deployed(
    State(sources): State<Sources>,
    Body(seen): Body<Seen>,
) -> Result<(StatusCode, Json<Deploy>), Problem> {
    let by = name(seen.by.as_deref().unwrap_or("a pipeline"), "by")?;
    let what = launchwatch_alerts::text::one_line(&seen.what, 200);
    let at = sources.clock.now();
    let deploy = Deploy { target: seen.target, what, result: seen.result, url: seen.url, by, at };
    if deploy.what.is_empty() {
        return Err(Problem::nonsense("`what` is empty", "say what was deployed, such as a version"));
    }
    give(&sources, Command::Deploy { deploy: deploy.clone() }).await?;
    Ok((StatusCode::CREATED, Json(deploy)))
}

/// Deployments that somebody told of, newest first.
pub(in crate::web) async fn deploys(
    State(sources): State<Sources>,
    Asked(limit): Asked<Limit>,
) -> Result<Json<Value>, Problem> {
    let deploys = sources.store.deploys(limit.rows()).await?;
    Ok(Json(json!({ "deploys": deploys })))
}
