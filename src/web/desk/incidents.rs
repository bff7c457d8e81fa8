//! The list of incidents: what is open, and what was, page by page.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use launchwatch_alerts::{Deploy, DeployResult, Incident, IncidentId, IncidentState, Label};
use maud::{Markup, html};
use serde::Deserialize;

use super::{headline, links};
use crate::store::IncidentQuery;
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::api::letter::Asked;
use crate::web::shell::Page;
use crate::web::words::{lasted, moment};

/// Incidents of the past on a page.
const ROWS: usize = 25;
/// Open ones that are listed.
const OPEN: usize = 100;
/// Deployments that are listed.
const DEPLOYS: usize = 8;

#[derive(Deserialize)]
pub(in crate::web) struct Which {
    before: Option<IncidentId>,
    #[serde(default)]
    show: Filter,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Filter {
    #[default]
    All,
    Unlabelled,
    FalseAlarms,
    Pages,
}

impl Filter {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::All, "all", "All"),
        (Self::Pages, "pages", "That woke somebody"),
        (Self::Unlabelled, "unlabelled", "Not labelled"),
        (Self::FalseAlarms, "false_alarms", "False alarms"),
    ];

    fn shows(self, incident: &Incident) -> bool {
        match self {
            Self::All => true,
            Self::Unlabelled => incident.label.is_none() && incident.merged_into.is_none(),
            Self::FalseAlarms => incident.label == Some(Label::FalseAlarm),
            Self::Pages => incident.severity == launchwatch_alerts::Severity::Page,
        }
    }

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(f, ..)| *f == self).map_or("all", |(_, word, _)| word)
    }
}

pub(in crate::web) async fn page(
    State(sources): State<Sources>,
    who: Who,
    Asked(which): Asked<Which>,
) -> Response {
    let now = sources.clock.now();
    let mut open = match which.before {
        None => find(&sources, Some(true), None, OPEN).await,
        Some(_) => Vec::new(),
    };
    let (mut past, next) = past(&sources, &which).await;
    open.retain(|incident| super::visible(&sources, &who, incident));
    past.retain(|incident| super::visible(&sources, &who, incident));
    let deploys = match who.known() && which.before.is_none() {
        true => sources.store.deploys(DEPLOYS).await.unwrap_or_default(),
        false => Vec::new(),
    };
    let body = html! {
        @if which.before.is_none() {
            section #open {
                h2 { "Open" }
                @if open.is_empty() { p.card.passed { "Nothing is open." } }
                @for incident in &open { (card(&sources, &who, incident, now)) }
            }
        }
        section #past {
            h2 { "Over" }
            p.row { @for (filter, word, words) in Filter::ALL { a.badge.unknown href=(sources.to(&format!("/incidents?show={word}"))) aria-current=[(filter == which.show).then_some("true")] { (words) } } }
            @if past.is_empty() { p { "None." } } @else { (table(&sources, &past, now)) }
            p.row {
                @if which.before.is_some() { a href=(sources.to(&format!("/incidents?show={}", which.show.word()))) { "Newest" } }
                @if let Some(next) = &next { a rel="next" href=(sources.to(&format!("/incidents?show={}&before={}", which.show.word(), links::segment(&next.0)))) { "Older" } }
            }
        }
        (deployments(&deploys))
    };
    let title = match open.len() {
        0 => "Incidents".to_owned(),
        1 => "Incidents: 1 is open".to_owned(),
        many => format!("Incidents: {many} are open"),
    };
    sources.page(Page { title: &title, here: "/incidents", who: &who, fresh: html! {}, body, live: true })
}

async fn find(
    sources: &Sources,
    open: Option<bool>,
    before: Option<IncidentId>,
    limit: usize,
) -> Vec<Incident> {
    sources.store.find_incidents(&IncidentQuery { open, before, limit }).await.unwrap_or_default()
}

/// Incidents that are over, as the filter wants them, and the `before` of the next page.
async fn past(sources: &Sources, which: &Which) -> (Vec<Incident>, Option<IncidentId>) {
    let (mut shown, mut before) = (Vec::new(), which.before.clone());
    // A filter that fits hardly anything must not read everything.
    for _ in 0..8 {
        let found = find(sources, Some(false), before.clone(), ROWS).await;
        let full = found.len() == ROWS;
        for incident in found {
            before = Some(incident.id.clone());
            if which.show.shows(&incident) {
                shown.push(incident);
            }
            if shown.len() == ROWS {
                return (shown, before);
            }
        }
        if !full {
            return (shown, None);
        }
    }
    (shown, before)
}

fn card(sources: &Sources, who: &Who, incident: &Incident, now: Timestamp) -> Markup {
    let working = headline::working(&sources.board.read(), incident, now);
    let tone = if incident.recovered_at.is_some() { "degraded" } else { "failed" };
    html! {
        article.card.(tone) data-key=(incident.id) {
            h3 { a href=(sources.to(&links::incident(&incident.id.0))) { (headline::headline(incident, working, now)) } }
            p.row {
                span.badge.(tone) { (incident.severity.as_str()) }
                @match &incident.ack {
                    Some(ack) if who.known() => span { strong { (ack.by) } " sees to it" },
                    Some(_) => span { "somebody sees to it" },
                    None => strong { "Nobody sees to it yet." },
                }
                @if let Some(cause) = incident.diagnosis.first() { span { "Likely: " (cause.title) } }
            }
        }
    }
}

fn table(sources: &Sources, past: &[Incident], now: Timestamp) -> Markup {
    html! {
        table.stack {
            thead { tr { th { "Since" } th { "What" } th { "Lasted" } th { "Said of it" } } }
            tbody { @for incident in past {
                tr data-key=(incident.id) {
                    td { (moment(incident.since)) }
                    td { a href=(sources.to(&links::incident(&incident.id.0))) { (what(incident)) } }
                    td { (lasted(incident.resolved_at.unwrap_or(now).duration_since(incident.since))) }
                    td { (said(incident)) }
                }
            } }
        }
    }
}

/// What it was, in a few words.
fn what(incident: &Incident) -> String {
    let names: Vec<_> = headline::failing(incident).iter().map(|a| a.key.series.probe.clone()).collect();
    let few = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(3);
    let cause = incident.diagnosis.first().map_or_else(String::new, |d| format!(" · {}", d.title));
    match more {
        0 => format!("{}: {few}{cause}", incident.target),
        more => format!("{}: {few} and {more} more{cause}", incident.target),
    }
}

fn said(incident: &Incident) -> &'static str {
    match (incident.state, &incident.merged_into, incident.label) {
        (_, Some(_), _) => "merged",
        (_, _, Some(Label::Real)) => "real",
        (_, _, Some(Label::FalseAlarm)) => "false alarm",
        (IncidentState::Open, ..) => "open",
        _ => "not labelled",
    }
}

fn deployments(deploys: &[Deploy]) -> Markup {
    html! {
        @if !deploys.is_empty() {
            section #deploys {
                h2 { "Deployments seen" }
                table.stack {
                    thead { tr { th { "When" } th { "To" } th { "What" } th { "Came to" } th { "Says" } } }
                    tbody { @for d in deploys {
                        tr {
                            td { (moment(d.at)) } td { (d.target) }
                            td { @match &d.url { Some(url) => a href=(url) rel="noopener noreferrer" { (d.what) }, None => (d.what) } }
                            td { @match d.result { DeployResult::Ok => b.passed { "runs" }, DeployResult::Failed => b.failed { "failed" } } }
                            td { (d.by) }
                        }
                    } }
                }
            }
        }
    }
}
