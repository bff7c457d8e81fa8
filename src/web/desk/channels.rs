//! Channels: how each stands, what it owes, what went through it lately, and a button that tries it.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::forms::Pressed;
use super::trial::{self, Trial};
use super::{back_to, links};
use crate::config::ChannelConfig;
use crate::store::{Backlog, Delivery, DeliveryState, Stand};
use crate::web::Sources;
use crate::web::access::{Role, Said, Who, csrf, refusal};
use crate::web::api::door::Named;
use crate::web::shell::Page;
use crate::web::words::{age, moment, moment_exact};

/// Deliveries that are listed of a channel.
const LAST: usize = 8;
/// A channel is tried no more often than this.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who) -> Response {
    let now = sources.clock.now();
    let stands = sources.store.stands().await.unwrap_or_default();
    let outbox = sources.store.outbox().await.unwrap_or_default();
    let mut cards = Vec::new();
    for channel in sources.desk.channels.iter() {
        let last = sources.store.deliveries_through(&channel.name, LAST).await.unwrap_or_default();
        let stand = stands.get(&channel.name).cloned().unwrap_or_default();
        let owed = outbox.channels.get(&channel.name).copied().unwrap_or_default();
        cards.push(card(&sources, &who, channel, (&stand, owed, &last), now));
    }
    let body = html! {
        @if cards.is_empty() { p.card.failed { "No channel is configured: nobody is told of anything." } }
        @for card in &cards { (card) }
    };
    sources.page(Page { title: "Channels", here: "/channels", who: &who, fresh: html! {}, body, live: true })
}

fn card(
    sources: &Sources,
    who: &Who,
    channel: &ChannelConfig,
    (stand, owed, last): (&Stand, Backlog, &[Delivery]),
    now: Timestamp,
) -> Markup {
    let (tone, word) = match (stand.broken, stand.failures, stand.worked) {
        (Some(_), ..) => ("failed", "broken"),
        (None, 1.., _) => ("degraded", "has failed lately"),
        (None, 0, Some(_)) => ("passed", "works"),
        (None, 0, None) => ("unknown", "not used yet"),
    };
    html! {
        section.card.(tone) data-key=(channel.name) {
            h2 { (channel.name) " " small { (channel.kind) } " " span.badge.(tone) { (word) } }
            dl.facts {
                @if let Some(at) = stand.broken { dt { "Broken since" } dd { (moment(at)) " (" (age(now.duration_since(at))) ")" } }
                @if let Some(why) = &stand.why { dt { "Why" } dd { (why) } }
                @if let Some(at) = stand.not_before.filter(|at| *at > now) { dt { "Left alone until" } dd { (moment_exact(at)) } }
                dt { "Last taken" } dd { @match stand.worked { Some(at) => { (moment(at)) ", " (age(now.duration_since(at))) " ago" }, None => "never" } }
                dt { "Owed" } dd { @match owed.owed { 0 => "nothing", many => strong { (many) " messages" } } @if let Some(due) = owed.due.filter(|due| *due <= now) { ", the oldest for " (age(now.duration_since(due))) } }
                @if let Some(fallback) = &channel.fallback { dt { "In its place" } dd { (fallback) } }
            }
            @if who.may(Role::Operator) {
                form.row method="post" action=(sources.to(&format!("/channels/{}/test", links::segment(&channel.name)))) {
                    (csrf(who)) button { "Send a test message" }
                }
            }
            @if let Some(trial) = trials(sources).get(&channel.name) { (tried(trial, now)) }
            @if !last.is_empty() { (table(sources, last)) }
        }
    }
}

fn tried(trial: &Trial, now: Timestamp) -> Markup {
    html! {
        div.trial {
            p { strong { "Test by " (trial.by) ", " (age(now.duration_since(trial.at))) " ago: " } @if trial.well { b.passed { (trial.outcome) } } @else { b.failed { (trial.outcome) } } }
            ol { @for step in &trial.steps { li { (step) } } }
        }
    }
}

fn table(sources: &Sources, last: &[Delivery]) -> Markup {
    html! {
        table.stack {
            thead { tr { th { "When" } th { "What" } th { "Came to" } } }
            tbody { @for d in last {
                tr {
                    td { (moment_exact(d.at)) }
                    td { (d.kind) " " a href=(sources.to(&links::incident(&d.incident.0))) { (d.incident) } }
                    td { (came(d)) }
                }
            } }
        }
    }
}

fn came(d: &Delivery) -> Markup {
    let after = d.delivered_at.map(|at| at.duration_since(d.at).as_secs().max(0));
    html! {
        @match d.state {
            DeliveryState::Delivered => { b.passed { "delivered" } @if let Some(after) = after { " after " (after) " s" } },
            DeliveryState::Owed => b.degraded { "owed" },
            DeliveryState::Refused => b.failed { "refused" },
            DeliveryState::Superseded => "not sent: a later one tells it as well",
        }
        @if d.attempts > 1 { ", " (d.attempts) " attempts" }
        @if d.possible_duplicate { ", perhaps twice" }
        @if let Some(broken) = &d.instead_of { ", in the place of " (broken) }
        @if let Some(next) = d.next { ", next try " (moment_exact(next)) }
        @if let Some(error) = &d.error { ": " (launchwatch_alerts::text::one_line(error, 300)) }
    }
}

fn trials(sources: &Sources) -> BTreeMap<String, Trial> {
    sources.desk.trials.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Sends a test message; the page shows what came of it.
pub(in crate::web) async fn test(
    State(sources): State<Sources>,
    who: Who,
    Named(name): Named,
    Said(Pressed {}): Said<Pressed>,
) -> Response {
    let channel = sources.desk.channels.iter().find(|c| c.name == name);
    let (Some(channel), Some(post)) = (channel, sources.desk.post.as_ref()) else {
        return refusal(
            &sources,
            &who,
            StatusCode::NOT_FOUND,
            "There is no such channel",
            "The page of channels lists them.",
        );
    };
    let now = sources.clock.now();
    if trials(&sources).get(&name).is_some_and(|last| now.duration_since(last.at) < PAUSE) {
        let hint = "It was tried a moment ago: look what came of that.";
        return refusal(&sources, &who, StatusCode::TOO_MANY_REQUESTS, "Not so fast", hint);
    }
    let trial = trial::run(channel, post.as_ref(), now, &sources.dice.word(8), &who.name).await;
    sources.desk.trials.lock().unwrap_or_else(PoisonError::into_inner).insert(name, trial);
    back_to(&sources, "/channels")
}
