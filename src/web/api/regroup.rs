//! Incidents that are one trouble or two, and deployments that may have caused them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use launchwatch_alerts::{Command, Deploy, DeployResult};
use schemars::JsonSchema;
use serde::Deserialize;

use super::door::Named;
use super::incidents::{Answer, command, find, give, show};
use super::letter::{Asked, Body, name};
use super::lists::{Deploys, Paged};
use crate::web::Sources;
use crate::web::problem::Problem;

/// Alerts that are split off at once.
const ALERTS: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Merge {
    /// Who says so.
    by: String,
    /// The incident in which it ends; a target's name stands for its open one.
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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Split {
    /// Who says so.
    by: String,
    /// `rule over target/probe`, as the incident's timeline names them.
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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Seen {
    /// Name of the target.
    target: String,
    /// What was deployed, such as a version.
    what: String,
    /// What came of it.
    result: DeployResult,
    /// Where more is to be read.
    #[serde(default)]
    url: Option<String>,
    /// Who tells of it.
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
    Asked(paged): Asked<Paged>,
) -> Result<Json<Deploys>, Problem> {
    let all = sources.store.deploys(paged.deep()).await?;
    let key = |d: &Deploy| format!("{}|{}|{}", d.at.as_microsecond(), d.target, d.what);
    paged.of(all, key).map(|page| Json(page.into()))
}
