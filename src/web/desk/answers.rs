//! The forms of an incident: what those who may can say to it.

use launchwatch_alerts::{AlertState, Incident, IncidentState, Label};
use maud::{Markup, html};

use super::links;
use crate::web::Sources;
use crate::web::access::{Who, csrf};

/// For how long somebody sees to it.
const SPANS: [(&str, &str); 4] = [("30m", "30 min"), ("1h", "1 h"), ("4h", "4 h"), ("8h", "8 h")];

/// What a form is posted to.
fn action(sources: &Sources, incident: &Incident, verb: &str) -> String {
    sources.to(&format!("{}/{verb}", links::incident(&incident.id.0)))
}

/// I see to it, for so long; or not any more.
pub(super) fn seeing(sources: &Sources, who: &Who, incident: &Incident) -> Markup {
    if incident.state == IncidentState::Resolved {
        return html! {};
    }
    html! {
        form.row #acknowledge method="post" action=(action(sources, incident, "acknowledge")) {
            (csrf(who))
            span { @if incident.ack.is_some() { "I see to it, anew for" } @else { strong { "I see to it" } " for" } }
            @for (value, words) in SPANS { button name="for" value=(value) .primary[incident.ack.is_none()] { (words) } }
        }
        @if incident.ack.is_some() {
            form.row #unacknowledge method="post" action=(action(sources, incident, "unacknowledge")) {
                (csrf(who)) button { "Nobody sees to it after all" }
            }
        }
    }
}

/// A remark for the record.
pub(super) fn comment(sources: &Sources, who: &Who, incident: &Incident) -> Markup {
    html! {
        form #comment data-keep method="post" action=(action(sources, incident, "comment")) {
            (csrf(who))
            label for="text" { "Put on record" }
            textarea #text name="text" rows="2" maxlength="2000" required {}
            button { "Add" }
        }
    }
}

/// The rest, one beside the other.
pub(super) fn others(sources: &Sources, who: &Who, incident: &Incident, open: &[Incident]) -> Markup {
    let over = incident.state == IncidentState::Resolved;
    html! {
        section.card {
            h2 { "What else you can say" }
            div.forms {
                (label(sources, who, incident))
                @if !over { (assign(sources, who, incident)) (silence(sources, who, incident)) }
                @if incident.merged_into.is_none() { (merge(sources, who, incident, open)) }
                @if !over { (split(sources, who, incident)) }
            }
        }
    }
}

fn label(sources: &Sources, who: &Who, incident: &Incident) -> Markup {
    let now = match incident.label {
        None => "nobody has said",
        Some(Label::Real) => "real",
        Some(Label::FalseAlarm) => "a false alarm",
    };
    let pressed = |label: Label| if incident.label == Some(label) { "true" } else { "false" };
    html! {
        form #label method="post" action=(action(sources, incident, "label")) {
            (csrf(who))
            h3 { "Was it right to tell?" }
            p.fresh { "So far: " (now) ". Rules are tried against this." }
            div.row {
                button name="label" value="real" aria-pressed=(pressed(Label::Real)) { "It was real" }
                button name="label" value="false_alarm" aria-pressed=(pressed(Label::FalseAlarm)) { "A false alarm" }
            }
        }
    }
}

fn assign(sources: &Sources, who: &Who, incident: &Incident) -> Markup {
    html! {
        form #assign data-keep method="post" action=(action(sources, incident, "assign")) {
            (csrf(who))
            h3 { label for="to" { "Whose it is" } }
            div.row { input #to name="to" value=(incident.assignee.as_deref().unwrap_or(&who.name)) maxlength="80" required; button { "Assign" } }
        }
    }
}

fn silence(sources: &Sources, who: &Who, incident: &Incident) -> Markup {
    html! {
        form #silence data-keep method="post" action=(action(sources, incident, "silence")) {
            (csrf(who))
            h3 { "Tell nobody of this" }
            div.row {
                label for="silence-for" { "for" }
                select #silence-for name="for" {
                    option value="1h" { "1 h" } option value="4h" { "4 h" } option value="12h" { "12 h" } option value="24h" { "24 h" }
                }
                label { input type="checkbox" name="until_resolved" value="yes" checked; " or until it is over" }
            }
            label for="reason" { "Why" }
            div.row { input #reason name="reason" maxlength="500"; button { "Silence" } }
        }
    }
}

fn merge(sources: &Sources, who: &Who, incident: &Incident, open: &[Incident]) -> Markup {
    let others = || open.iter().filter(|other| other.id != incident.id);
    html! {
        form #merge data-keep method="post" action=(action(sources, incident, "merge")) {
            (csrf(who))
            h3 { label for="into" { "It is the same trouble as" } }
            div.row {
                input #into name="into" list="others" placeholder="another incident" required;
                datalist #others { @for other in others() { option value=(other.id) { (other.target) } } }
                button { "Merge into that one" }
            }
            p.fresh { "All that belongs to this one goes on there; this one is closed." }
        }
    }
}

fn split(sources: &Sources, who: &Who, incident: &Incident) -> Markup {
    let firing: Vec<_> =
        incident.alerts.iter().filter(|(_, a)| a.state == AlertState::Firing).map(|(name, _)| name).collect();
    html! {
        @if firing.len() > 1 {
            form #split data-keep method="post" action=(action(sources, incident, "split")) {
                (csrf(who))
                fieldset {
                    legend { "Some of it is another trouble" }
                    @for name in firing.iter().take(50) { label.line { input type="checkbox" name="alert" value=(name); " " (name) } }
                }
                button { "Split off" }
            }
        }
    }
}
