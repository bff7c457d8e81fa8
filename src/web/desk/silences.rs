//! What nobody is told of for a time: silences and maintenances of people, planned maintenance, and the form to add one.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use launchwatch_alerts::{Command, IncidentId, Maintenance, Selector, Silence, Window};
use maud::{Markup, html};
use serde::Deserialize;

use super::forms::Pressed;
use super::{back_to, links, refused};
use crate::web::Sources;
use crate::web::access::{Role, Said, Who, csrf};
use crate::web::api::door::Named;
use crate::web::api::incidents::give;
use crate::web::api::letter::Lasting;
use crate::web::api::silences::{Wish, silence};
use crate::web::problem::Problem;
use crate::web::shell::Page;
use crate::web::words::{age, moment};

/// Silences that are listed, over ones included.
const ROWS: usize = 60;
/// What was not told, that is listed.
const HIDDEN: usize = 20;
/// Targets that the form knows by name.
const NAMED: usize = 200;

pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who) -> Response {
    let now = sources.clock.now();
    let all = sources.store.silences(ROWS).await.unwrap_or_default();
    let hidden = sources.store.hidden(HIDDEN).await.unwrap_or_default();
    let (over, standing): (Vec<_>, Vec<_>) = all.into_iter().partition(|s| s.ended.is_some());
    let operator = who.may(Role::Operator);
    let body = html! {
        section #standing {
            h2 { "In force and to come" }
            @if standing.is_empty() { p { "None: everybody is told of everything." } }
            @for silence in &standing { (card(&sources, &who, silence, now)) }
        }
        @if operator { (form(&sources, &who)) }
        (planned(&sources.planned, now))
        section #hidden {
            h2 { "Not told lately" }
            @if hidden.is_empty() { p { "Nothing." } } @else {
                table.stack {
                    thead { tr { th { "When" } th { "What" } th { "Held back by" } } }
                    tbody { @for h in &hidden { tr { td { (moment(h.at)) } td { (h.series) " (" (h.rule) ")" br; small { (launchwatch_alerts::text::one_line(&h.summary, 300)) } } td { (h.by) } } } }
                }
            }
        }
        section #over {
            h2 { "Over" }
            @if over.is_empty() { p { "None." } } @else {
                table.stack {
                    thead { tr { th { "Of" } th { "By" } th { "Until" } th { "Hid" } th { "Why it ended" } } }
                    tbody { @for s in &over { tr data-key=(s.id) { td { (of(&s.of)) " " small { (s.reason) } } td { (s.by) } td { (moment(s.until)) } td { (s.hid) } td { (s.ended.as_deref().unwrap_or_default()) } } } }
                }
            }
        }
    };
    sources.page(Page { title: "Silences", here: "/silences", who: &who, fresh: html! {}, body, live: true })
}

fn card(sources: &Sources, who: &Who, silence: &Silence, now: Timestamp) -> Markup {
    let begins = silence.from > now;
    let left = age(silence.until.duration_since(now));
    html! {
        article.card.degraded data-key=(silence.id) {
            h3 { (if silence.maintenance { "Maintenance" } else { "Silence" }) " of " (of(&silence.of)) }
            p { strong { (silence.by) } @if !silence.reason.is_empty() { ": " (silence.reason) } }
            p { @if begins { "from " (moment(silence.from)) " " } "until " (moment(silence.until)) @if !begins { " (" (left) " left)" }
                @if let Some(with) = &silence.with { ", or until " a href=(sources.to(&links::incident(&with.0))) { (with) } " is over" }
                "; hid " (silence.hid) " so far" }
            @if who.may(Role::Operator) {
                form method="post" action=(sources.to(&format!("/silences/{}/end", links::segment(&silence.id)))) { (csrf(who)) button { "End it now" } }
            }
        }
    }
}

/// What a silence is about, in words.
fn of(selector: &Selector) -> String {
    let mut parts = Vec::new();
    if !selector.targets.is_empty() {
        parts.push(selector.targets.join(", "));
    }
    if !selector.probes.is_empty() {
        parts.push(format!("probes {}", selector.probes.join(", ")));
    }
    if !selector.series.is_empty() {
        parts.push(selector.series.join(", "));
    }
    if parts.is_empty() {
        "everything".to_owned()
    } else {
        launchwatch_alerts::text::one_line(&parts.join("; "), 300)
    }
}

fn form(sources: &Sources, who: &Who) -> Markup {
    let targets: Vec<String> = sources.board.read().labels.keys().take(NAMED).cloned().collect();
    html! {
        section.card #add {
            h2 { "Tell nobody for a time" }
            form data-keep method="post" action=(sources.to("/silences")) {
                (csrf(who))
                div.row {
                    label for="targets" { "Targets" }
                    input #targets name="targets" list="known" placeholder="hub, user-*" required;
                    datalist #known { @for target in &targets { option value=(target) {} } }
                    label for="probes" { "only probes" }
                    input #probes name="probes" placeholder="all";
                }
                div.row {
                    label for="for" { "for" }
                    input #for name="for" value="2h" size="6" required;
                    label { input type="checkbox" name="maintenance" value="yes"; " it is maintenance: what it broke is not told afterwards either" }
                }
                div.row { label for="reason" { "Why" } input #reason name="reason" maxlength="500"; button { "Silence" } }
            }
        }
    }
}

fn planned(planned: &[Maintenance], now: Timestamp) -> Markup {
    html! {
        @if !planned.is_empty() {
            section #planned {
                h2 { "Planned by the configuration" }
                table.stack {
                    thead { tr { th { "Name" } th { "Of" } th { "When" } } }
                    tbody { @for one in planned { tr { td { (one.name) } td { (of(&one.of)) } td { (when(&one.when, now)) } } } }
                }
            }
        }
    }
}

fn when(window: &Window, now: Timestamp) -> Markup {
    html! {
        @match window {
            Window::Once { from, until } => { (moment(*from)) " to " (moment(*until)) @if *until <= now { ", over" } @else if *from <= now { strong { ", now" } } },
            Window::Weekly { days, at, lasts, time_zone } => {
                "every " (if days.is_empty() { "day".to_owned() } else { days.iter().map(|d| format!("{d:?}")).collect::<Vec<_>>().join(", ") })
                " at " (at.strftime("%H:%M").to_string()) " " (time_zone.iana_name().unwrap_or("UTC")) " for " (humantime::format_duration(*lasts).to_string())
            },
        }
    }
}

#[derive(Deserialize)]
pub(in crate::web) struct Added {
    targets: String,
    #[serde(default)]
    probes: String,
    #[serde(rename = "for")]
    lasts: Lasting,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    maintenance: Option<String>,
}

/// Names that somebody wrote with commas or blanks between.
fn names(text: &str) -> Vec<String> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|n| !n.is_empty()).map(str::to_owned).collect()
}

/// Adds a silence.
pub(in crate::web) async fn add(
    State(sources): State<Sources>,
    who: Who,
    Said(said): Said<Added>,
) -> Response {
    let wish = Wish {
        by: who.name.clone(),
        reason: said.reason,
        targets: names(&said.targets),
        probes: names(&said.probes),
        series: Vec::new(),
        from: None,
        until: None,
        lasts: Some(said.lasts),
        until_resolved: None::<IncidentId>,
        maintenance: said.maintenance.is_some(),
    };
    let added = async {
        let silence = silence(&sources, wish)?;
        give(&sources, Command::Silence { silence }).await?;
        Ok::<_, Problem>(())
    };
    match added.await {
        Ok(()) => back_to(&sources, "/silences"),
        Err(problem) => refused(&sources, &who, &problem),
    }
}

/// Ends a silence before its time.
pub(in crate::web) async fn end(
    State(sources): State<Sources>,
    who: Who,
    Named(id): Named,
    Said(Pressed {}): Said<Pressed>,
) -> Response {
    match give(&sources, Command::EndSilence { id, by: who.name.clone() }).await {
        Ok(()) => back_to(&sources, "/silences"),
        Err(given) => refused(&sources, &who, &given.into()),
    }
}
