//! `/cluster`: what probes that look into clusters saw last: drift, pods, nodes, components, federation; and how old that is.

mod parts;
mod source;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::kinds;
use maud::{Markup, html};

use self::source::Source;
use super::{asked, fresh, said};
use crate::observation::ProbeId;
use crate::store::RunQuery;
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::shell::Page;

/// Kinds of probes that look into a cluster, in the order shown.
const KINDS: [&str; 4] = ["hub-drift", "kubernetes", "jupyterhub-servers", "federation"];
/// Launching probes of a target whose failures are looked at by node, and failures of each.
const LAUNCHERS: (usize, usize) = (4, 200);
/// How far back.
const SPAN: SignedDuration = SignedDuration::from_hours(6);

pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who) -> Response {
    let now = sources.clock.now();
    let mut all = Source::all(&sources, now);
    let read = source::read_histories(&sources, &mut all, now).await;
    let mut targets: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    for one in all {
        targets.entry(one.id.target().to_owned()).or_default().push(one);
    }
    let mut sections = Vec::new();
    for (target, of) in &targets {
        let nodes = failed_on(&sources, target, now).await;
        sections.push(section(&sources, target, of, &nodes, now));
    }
    let body = html! {
        @if targets.is_empty() { (empty()) }
        @if !read { (super::silent_store()) }
        @for section in &sections { (section) }
    };
    let fresh = fresh(&sources, now);
    sources.page(Page { title: "Cluster", here: "/cluster", who: &who, fresh, body, live: true })
}

fn section(
    sources: &Sources,
    target: &str,
    of: &[Source],
    nodes: &BTreeMap<String, usize>,
    now: Timestamp,
) -> Markup {
    let kind = |name| of.iter().filter(move |s| s.kind == name);
    html! {
        section id=(format!("t-{}", super::links::segment(target))) {
            h2 { a href=(sources.to_target(target)) { (said(target)) } }
            div.look-cards {
                @for s in kind("hub-drift") { (parts::drift(sources, s, now)) }
                @for s in kind("kubernetes") {
                    (parts::pods(sources, s, now))
                    (parts::nodes(sources, s, nodes, now))
                    (parts::components(sources, s, now))
                    (parts::events(sources, s, now))
                }
                @for s in kind("jupyterhub-servers") { (parts::servers(sources, s, now)) }
                @for s in kind("federation") { (parts::federation(sources, s, now)) }
            }
        }
    }
}

/// Failures of launches lately, by the node they were on; those that had none are left out.
async fn failed_on(sources: &Sources, target: &str, now: Timestamp) -> BTreeMap<String, usize> {
    let launchers: Vec<ProbeId> = {
        let board = sources.board.read();
        let own = board.probes.values().filter(|p| p.id.target() == target && p.about.launches);
        own.take(LAUNCHERS.0).map(|p| p.id.clone()).collect()
    };
    let queries = launchers.into_iter().map(|probe| async move {
        let query = RunQuery {
            probe: Some(probe),
            from: now.checked_sub(SPAN).ok(),
            only_bad: true,
            limit: LAUNCHERS.1,
            ..RunQuery::default()
        };
        asked(sources.store.runs(&query)).await.unwrap_or_default()
    });
    let mut nodes = BTreeMap::new();
    for run in futures::future::join_all(queries).await.into_iter().flatten() {
        if let Some(node) = run.outcome.facts.get("node") {
            *nodes.entry(said(node)).or_insert(0) += 1;
        }
    }
    nodes
}

/// How to switch it on.
fn empty() -> Markup {
    html! {
        section {
            p { "No probe looks into a cluster yet. Any of these, added to the probes of a target, fills this page:" }
            dl.kinds { @for name in KINDS { @if let Some(kind) = kinds::kind(name) {
                dt { code { (kind.name) } } dd { (kind.summary) pre tabindex="0" { "- type: " (kind.name) "\n" @for line in kind.example.lines() { "  " (line) "\n" } } }
            } } }
            p { code { "launchwatch check" } " says what is wrong with a configuration; the rights that the cluster must grant are listed in " code { "deploy/rbac.yaml" } "." }
        }
    }
}
