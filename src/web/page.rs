//! The status page: what works, what does not, since when. Works without scripts; reloads itself.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use launchwatch_alerts::diagnosis::Diagnosis;
use launchwatch_alerts::{AlertState, Incident};
use launchwatch_probes::Verdict;
use maud::{Markup, html};

use super::access::Who;
use super::shell::Page;
use super::summary::{Overview, ProbeView, Standing, TargetView, age, overview};
use super::{Sources, strip};
use crate::store::Delivery;

const SHOWN: usize = 8;

pub(super) async fn status(State(sources): State<Sources>, who: Who) -> Response {
    let view = overview(&sources);
    let incidents = sources.store.incidents(SHOWN).await.unwrap_or_default();
    let deliveries = sources.store.deliveries(SHOWN).await.unwrap_or_default();
    let body = html! {
        @for target in &view.targets { (target_card(target, view.at)) }
        @if view.targets.is_empty() { p { "No targets are configured." } }
        (past(&incidents))
        (told(&deliveries))
        ((sources.extra)())
    };
    sources.page(Page {
        title: &title(&view),
        here: "/",
        who: &who,
        fresh: freshness(&view),
        body,
        live: true,
    })
}

fn title(view: &Overview) -> String {
    let down: Vec<&str> =
        view.targets.iter().filter(|t| t.standing == Standing::Down).map(|t| t.name.as_str()).collect();
    if view.stale {
        "Nothing is known: launchwatch itself is stuck".into()
    } else if !down.is_empty() {
        format!("{} cannot launch", down.join(", "))
    } else if view.targets.iter().any(|t| t.standing == Standing::Troubled) {
        "Some things do not work well".into()
    } else if view.targets.iter().any(|t| t.standing == Standing::Unknown) {
        "Not everything is known yet".into()
    } else {
        "Everything works".into()
    }
}

fn freshness(view: &Overview) -> Markup {
    html! {
        p.fresh {
            @match view.committed_at {
                Some(at) => { "Last result written down " (age(view.at.duration_since(at))) " ago, page made at " (clock(view.at)) "." },
                None => { "No result yet." },
            }
        }
    }
}

fn target_card(target: &TargetView, now: Timestamp) -> Markup {
    let (class, word) = match target.standing {
        Standing::Works => ("passed", "works"),
        Standing::Troubled => ("degraded", "works in part"),
        Standing::Down => ("failed", "down"),
        Standing::Unknown => ("unknown", "unknown"),
    };
    html! {
        section.card.(class) {
            h2 { (target.name) " " span.badge.(class) { (word) } }
            @if let Some(incident) = &target.incident { (trouble(incident, now)) }
            div.probes { @for probe in &target.probes { (probe_row(probe, now)) } }
        }
    }
}

fn trouble(incident: &Incident, now: Timestamp) -> Markup {
    html! {
        div.trouble {
            p { strong { "Since " (clock(incident.since)) " (" (age(now.duration_since(incident.since))) ")" } " · incident " code { (incident.id) } }
            @for cause in &incident.diagnosis { (likely(cause)) }
            @for alert in incident.alerts.values().filter(|a| a.state == AlertState::Firing) {
                p {
                    strong { (alert.key.series.probe) }
                    @if let Some(stage) = &alert.stage { " fails at stage " em { (stage) } }
                    @if let Some(reason) = &alert.reason { " (" (reason) ")" }
                    ": " (alert.summary)
                }
            }
        }
    }
}

/// A likely cause, what speaks for it, and what could be done about it.
fn likely(cause: &Diagnosis) -> Markup {
    html! {
        details open {
            summary {
                "Likely cause: " strong { (cause.title) } " (" a href=(format!("runbooks/{}", cause.label)) { (cause.label) } ")"
            }
            ul {
                @for sign in &cause.evidence { li { (sign) } }
                @for sign in &cause.against { li { "but: " (sign) } }
            }
            @for proposal in &cause.actions {
                p { "Proposed: " strong { (proposal.action.as_str()) } " (" (proposal.mode.as_str()) "): " (proposal.why) }
                ul { @for guard in &proposal.guards { li { (mark(guard.holds)) " " (guard.says) } } }
            }
            @for (action, why) in &cause.not_first { p { "Not first: " strong { (action.as_str()) } ", " (why) } }
        }
    }
}

/// How a guard stands.
const fn mark(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    }
}

fn probe_row(probe: &ProbeView, now: Timestamp) -> Markup {
    let (class, word) = match probe.verdict {
        _ if probe.stale => ("unknown", "stale"),
        None => ("unknown", "no run yet"),
        Some(Verdict::Passed) => ("passed", "passed"),
        Some(Verdict::Degraded) => ("degraded", "degraded"),
        Some(Verdict::Failed) => ("failed", "failed"),
        Some(Verdict::Unknown) => ("unknown", "unknown"),
    };
    html! {
        div.probe {
            div.name { strong { (probe.name) } " " small { (probe.kind) } }
            div.now {
                span.badge.(class) { (word) } " "
                @if let Some(seconds) = probe.seconds { (format!("{seconds:.2} s")) }
                @if let Some(at) = probe.ended_at { ", " (age(now.duration_since(at))) " ago" }
                @if let Some(stage) = probe.failed_stage { " · at stage " em { (stage) } }
                @if !probe.summary.is_empty() { p.summary { (probe.summary) } }
            }
            (strip::svg(&probe.strip))
            @if !probe.stages.is_empty() {
                details {
                    summary { "stages of the last run" }
                    table { @for stage in &probe.stages { tr { td { (stage.stage) } td.number { (format!("{:.3} s", stage.took.as_secs_f64())) } } } }
                    @if !probe.evidence.is_empty() { pre { @for line in &probe.evidence { (line) "\n" } } }
                }
            }
        }
    }
}

fn past(incidents: &[Incident]) -> Markup {
    html! {
        @if !incidents.is_empty() {
            section {
                h2 { "Incidents" }
                table.wide {
                    thead { tr { th { "since" } th { "target" } th { "lasted" } th { "what failed" } } }
                    @for i in incidents {
                        tr {
                            td { (clock(i.since)) } td { (i.target) }
                            td { @match i.resolved_at { Some(end) => { (age(end.duration_since(i.since))) }, None => { strong { "still open" } } } }
                            td { @for a in i.alerts.values() { (a.key.series.probe) " " @if let Some(r) = &a.reason { "(" (r) ") " } } }
                        }
                    }
                }
            }
        }
    }
}

fn told(deliveries: &[Delivery]) -> Markup {
    html! {
        @if !deliveries.is_empty() {
            section {
                h2 { "Who was told" }
                table.wide {
                    thead { tr { th { "owed at" } th { "what" } th { "channel" } th { "came to" } } }
                    @for d in deliveries {
                        tr {
                            td { (clock(d.at)) } td { (d.kind) " " small { (d.notification) } } td { (d.channel) }
                            td { (format!("{:?}", d.state).to_lowercase()) @if d.attempts > 1 { ", " (d.attempts) " attempts" } @if let Some(e) = &d.error { ": " (e) } }
                        }
                    }
                }
            }
        }
    }
}

/// A moment as people of all time zones can read it.
fn clock(at: Timestamp) -> String {
    at.strftime("%a %d %b %H:%M:%S UTC").to_string()
}
