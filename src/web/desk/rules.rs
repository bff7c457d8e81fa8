//! Rules and how each stands over what it judges: why it does or does not fire, as the engine sees it.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use launchwatch_alerts::text::one_line;
use launchwatch_alerts::{AlertState, Selector, Standing, StandingOf};
use maud::{Markup, html};

use super::links;
use crate::web::Sources;
use crate::web::access::{Who, refusal};
use crate::web::shell::Page;
use crate::web::words::{age, moment_exact};

/// Series that are shown of a rule: those that are not calm come first.
const SERIES: usize = 25;
/// Longest wait for the engine's answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who) -> Response {
    let now = sources.clock.now();
    let Ok(Ok(mut rules)) = tokio::time::timeout(PATIENCE, sources.orders.why(SERIES)).await else {
        let hint = "Whoever judges does not answer just now. Try again in a moment.";
        return refusal(
            &sources,
            &who,
            StatusCode::SERVICE_UNAVAILABLE,
            "Nothing is known of the rules",
            hint,
        );
    };
    rules.sort_by_key(|rule| std::cmp::Reverse((rule.firing > 0, rule.pending > 0)));
    let body = html! {
        p.fresh { "What is judged here is what the engine counts at this moment. Rules are written in the configuration." }
        @for rule in &rules { (card(&sources, rule, now)) }
    };
    let firing = rules.iter().filter(|r| r.firing > 0).count();
    let title = match firing {
        0 => "Rules: none fires".to_owned(),
        1 => "Rules: 1 fires".to_owned(),
        many => format!("Rules: {many} fire"),
    };
    let fresh = html! { p.fresh { "As of " (moment_exact(now)) } };
    sources.page(Page { title: &title, here: "/rules", who: &who, fresh, body, live: false })
}

fn card(sources: &Sources, rule: &Standing, now: Timestamp) -> Markup {
    let (tone, word) = match (rule.firing, rule.pending) {
        (0, 0) => ("passed", "calm".to_owned()),
        (0, many) => ("degraded", format!("{many} pending")),
        (many, _) => ("failed", format!("{many} firing")),
    };
    html! {
        section.card.(tone) id=(format!("rule-{}", links::segment(&rule.rule))) {
            h2 { (rule.rule) " " span.badge.(tone) { (word) } " " span.badge.unknown { (rule.severity.as_str()) } }
            p { (rule.when) "." }
            p.fresh {
                "Over " (of(&rule.of)) "; judges " (rule.judged) " series"
                @if rule.hold_seconds > 0 { "; the evidence must span " (rule.hold_seconds) " s" }
                @if rule.keep_seconds > 0 { "; over after " (rule.keep_seconds) " s without" }
                @if rule.quorum > 1 { "; " (rule.quorum) " locations must agree" }
                @if rule.alert != rule.rule { "; called " (rule.alert) }
                "."
            }
            @if !rule.series.is_empty() { details open[rule.firing + rule.pending > 0] { summary { "Why" } (table(sources, rule, now)) } }
        }
    }
}

fn table(sources: &Sources, rule: &Standing, now: Timestamp) -> Markup {
    html! {
        table.stack {
            thead { tr { th { "Series" } th { "Counted" } th { "So" } th { "Because" } } }
            tbody { @for one in &rule.series { (row(sources, one, now)) } }
        }
        @if rule.judged > rule.series.len() { p.fresh { "and " (rule.judged - rule.series.len()) " more that are no louder" } }
    }
}

fn row(sources: &Sources, one: &StandingOf, now: Timestamp) -> Markup {
    let (tone, word) = match one.state {
        AlertState::Calm => ("passed", "calm"),
        AlertState::Pending => ("degraded", "pending"),
        AlertState::Firing => ("failed", "firing"),
    };
    html! {
        tr data-key=(one.series) {
            td { a href=(sources.to(&links::probe(&sources.board.read().id_of(&one.series)))) { (one.series) } @if !one.series.location.is_empty() { " " small { (one.series.location) } } }
            td { (one_line(&one.counted, 300)) }
            td { b.(tone) { (word) } @if let Some(since) = one.since { " for " (age(now.duration_since(since))) } }
            td {
                (one.why)
                @if let Some(id) = &one.incident { " · " a href=(sources.to(&links::incident(&id.0))) { "incident" } }
                @if let Some(next) = one.next { " · judged again " (moment_exact(next)) }
            }
        }
    }
}

fn of(selector: &Selector) -> String {
    let all = [&selector.targets, &selector.probes, &selector.series];
    let parts: Vec<String> = all.iter().filter(|list| !list.is_empty()).map(|list| list.join(", ")).collect();
    if parts.is_empty() { "everything".to_owned() } else { one_line(&parts.join(" / "), 300) }
}
