//! What is done with the forms of an incident: a command each, then back to the page, which shows it.

use axum::extract::State;
use axum::response::Response;
use launchwatch_alerts::{Command, IncidentId, Label, Selector, Silence};
use serde::Deserialize;

use super::{back_to, links, refused};
use crate::web::Sources;
use crate::web::access::{Said, Who};
use crate::web::api::door::Named;
use crate::web::api::incidents::{find, give};
use crate::web::api::letter::{Lasting, name, reason};
use crate::web::problem::Problem;

/// Nothing but the button.
#[derive(Deserialize)]
pub(in crate::web) struct Pressed {}

#[derive(Deserialize)]
pub(in crate::web) struct Lasts {
    #[serde(rename = "for")]
    lasts: Lasting,
}

#[derive(Deserialize)]
pub(in crate::web) struct Text {
    text: String,
}

#[derive(Deserialize)]
pub(in crate::web) struct To {
    to: String,
}

#[derive(Deserialize)]
pub(in crate::web) struct Labelled {
    label: Label,
}

#[derive(Deserialize)]
pub(in crate::web) struct Into {
    into: String,
}

#[derive(Deserialize)]
pub(in crate::web) struct Hush {
    #[serde(rename = "for")]
    lasts: Lasting,
    #[serde(default)]
    until_resolved: Option<String>,
    #[serde(default)]
    reason: String,
}

pub(in crate::web) async fn acknowledge(
    State(sources): State<Sources>,
    who: Who,
    Named(called): Named,
    Said(said): Said<Lasts>,
) -> Response {
    let (by, seconds) = (who.name.clone(), Some(said.lasts.span().as_secs()));
    obeyed(&sources, &who, &called, |incident| Command::Acknowledge { incident, by, seconds }).await
}

pub(in crate::web) async fn unacknowledge(
    State(sources): State<Sources>,
    who: Who,
    Named(called): Named,
    Said(Pressed {}): Said<Pressed>,
) -> Response {
    let by = who.name.clone();
    obeyed(&sources, &who, &called, |incident| Command::Unacknowledge { incident, by }).await
}

pub(in crate::web) async fn assign(
    State(sources): State<Sources>,
    who: Who,
    Named(called): Named,
    Said(said): Said<To>,
) -> Response {
    let by = who.name.clone();
    match name(&said.to, "to") {
        Ok(to) => obeyed(&sources, &who, &called, |incident| Command::Assign { incident, to, by }).await,
        Err(problem) => refused(&sources, &who, &problem),
    }
}

pub(in crate::web) async fn comment(
    State(sources): State<Sources>,
    who: Who,
    Named(called): Named,
    Said(said): Said<Text>,
) -> Response {
    let (by, text) = (who.name.clone(), launchwatch_alerts::text::one_line(&said.text, 2000));
    if text.is_empty() {
        return refused(&sources, &who, &Problem::nonsense("The remark is empty", "Say something."));
    }
    obeyed(&sources, &who, &called, |incident| Command::Comment { incident, by, text }).await
}

pub(in crate::web) async fn label(
    State(sources): State<Sources>,
    who: Who,
    Named(called): Named,
    Said(said): Said<Labelled>,
) -> Response {
    let by = who.name.clone();
    obeyed(&sources, &who, &called, |incident| Command::Label { incident, by, label: said.label }).await
}

/// The incident of the path ends in another one, which is shown.
pub(in crate::web) async fn merge(
    State(sources): State<Sources>,
    who: Who,
    Named(called): Named,
    Said(said): Said<Into>,
) -> Response {
    let by = who.name.clone();
    let merged = async {
        let (from, into) = (find(&sources, &called).await?, find(&sources, said.into.trim()).await?);
        give(&sources, Command::Merge { into: into.clone(), from, by }).await?;
        Ok::<_, Problem>(into)
    };
    match merged.await {
        Ok(into) => back_to(&sources, &links::incident(&into.0)),
        Err(problem) => refused(&sources, &who, &problem),
    }
}

/// The chosen alerts become an incident of their own.
pub(in crate::web) async fn split(
    State(sources): State<Sources>,
    who: Who,
    Named(called): Named,
    // A form says each box as a pair of its own.
    Said(said): Said<Vec<(String, String)>>,
) -> Response {
    let by = who.name.clone();
    let alerts = said.into_iter().filter(|(key, _)| key == "alert").map(|(_, alert)| alert).collect();
    obeyed(&sources, &who, &called, |incident| Command::Split { incident, alerts, by }).await
}

/// Nobody is told of what an incident is about, for a time.
pub(in crate::web) async fn silence(
    State(sources): State<Sources>,
    who: Who,
    Named(called): Named,
    Said(said): Said<Hush>,
) -> Response {
    let hushed = async {
        let id = find(&sources, &called).await?;
        let incident = sources.store.incident(&id).await?;
        let targets = incident.map(|i| i.targets.into_iter().collect::<Vec<_>>()).unwrap_or_default();
        let from = sources.clock.now();
        let until = from.checked_add(said.lasts.span());
        let silence = Silence {
            id: format!("silence-{}", sources.dice.word(6)),
            of: Selector { targets, ..Selector::default() },
            by: who.name.clone(),
            reason: reason(&said.reason),
            from,
            until: until
                .map_err(|_| Problem::nonsense("That is too long", "A silence lasts at most 31 days."))?,
            with: said.until_resolved.is_some().then(|| id.clone()),
            maintenance: false,
            warned: false,
            ended: None,
            hid: 0,
        };
        give(&sources, Command::Silence { silence }).await?;
        Ok::<_, Problem>(id)
    };
    match hushed.await {
        Ok(id) => back_to(&sources, &links::incident(&id.0)),
        Err(problem) => refused(&sources, &who, &problem),
    }
}

/// Has a command obeyed; then the page of the incident shows it.
async fn obeyed(
    sources: &Sources,
    who: &Who,
    called: &str,
    make: impl FnOnce(IncidentId) -> Command,
) -> Response {
    let obeyed = async {
        let id = find(sources, called).await?;
        give(sources, make(id.clone())).await?;
        Ok::<_, Problem>(id)
    };
    match obeyed.await {
        Ok(id) => back_to(sources, &links::incident(&id.0)),
        Err(problem) => refused(sources, who, &problem),
    }
}
