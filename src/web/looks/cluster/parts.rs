//! The cards of the cluster page: one for each thing that somebody would ask about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};

use super::super::standing::badge;
use super::super::{ago, drawn, figures, links, said};
use super::source::{Figure, Source};
use crate::web::Sources;

/// A figure of a card: its name, what it is called, and whether anything above 0 is trouble.
type Told = (&'static str, &'static str, bool);

const DRIFT: &[Told] = &[
    ("drift_matched", "servers with a pod", false),
    ("drift_orphans", "orphans: pods without a server", true),
    ("drift_stuck", "stuck: ready, but the Hub waits", true),
    ("drift_ghosts", "ghosts: servers without a pod", true),
    ("drift_unreachable", "unreachable: on a lost node", true),
    ("drift_waiting_room", "waiting for room", false),
    ("drift_waiting_node", "waiting for a new node", false),
    ("drift_leftovers", "leftovers: ended pods", false),
];
const NODES: &[Told] = &[
    ("nodes", "nodes", false),
    ("node_limit", "of at most", false),
    ("nodes_ready", "ready", false),
    ("nodes_schedulable", "open to new pods", false),
    ("nodes_cordoned", "cordoned", false),
    ("nodes_not_ready_long", "not ready for long", true),
    ("nodes_disk_pressure", "short of disk", true),
    ("nodes_memory_pressure", "short of memory", true),
    ("nodes_readonly", "read-only", true),
    ("nodes_without_address", "without an address", true),
    ("quota_pods_used", "pods, of the quota", false),
    ("quota_pods_hard", "the quota", false),
    ("quota_blocked", "the quota is used up", true),
];
const SERVERS: &[Told] = &[
    ("servers_active", "servers in the Hub's books", false),
    ("servers_ready", "ready", false),
    ("pending_spawn", "starting", false),
    ("pending_spawn_oldest_seconds", "the longest start", false),
    ("pending_stop", "stopping", false),
    ("pending_stop_oldest_seconds", "the longest stop", false),
    ("users_total", "users", false),
    ("hub_latency_seconds", "the Hub's health answers in", false),
    ("list_seconds", "its list of servers takes", false),
];
const FEDERATION: &[Told] = &[
    ("members", "members", false),
    ("members_active", "that the redirector sends people to", false),
    ("members_healthy", "well by their own word", false),
    ("members_missing", "well, but nobody is sent there", true),
    ("versions_distinct", "versions in use", false),
    ("versions_apart_seconds", "versions apart for", false),
    ("prime_stale", "the prime member is behind", true),
];
/// Rows and columns of the table of pods.
const PODS: [(&str, &str); 3] =
    [("user_pods", "user"), ("build_pods", "build"), ("placeholders", "placeholder")];
const PHASES: [(&str, &str, bool); 8] = [
    ("running", "running", false),
    ("ready", "ready", false),
    ("pending", "pending", false),
    ("unscheduled_long", "long without a node", true),
    ("terminating", "ending", false),
    ("unknown", "lost", true),
    ("failed", "failed", true),
    ("overdue", "overdue", true),
];

/// A card: what, from which probe, how old.
fn card(sources: &Sources, source: &Source, title: &str, now: Timestamp, body: Markup) -> Markup {
    let id = format!("{}-{title}", links::segment(source.id.as_str())).replace(' ', "-");
    html! {
        div.card.plain id=(id) {
            h3 { (title) }
            p.fresh { a href=(sources.to_probe(&source.id)) { (said(source.id.probe())) } " " (badge(source.standing))
                @match source.looked { Some(at) => { " looked " (ago(at, now)) }, None => { " has not looked yet" } }
                @if !source.trouble.is_empty() { ": " (said(&source.trouble)) }
            }
            (body)
        }
    }
}

/// Rows of figures, each with its last hours; those that were never told are left out unless they are the first.
fn rows(source: &Source, told: &[Told], now: Timestamp) -> Markup {
    html! {
        table.dense.pairs { tbody {
            @for (at, (name, word, bad)) in told.iter().enumerate() {
                @let figure = source.figure(name, now);
                @if at == 0 || figure.value.is_some() || figure.course.is_some() { (row(&figure, word, *bad)) }
            }
        } }
    }
}

fn row(figure: &Figure, word: &str, bad: bool) -> Markup {
    let trouble = bad && figure.value.is_some_and(|v| v > 0.0);
    html! {
        tr.trouble-row[trouble] {
            th scope="row" { (word) }
            td.number { @if trouble { strong { "! " (figure.words) } } @else { (figure.words) } }
            td.spark { @if let Some(course) = &figure.course { (drawn(course)) } }
        }
    }
}

pub(super) fn drift(sources: &Sources, source: &Source, now: Timestamp) -> Markup {
    let on = source.facts.get("drift_unreachable_on");
    let body = html! {
        (rows(source, DRIFT, now))
        @if let Some(on) = on { p { small { "Unreachable on: " (said(on)) } } }
    };
    card(sources, source, "Hub against cluster", now, body)
}

pub(super) fn servers(sources: &Sources, source: &Source, now: Timestamp) -> Markup {
    card(sources, source, "The Hub's books", now, rows(source, SERVERS, now))
}

pub(super) fn federation(sources: &Sources, source: &Source, now: Timestamp) -> Markup {
    let missing = source.facts.get("members_missing_names");
    let body = html! {
        (rows(source, FEDERATION, now))
        @if let Some(names) = missing { p { strong { "Nobody is sent to: " } (said(names)) } }
    };
    card(sources, source, "Federation", now, body)
}

pub(super) fn pods(sources: &Sources, source: &Source, now: Timestamp) -> Markup {
    let value = |of: &str, phase: &str| source.figure(&format!("{of}_{phase}"), now).value;
    let phases: Vec<_> =
        PHASES.iter().filter(|(p, ..)| PODS.iter().any(|(of, _)| value(of, p).is_some())).collect();
    let body = html! {
        @if phases.is_empty() { (rows(source, &[("user_pods", "user pods", false)], now)) }
        @else {
            table.dense.grid {
                thead { tr { th scope="col" { "Pods" } @for (of, word) in PODS { th.number scope="col" id=(format!("{of}-{}", links::segment(source.id.as_str()))) { (word) } } } }
                tbody { @for (phase, word, bad) in phases {
                    tr { th scope="row" { (word) } @for (of, _) in PODS { td.number { (cell(value(of, phase), *bad)) } } }
                } }
            }
            (rows(source, &[("user_pods", "user pods in all", false), ("waiting_for_room", "waiting for room", false), ("user_pods_oldest_seconds", "the oldest", false), ("build_pods_oldest_seconds", "the oldest build", false), ("user_pods_top_repo_ratio", "of one repository", false)], now))
            @if let Some(top) = source.facts.get("top_repo") { p { small { "Most of: " (said(top)) } } }
        }
    };
    card(sources, source, "Pods", now, body)
}

fn cell(value: Option<f64>, bad: bool) -> Markup {
    html! {
        @match value {
            Some(v) if bad && v > 0.0 => { strong { "! " (figures::told("", v)) } },
            Some(v) => { (figures::told("", v)) },
            None => { "" },
        }
    }
}

pub(super) fn nodes(
    sources: &Sources,
    source: &Source,
    failed: &BTreeMap<String, usize>,
    now: Timestamp,
) -> Markup {
    let mut most: Vec<_> = failed.iter().collect();
    most.sort_by_key(|(node, n)| (std::cmp::Reverse(**n), (*node).clone()));
    let body = html! {
        (rows(source, NODES, now))
        @if let Some(troubled) = source.facts.get("nodes_troubled") { p { strong { "In trouble: " } (said(troubled)) } }
        @if let Some(quota) = source.facts.get("quota_name") { p { small { "The fullest quota: " (said(quota)) } } }
        h4 { "Failed launches by node, last 6 hours" }
        @if most.is_empty() { p.none { "None that had got as far as a node." } }
        @else { table.dense.pairs { tbody { @for (node, n) in most.into_iter().take(12) {
            tr { th scope="row" { code { (node) } } td.number { (n) } }
        } } } }
    };
    card(sources, source, "Nodes and room", now, body)
}

pub(super) fn components(sources: &Sources, source: &Source, now: Timestamp) -> Markup {
    let names = source.components();
    let body = html! {
        @if names.is_empty() { p { "unknown" } }
        @else { table.dense.grid {
            thead { tr { th scope="col" { "Component" } th.number scope="col" { "Ready" } th.number scope="col" { "Restarts" } th.number scope="col" { "CPU" } th.number scope="col" { "Memory" } } }
            tbody { @for name in &names { (component(source, name, now)) } }
        } }
    };
    card(sources, source, "Components", now, body)
}

fn component(source: &Source, name: &str, now: Timestamp) -> Markup {
    let figure = |what: &str| source.figure(&format!("component_{name}_{what}"), now);
    let (pods, ready) = (figure("pods").value, figure("ready").value);
    let above = |what| figure(what).value.is_some_and(|v| v > 0.0);
    let known = |what| {
        let f = figure(what);
        if f.value.is_some() { f.words } else { "–".to_owned() }
    };
    let words = [
        (above("crashlooping"), "crash loop"),
        (above("oom_killed"), "out of memory lately"),
        (above("on_cordoned"), "on a cordoned node"),
        (ready.is_some_and(|r| r == 0.0) && above("pods"), "unavailable"),
    ];
    let trouble: Vec<&str> = words.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
    let reason = source.facts.get(&format!("component_{name}_reason"));
    html! {
        tr {
            th scope="row" { (said(name)) @if !trouble.is_empty() { br; strong { "! " (trouble.join(", ")) } } @if let Some(reason) = reason { br; small { (said(reason)) } } }
            td.number { (figures::told("", ready.unwrap_or(f64::NAN))) " / " (figures::told("", pods.unwrap_or(f64::NAN))) }
            td.number { (known("restarts")) }
            td.number { (known("cpu_cores")) }
            td.number { (known("memory_bytes")) }
        }
    }
}

/// Warnings of the cluster that were told lately; no card when there is none.
pub(super) fn events(sources: &Sources, source: &Source, now: Timestamp) -> Markup {
    let told: Vec<(&str, f64)> = source.beginning("events_").filter(|(_, v)| *v > 0.0).collect();
    if told.is_empty() {
        return html! {};
    }
    let body = html! {
        table.dense.pairs { tbody { @for (name, value) in told {
            tr { th scope="row" { (name.trim_start_matches("events_").replace('_', " ")) } td.number { (figures::told(name, value)) }
                td { @if let Some(on) = source.facts.get(&format!("{name}_on")) { small { (said(on)) } } } }
        } } }
    };
    card(sources, source, "Warnings of the cluster", now, body)
}
