//! `/targets/{target}`: one deployment: its probes, what it depends on, its incidents, what is likely wrong with it now.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use launchwatch_alerts::diagnosis::Diagnosis;
use launchwatch_alerts::{AlertState, Incident, SeriesId};
use maud::{Markup, html};

use super::overview::legend;
use super::rows::{groups, table};
use super::{fresh, incidents_of, lasted, links, not_there, said, silent_store, stuck};
use crate::pipeline::board::Place;
use crate::web::access::Who;
use crate::web::shell::Page;
use crate::web::{Sources, words};

/// Incidents shown.
const SHOWN: usize = 20;

pub(in crate::web) async fn page(
    State(sources): State<Sources>,
    who: Who,
    Path(target): Path<String>,
) -> Response {
    let now = sources.clock.now();
    let all = groups(&sources, Some(&target), now);
    let Some(group) = all.first() else {
        return not_there(&sources, &who, &format!("target {target}"), &target);
    };
    let incidents = incidents_of(&sources, &target).await;
    let body = html! {
        (about(&sources, &target))
        @if let Some(incident) = &group.incident { (open(&sources, incident, now)) }
        section { h2 { "Probes" } (table(&sources, &all, now, false)) (legend()) }
        section { h2 { "Incidents" } (past(&sources, incidents.as_deref(), now)) }
    };
    let class = if stuck(&sources) {
        "unknown"
    } else if group.incident.is_some() {
        "failed"
    } else {
        ""
    };
    let fresh = fresh(&sources, now, class);
    let title = said(&target);
    let page = Page { title: &title, here: "/overview", who: &who, fresh, body, live: true };
    sources.page(page)
}

fn about(sources: &Sources, target: &str) -> Markup {
    let (labels, place) = {
        let board = sources.board.read();
        let labels = board.labels.get(target).cloned().unwrap_or_default();
        (labels, board.places.get(target).cloned().unwrap_or_default())
    };
    let Place { url, depends_on } = place;
    html! {
        section { dl.about {
            @if !url.is_empty() { dt { "Where" } dd { code { (said(&url)) } } }
            @if !labels.is_empty() { dt { "Labels" } dd { @for (name, value) in &labels { span.label { (said(name)) ": " (said(value)) } " " } } }
            @if !depends_on.is_empty() { dt { "Depends on" } dd { @for other in &depends_on { a href=(sources.to_target(other)) { (said(other)) } " " } } }
        } }
    }
}

/// What is wrong now, as far as it is known.
fn open(sources: &Sources, incident: &Incident, now: Timestamp) -> Markup {
    let firing = incident.alerts.values().filter(|a| a.state == AlertState::Firing);
    html! {
        section.card.failed id=(format!("i-{}", links::segment(&incident.id.0))) {
            h2 { a href=(sources.to_incident(&incident.id.0)) { "Incident since " (words::moment(incident.since)) } " " span.badge.failed { (words::lasted(lasted(incident, now))) } }
            ul.plain { @for alert in firing.take(20) {
                li { strong { (name(sources, &alert.key.series)) } ": "
                    @if let Some(reason) = &alert.reason { code { (said(reason)) } " " }
                    @if let Some(stage) = &alert.stage { "at " code { (said(stage)) } " " }
                    (said(&alert.summary)) }
            } }
            @for cause in &incident.diagnosis { (likely(sources, cause)) }
            @if incident.diagnosis.is_empty() { p { "No cause is likely enough to be named yet." } }
        }
    }
}

/// What a series is called beside the others of its target.
fn name(sources: &Sources, series: &SeriesId) -> String {
    let board = sources.board.read();
    said(&board.called(&board.id_of(series)))
}

/// A likely cause with what speaks for it and against it.
fn likely(sources: &Sources, cause: &Diagnosis) -> Markup {
    html! {
        details open {
            summary { "Likely cause: " strong { (said(&cause.title)) } }
            ul {
                @for sign in &cause.evidence { li { (said(sign)) } }
                @for sign in &cause.against { li { "but: " (said(sign)) } }
                @for look in &cause.next_looks { li { "would tell more: " (said(look)) } }
            }
            p { a href=(sources.to(&format!("/runbooks/{}", links::segment(&cause.label)))) { "What to do: " (said(&cause.label)) } }
        }
    }
}

fn past(sources: &Sources, incidents: Option<&[Incident]>, now: Timestamp) -> Markup {
    let Some(incidents) = incidents else { return silent_store() };
    html! {
        @if incidents.is_empty() { p { "None on record lately." } }
        @else {
            table.dense {
                thead { tr { th scope="col" { "Since" } th scope="col" { "Lasted" } th scope="col" { "What failed" } th scope="col" { "Likely cause" } } }
                tbody { @for i in incidents.iter().take(SHOWN) {
                    tr id=(format!("i-{}", links::segment(&i.id.0))) {
                        th scope="row" { a href=(sources.to_incident(&i.id.0)) { (words::moment(i.since)) } }
                        td data-word="Lasted" { (words::lasted(lasted(i, now))) @if i.resolved_at.is_none() { " " strong { "and goes on" } } }
                        td data-word="What failed" { (failed(i)) }
                        td data-word="Likely cause" { (i.diagnosis.first().map_or("–".to_owned(), |d| said(&d.title))) }
                    }
                } }
            }
        }
    }
}

fn failed(incident: &Incident) -> String {
    let mut names: Vec<&str> = incident.alerts.values().map(|a| a.key.series.probe.as_str()).collect();
    names.dedup();
    said(&names.join(", "))
}
