//! Incidents, and what people say of them.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use launchwatch_alerts::{Command, Disobeyed, Incident, IncidentId, IncidentState, Label};
use schemars::JsonSchema;
use serde::Deserialize;

use super::door::Named;
use super::letter::{Asked, Body, Lasting, name, rows};
use super::lists::Incidents;
use super::view::IncidentView;
use crate::inbox::NotDone;
use crate::store::IncidentQuery;
use crate::web::Sources;
use crate::web::access::{Who, caller};
use crate::web::problem::Problem;

/// Longest wait for a command to be durable.
const PATIENCE: Duration = Duration::from_secs(10);
/// Open incidents that are named to somebody who asked for one that is not there.
const NAMED: usize = 10;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Which {
    Open,
    Past,
    All,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Page {
    /// Only those that are open, or only those that are over.
    state: Option<Which>,
    /// Rows at most; 50 by default, never more than 500.
    limit: Option<usize>,
    /// Go on after this incident: `next` of the page before.
    before: Option<IncidentId>,
}

/// `?state=open|past|all`, `?limit=`, `?before=ID`: newest first; `next` is the `before` of the next page.
pub(in crate::web) async fn list(
    State(sources): State<Sources>,
    who: Who,
    Asked(page): Asked<Page>,
) -> Result<Json<Incidents>, Problem> {
    let open = match page.state {
        None | Some(Which::All) => None,
        Some(which) => Some(matches!(which, Which::Open)),
    };
    let limit = rows(page.limit);
    let found = sources.store.find_incidents(&IncidentQuery { open, before: page.before, limit }).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|i| i.id.clone());
    let found = found.into_iter().filter(|i| sources.lets_see(&who, &i.target));
    let incidents: Vec<_> = found.map(|i| IncidentView::brief(i, who.known())).collect();
    Ok(Json((incidents, next.map(|id| id.0)).into()))
}

/// One incident by its id; a target's name stands for its open incident.
pub(in crate::web) async fn one(
    State(sources): State<Sources>,
    who: Who,
    Named(called): Named,
) -> Result<Json<IncidentView>, Problem> {
    let id = find(&sources, &called).await?;
    let hidden = |i: &Incident| !sources.lets_see(&who, &i.target);
    if sources.store.incident(&id).await?.as_ref().is_some_and(hidden) {
        return Err(Problem::not_found(format!("there is no incident `{id}`"), ""));
    }
    show(&sources, &id, who.known()).await
}

pub(super) async fn show(
    sources: &Sources,
    id: &IncidentId,
    known: bool,
) -> Result<Json<IncidentView>, Problem> {
    let found = sources.store.incident(id).await?;
    let gone = || Problem::not_found(format!("there is no incident `{id}`"), "");
    found.map(|i| Json(IncidentView::whole(i, known))).ok_or_else(gone)
}

/// The incident that is meant.
pub(in crate::web) async fn find(sources: &Sources, called: &str) -> Result<IncidentId, Problem> {
    let id = IncidentId(called.to_owned());
    if sources.store.incident(&id).await?.is_some() {
        return Ok(id);
    }
    let of_target = sources.board.read().open.get(called).map(|i| i.id.clone());
    match of_target {
        Some(id) => Ok(id),
        None => Err(no_such(sources, called).await),
    }
}

async fn no_such(sources: &Sources, called: &str) -> Problem {
    let query = IncidentQuery { open: Some(true), before: None, limit: NAMED };
    let open = sources.store.find_incidents(&query).await.unwrap_or_default();
    let open: Vec<_> = open.iter().map(|i| format!("{} ({})", i.id, i.target)).collect();
    let hint = match open.as_slice() {
        [] => "nothing is open; `launchwatch incidents --all` lists those that are over".to_owned(),
        open => format!("open: {}", open.join(", ")),
    };
    let called = launchwatch_alerts::text::one_line(called, 100);
    Problem::not_found(
        format!("there is no incident `{called}`, and no open one of a target of that name"),
        &hint,
    )
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Acknowledge {
    /// Who.
    #[serde(default)]
    by: String,
    /// How long that keeps the incident quiet, such as `2h`.
    #[serde(default, rename = "for")]
    lasts: Option<Lasting>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct By {
    /// Who.
    #[serde(default)]
    by: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Assign {
    /// Who says so.
    #[serde(default)]
    by: String,
    /// Whose it is from now on.
    to: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Comment {
    /// Who.
    #[serde(default)]
    by: String,
    /// What to put on record.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Labelled {
    /// Who says so.
    #[serde(default)]
    by: String,
    /// What it was.
    label: Label,
}

pub(super) type Answer = Result<Json<IncidentView>, Problem>;

pub(in crate::web) async fn acknowledge(
    State(sources): State<Sources>,
    Named(called): Named,
    Body(said): Body<Acknowledge>,
) -> Answer {
    let (by, seconds) = (name(&said.by, "by")?, said.lasts.map(|l| l.0.as_secs()));
    command(&sources, &called, |incident| Command::Acknowledge { incident, by, seconds }).await
}

pub(in crate::web) async fn unacknowledge(
    State(sources): State<Sources>,
    Named(called): Named,
    Body(said): Body<By>,
) -> Answer {
    let by = name(&said.by, "by")?;
    command(&sources, &called, |incident| Command::Unacknowledge { incident, by }).await
}

pub(in crate::web) async fn assign(
    State(sources): State<Sources>,
    Named(called): Named,
    Body(said): Body<Assign>,
) -> Answer {
    let (by, to) = (name(&said.by, "by")?, name(&said.to, "to")?);
    command(&sources, &called, |incident| Command::Assign { incident, to, by }).await
}

pub(in crate::web) async fn comment(
    State(sources): State<Sources>,
    Named(called): Named,
    Body(said): Body<Comment>,
) -> Answer {
    let by = name(&said.by, "by")?;
    if said.text.trim().is_empty() {
        return Err(Problem::nonsense("`text` is empty", "say something"));
    }
    command(&sources, &called, |incident| Command::Comment { incident, by, text: said.text }).await
}

pub(in crate::web) async fn label(
    State(sources): State<Sources>,
    Named(called): Named,
    Body(said): Body<Labelled>,
) -> Answer {
    let by = name(&said.by, "by")?;
    command(&sources, &called, |incident| Command::Label { incident, by, label: said.label }).await
}

/// Has a command about an incident obeyed, and shows how it stands then.
pub(super) async fn command(
    sources: &Sources,
    called: &str,
    make: impl FnOnce(IncidentId) -> Command,
) -> Answer {
    let id = find(sources, called).await?;
    match give(sources, make(id.clone())).await {
        Ok(()) => show(sources, &id, true).await,
        Err(Given::Disobeyed(Disobeyed::NoIncident(_))) => {
            let incident = sources.store.incident(&id).await?;
            match incident.filter(|i| i.state == IncidentState::Resolved) {
                Some(_) => Err(Problem::over(
                    format!("the incident `{id}` is over"),
                    "a comment or a label can still be added",
                )),
                None => Err(no_such(sources, called).await),
            }
        }
        Err(Given::Disobeyed(no)) => Err(NotDone::Disobeyed(no).into()),
        Err(Given::Problem(problem)) => Err(problem),
    }
}

/// Why a command was not obeyed: what the engine says may be worded better by who knows what it was about.
pub(in crate::web) enum Given {
    /// The engine says no.
    Disobeyed(Disobeyed),
    /// Anything else.
    Problem(Problem),
}

impl From<Given> for Problem {
    fn from(given: Given) -> Self {
        match given {
            Given::Disobeyed(no) => NotDone::Disobeyed(no).into(),
            Given::Problem(problem) => problem,
        }
    }
}

/// Hands a command over and waits for its end, but not for ever.
pub(in crate::web) async fn give(sources: &Sources, command: Command) -> Result<(), Given> {
    match tokio::time::timeout(PATIENCE, sources.orders.give(command, caller().via.as_str())).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(NotDone::Disobeyed(no))) => Err(Given::Disobeyed(no)),
        Ok(Err(other)) => Err(Given::Problem(other.into())),
        Err(_) => Err(Given::Problem(Problem::later(
            "it was taken in, but the store does not take it just now: it is done as soon as it does",
            "look with `launchwatch incidents` before you repeat it; the log says more",
        ))),
    }
}
