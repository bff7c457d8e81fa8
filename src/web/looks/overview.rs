//! `/overview`: all targets and probes at a glance, with a search.

use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::rows::{Group, groups, table};
use super::{fresh, said};
use crate::web::Sources;
use crate::web::access::Who;
use crate::web::shell::Page;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Wanted {
    /// Words of names, kinds and labels.
    #[serde(default)]
    q: String,
    /// `bad`: what is not well.
    #[serde(default)]
    only: String,
}

pub(in crate::web) async fn page(
    State(sources): State<Sources>,
    who: Who,
    Query(wanted): Query<Wanted>,
) -> Response {
    let now = sources.clock.now();
    let all = groups(&sources, None, now);
    let summary = counts(&all);
    let any = !all.is_empty();
    let shown = filtered(all, &wanted);
    let body = html! {
        section {
            p.counts { (summary) }
            (form(&sources, &wanted))
            @if !any { p { "No probes are configured yet. " code { "launchwatch init" } " writes a configuration to begin with." } }
            @else if shown.is_empty() { p.note { "Nothing is found. " a href=(sources.to("/overview")) { "Show all" } "." } }
            @else { (table(&sources, &shown, now, true)) (legend()) }
        }
    };
    sources.page(Page {
        title: "Overview",
        here: "/overview",
        who: &who,
        fresh: fresh(&sources, now),
        body,
        live: true,
    })
}

fn filtered(all: Vec<Group>, wanted: &Wanted) -> Vec<Group> {
    let bad = wanted.only == "bad";
    let kept = all.into_iter().map(|group| {
        let lines = group.lines.into_iter();
        Group { lines: lines.filter(|l| (!bad || l.bad()) && l.found_by(&wanted.q)).collect(), ..group }
    });
    kept.filter(|group| !group.lines.is_empty()).collect()
}

/// `2 of 34 probes failed, 1 is not known, 31 work.`
fn counts(all: &[Group]) -> Markup {
    let lines: Vec<_> = all.iter().flat_map(|g| &g.lines).collect();
    let count = |class: &str| lines.iter().filter(|l| l.class() == class).count();
    let named =
        [("failed", "failed"), ("degraded", "degraded"), ("unknown", "not known"), ("passed", "passed")];
    html! {
        strong { (lines.len()) } @if lines.len() == 1 { " probe" } @else { " probes" } " on " strong { (all.len()) } @if all.len() == 1 { " target" } @else { " targets" }
        @for (class, word) in named {
            @let n = count(class);
            @if n > 0 { " " span.badge.(class) { (n) " " (word) } }
        }
    }
}

fn form(sources: &Sources, wanted: &Wanted) -> Markup {
    html! {
        form.search method="get" action=(sources.to("/overview")) role="search" data-keep {
            label { "Find " input type="search" name="q" value=(said(&wanted.q)) maxlength="200" placeholder="name, kind or label"; }
            label { input type="checkbox" name="only" value="bad" checked[wanted.only == "bad"]; " only what is not well" }
            button { "Show" }
        }
    }
}

/// What the bars mean, in words.
pub(super) fn legend() -> Markup {
    html! {
        p.legend { "Bars, five minutes each, the newest at the right: full height, runs failed (the foot is the share that worked); two thirds, degraded; one third, passed; low, without a finding; none, no run." }
    }
}
