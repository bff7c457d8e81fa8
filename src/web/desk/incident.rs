//! The page of one incident: for somebody who was woken, what is broken, since when, why, and what to do, in five seconds.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::text::{one_line, reason, stage};
use launchwatch_alerts::{Alert, Incident, IncidentState, Label, SeriesId};
use maud::{Markup, html};

use super::timeline::{self, Line};
use super::{answers, cause, headline, links};
use crate::observation::Observation;
use crate::store::{IncidentQuery, RunQuery};
use crate::web::Sources;
use crate::web::access::{Role, Who, refusal};
use crate::web::api::door::Named;
use crate::web::api::incidents::find;
use crate::web::shell::Page;
use crate::web::words::{age, lasted, moment, moment_exact};

/// Alerts that are listed; the rest is counted.
const LISTED: usize = 12;
/// Messages that are read.
const MESSAGES: usize = 500;
/// A run that failed began so long after its slot at most.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// One incident by its id; a target's name stands for its open incident.
pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who, Named(called): Named) -> Response {
    let read = async {
        let id = find(&sources, &called).await?;
        Ok::<_, crate::web::problem::Problem>(sources.store.incident(&id).await?)
    };
    match read.await {
        Ok(Some(incident)) if super::visible(&sources, &who, &incident) => {
            shown(&sources, &who, &incident).await
        }
        Ok(_) => refusal(&sources, &who, StatusCode::NOT_FOUND, "There is no such incident", ""),
        Err(problem) => super::refused(&sources, &who, &problem),
    }
}

async fn shown(sources: &Sources, who: &Who, incident: &Incident) -> Response {
    let now = sources.clock.now();
    let working = headline::working(&sources.board.read(), incident, now);
    let title = headline::headline(incident, working.clone(), now);
    let failing = headline::failing(incident);
    let runs = Runs::read(sources, incident, &failing, who.known()).await;
    let lines = match who.known() {
        true => {
            let told = sources.store.deliveries_of(&incident.id, MESSAGES).await.unwrap_or_default();
            timeline::timeline(incident, &told, runs.first.clone())
        }
        false => timeline::public(incident),
    };
    let operator = who.may(Role::Operator);
    let query = IncidentQuery { open: Some(true), before: None, limit: 50 };
    let open =
        if operator { sources.store.find_incidents(&query).await.unwrap_or_default() } else { Vec::new() };
    let body = html! {
        section.card.(tone(incident)) #now {
            (standing(sources, who, incident, now))
            (facts(sources, who.known(), incident, (&failing, &working, &runs), now))
            @if operator { (answers::seeing(sources, who, incident)) }
        }
        @for (rank, found) in incident.diagnosis.iter().enumerate() { (cause::cause(sources, rank, found, who.known())) }
        section #timeline { h2 { "What was known when" } (list(sources, &lines)) @if operator { (answers::comment(sources, who, incident)) } }
        @if who.known() { (evidence(&failing)) }
        @if operator { (answers::others(sources, who, incident, &open)) }
    };
    let fresh = html! { p.fresh.(tone(incident)) { "Incident " code { (incident.id) } " · as of " (moment_exact(now)) @if who.known() { " · " a href=(sources.to(&format!("/report/{}", links::segment(&incident.id.0)))) { "report" } } } };
    sources.page(Page { title: &title, here: "/incidents", who, fresh, body, live: true })
}

const fn tone(incident: &Incident) -> &'static str {
    match (incident.state, incident.recovered_at) {
        (IncidentState::Resolved, _) => "passed",
        (_, Some(_)) => "degraded",
        _ => "failed",
    }
}

/// How it stands, in badges and one line.
fn standing(sources: &Sources, who: &Who, incident: &Incident, now: Timestamp) -> Markup {
    let word = match (incident.state, incident.recovered_at) {
        (IncidentState::Resolved, _) => "over",
        (_, Some(_)) => "what pages is over",
        _ => "open",
    };
    html! {
        p.row {
            span.badge.(tone(incident)) { (word) }
            span.badge.unknown { (incident.severity.as_str()) }
            @if let Some(label) = incident.label { span.badge.unknown { (labelled(label)) } }
            @match &incident.ack {
                _ if incident.state == IncidentState::Resolved => {},
                Some(ack) if who.known() => span { strong { (ack.by) } " sees to it, until " (moment(ack.until)) },
                Some(ack) => span { "somebody sees to it, until " (moment(ack.until)) },
                None => strong { "Nobody sees to it yet." },
            }
            @if let Some(to) = incident.assignee.as_ref().filter(|_| who.known()) { span { "Assigned to " strong { (to) } } }
        }
        @if let Some(into) = &incident.merged_into { p { strong { "It goes on as " a href=(sources.to(&links::incident(&into.0))) { (into) } } " and counts there." } }
        @if let Some(from) = &incident.split_from { p { "Split off from " a href=(sources.to(&links::incident(&from.0))) { (from) } "." } }
        @if incident.recovered_at.is_some() && incident.state == IncidentState::Open { p { "Users have their service back since " (age(now.duration_since(incident.recovered_at.unwrap_or(now)))) "." } }
    }
}

const fn labelled(label: Label) -> &'static str {
    match label {
        Label::Real => "real",
        Label::FalseAlarm => "false alarm",
    }
}

/// What fails, since when, what still works, why, and what to do: in this order.
fn facts(
    sources: &Sources,
    known: bool,
    incident: &Incident,
    (failing, working, runs): (&[&Alert], &[String], &Runs),
    now: Timestamp,
) -> Markup {
    let over = incident.state == IncidentState::Resolved;
    html! {
        dl.facts {
            dt { "Since" }
            dd { (moment_exact(incident.since)) ", " @match incident.resolved_at {
                Some(end) => { "lasted " (lasted(end.duration_since(incident.since))) },
                None => { strong { (lasted(now.duration_since(incident.since))) } },
            } " · noticed after " (lasted(incident.opened_at.duration_since(incident.since))) }
            dt { @if over { "Failed" } @else { "Fails" } }
            dd { ul.signs {
                @for alert in failing.iter().take(LISTED) { li { (failure(sources, incident, alert, known.then_some(runs))) } }
                @if failing.len() > LISTED || incident.more > 0 { li { "and " (failing.len().saturating_sub(LISTED) + usize::try_from(incident.more).unwrap_or(0)) " more" } }
                @if failing.is_empty() { li { "nothing any more" } }
            } }
            @if !over { dt { "Still works" } dd { @if working.is_empty() { "nothing that is looked at" } @else { (working.join(", ")) } } }
            @if let Some(first) = incident.diagnosis.first() {
                dt { "Likely cause" } dd { strong { (first.title) } " · " a href="#cause-0" { "why" } " · " (cause::runbook(sources, &first.label)) }
                @if let Some((action, why)) = first.not_first.first().filter(|_| known && !over) { dt { "Not first" } dd { strong { (action.as_str()) } ": " (why) } }
                @if known && !over {
                    @if let Some(proposal) = first.actions.first() { dt { "What to do" } dd { strong { (proposal.action.as_str()) } ": " (proposal.why) } }
                    @else if let Some(look) = first.next_looks.first() { dt { "What to do" } dd { (one_line(look, 300)) } }
                }
            } @else if !over { dt { "Likely cause" } dd { "not known yet · " a href=(sources.to("/runbooks")) { "runbooks" } } }
        }
    }
}

/// What fails how; those who may look at runs find them here.
fn failure(sources: &Sources, incident: &Incident, alert: &Alert, runs: Option<&Runs>) -> Markup {
    let series = &alert.key.series;
    let (id, whence) = {
        let board = sources.board.read();
        let id = board.id_of(series);
        let open = runs.is_some() && incident.state == IncidentState::Open;
        let whence = open.then(|| board.whence(&id, sources.clock.now())).flatten();
        (id, whence.as_ref().and_then(launchwatch_alerts::text::whence))
    };
    let name = if series.target == incident.target { series.probe.clone() } else { series.to_string() };
    html! {
        @if runs.is_some() { a href=(sources.to(&links::probe(&id))) { strong { (name) } } } @else { strong { (name) } }
        @if let Some(why) = &alert.reason { ": " (reason(why)) @if let Some(at) = &alert.stage { ", " (stage(at)) } }
        @if !alert.summary.is_empty() { " — " (one_line(&alert.summary, 300)) }
        @if let Some(whence) = whence { " " strong { (whence) } }
        " " small { "(" (one_line(&alert.says, 200)) @if let Some(slot) = runs.and_then(|r| r.last_of(series)) { "; " a href=(sources.to(&links::run(&id, slot))) { "last failing run" } } ")" }
    }
}

/// The last lines of what fails.
fn evidence(failing: &[&Alert]) -> Markup {
    let telling: Vec<_> = failing.iter().filter(|a| !a.evidence.is_empty()).take(5).collect();
    html! {
        @if !telling.is_empty() {
            section #evidence {
                h2 { "The last lines" }
                @for alert in telling {
                    details data-key=(alert.key.series) { summary { (alert.key.series) } pre { @for line in &alert.evidence { (one_line(line, 2000)) "\n" } } }
                }
            }
        }
    }
}

/// The list; each day begins with its name.
fn list(sources: &Sources, lines: &[Line]) -> Markup {
    html! {
        ol.timeline {
            @for (n, line) in lines.iter().enumerate() {
                li id=(format!("t-{n}")) .(line.tag.as_str()) {
                    (moment_exact(line.at)) span.tag { (line.tag.as_str()) }
                    div {
                        @if let Some(by) = &line.by { strong { (by) } " " }
                        (one_line(&line.what, 2500))
                        @if let Some((series, slot)) = &line.run { ": " a href=(sources.to(&links::run(&sources.board.read().id_of(series), *slot))) { (series) } }
                        @if !line.more.is_empty() { ul { @for more in &line.more { li { (one_line(more, 500)) } } } }
                    }
                }
            }
        }
    }
}

/// Runs to look at: the first that failed, and the last of each series.
#[derive(Default)]
struct Runs {
    first: Option<(SeriesId, Timestamp)>,
    last: Vec<(SeriesId, Timestamp)>,
}

impl Runs {
    async fn read(sources: &Sources, incident: &Incident, failing: &[&Alert], known: bool) -> Self {
        let mut runs = Self::default();
        if !known {
            return runs;
        }
        if let Some(alert) = failing.iter().min_by_key(|a| a.since) {
            let series = &alert.key.series;
            let (from, to) = (incident.since.checked_sub(LATE).ok(), incident.since.checked_add(LATE).ok());
            let found = bad(sources, series, (from, to), 50).await;
            let first = found.iter().rev().find(|run| run.began() >= incident.since);
            runs.first = first.map(|run| (series.clone(), run.slot));
        }
        let until = incident.resolved_at;
        for alert in failing.iter().take(LISTED) {
            let series = &alert.key.series;
            let found = bad(sources, series, (incident.since.checked_sub(LATE).ok(), until), 1).await;
            runs.last.extend(found.first().map(|run| (series.clone(), run.slot)));
        }
        runs
    }

    fn last_of(&self, series: &SeriesId) -> Option<Timestamp> {
        self.last.iter().find(|(s, _)| s == series).map(|(_, slot)| *slot)
    }
}

async fn bad(
    sources: &Sources,
    series: &SeriesId,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    limit: usize,
) -> Vec<Observation> {
    let probe = Some(sources.board.read().id_of(series));
    let query = RunQuery { probe, from, to, only_bad: true, limit };
    sources.store.runs(&query).await.unwrap_or_default()
}
