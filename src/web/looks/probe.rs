//! `/probes/{target}/{probe}`: what one probe does, how it went over days, why it failed, its last runs.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::kinds;
use maud::{Markup, html};
use serde::Deserialize;

use super::history::{History, SPANS, Span};
use super::standing::{badge, of_probe};
use super::{
    ago, asked, drawn, figures as numbers, fresh, links, not_there, runs, said, silent_store, stuck, told,
};
use crate::config::Schedule;
use crate::observation::{Observation, ProbeId};
use crate::pipeline::board::ProbeState;
use crate::store::RunQuery;
use crate::web::access::Who;
use crate::web::shell::Page;
use crate::web::{Sources, words};

/// Runs on a page.
const RUNS: usize = 50;

/// What is to be shown.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Wanted {
    /// How far back the charts go.
    #[serde(default)]
    span: String,
    /// `bad`: only runs that did not pass.
    #[serde(default)]
    only: String,
    /// Only runs that were due before this moment.
    #[serde(default)]
    before: String,
}

impl Wanted {
    fn bad(&self) -> bool {
        self.only == "bad"
    }

    /// The address of the same page with something else chosen.
    fn address(&self, sources: &Sources, probe: &ProbeId, span: &str, bad: bool, before: &str) -> String {
        let mut parts = Vec::new();
        if !span.is_empty() && span != SPANS.first().map_or("", |s| s.word) {
            parts.push(format!("span={span}"));
        }
        if bad {
            parts.push("only=bad".to_owned());
        }
        if !before.is_empty() {
            parts.push(format!("before={before}"));
        }
        let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
        format!("{}{query}", sources.to_probe(probe))
    }
}

pub(in crate::web) async fn page(
    State(sources): State<Sources>,
    who: Who,
    Path((target, probe)): Path<(String, String)>,
    Query(mut wanted): Query<Wanted>,
) -> Response {
    let now = sources.clock.now();
    let before: Option<Timestamp> = wanted.before.parse().ok();
    wanted.before = before.map(links::slot).unwrap_or_default();
    let id = ProbeId::new(&target, &probe);
    let state = sources.board.read().probes.get(&id).cloned();
    let Some(state) = state.filter(|s| s.id.target() == target) else {
        return not_there(&sources, &who, &format!("probe {probe} of {target}"), &probe);
    };
    let span = Span::named(&wanted.span);
    let query = RunQuery {
        probe: Some(id.clone()),
        to: before,
        only_bad: wanted.bad(),
        limit: RUNS + 1,
        ..RunQuery::default()
    };
    let (history, runs) =
        tokio::join!(History::read(&sources, &id, span, now), asked(sources.store.runs(&query)));
    let body = html! {
        (about(&sources, &state, now))
        (charts(&sources, &id, &wanted, span, history.as_ref()))
        (last_runs(&sources, &id, &wanted, span, runs))
    };
    let title = format!("{} · {}", said(&probe), said(&target));
    let live = wanted.before.is_empty();
    let fresh = fresh(&sources, now, of_probe(&state, now, stuck(&sources)).0);
    sources.page(Page { title: &title, here: "/overview", who: &who, fresh, body, live })
}

fn about(sources: &Sources, state: &ProbeState, now: Timestamp) -> Markup {
    let what = kinds::kind(state.kind).map_or("", |k| k.summary);
    let about = &state.about;
    let outcome = state.last.as_ref().map(|(_, outcome)| outcome);
    let board = sources.board.read();
    let incident = board.open.get(state.id.target()).map(|i| (i.id.0.clone(), i.since));
    drop(board);
    html! {
        section { dl.about {
            dt { "Stands" } dd { (badge(of_probe(state, now, stuck(sources)))) " "
                @if let Some(o) = outcome { @if o.reason.is_some() { (runs::why(o)) " " } (said(&o.summary)) }
                @if let Some((at, _)) = &state.last { " " small { (ago(*at, now)) } } }
            @if let Some((id, since)) = incident { dt { "Incident" } dd { a href=(sources.to_incident(&id)) { "since " (words::moment(since)) } } }
            dt { "Last worked" } dd { @match state.last_good { Some(at) => { (ago(at, now)) }, None => { "not within what is known" } } }
            dt { "Does" } dd { code { (state.kind) } " " (what) }
            (told::rows(sources, &state.id, now))
            dt { @if about.told { "Expected" } @else { "Runs" } } dd { (schedule(&about.schedule)) @if about.told { ": nothing is run here" } @else { ", " (duration(about.deadline)) " at most"
                @if about.launches { "; starts a server each time" } @if about.fresh { ", which must be built anew" } } }
            @if let Some(from) = from(sources, state, now) { (from) }
            dt { "Target" } dd { a href=(sources.to_target(state.id.target())) { (said(state.id.target())) } }
        } }
    }
}

/// From where this is seen, and the same probe from elsewhere.
fn from(sources: &Sources, state: &ProbeState, now: Timestamp) -> Option<Markup> {
    let board = sources.board.read();
    let others: Vec<ProbeState> = board.same(&state.id).filter(|p| p.id != state.id).cloned().collect();
    let elsewhere = state.id.elsewhere().is_some();
    let place = board.location(&state.id).to_owned();
    let whence = board.whence(&state.id, now).as_ref().and_then(launchwatch_alerts::text::whence);
    let name = |id: &ProbeId| board.location(id).to_owned();
    (elsewhere || !others.is_empty()).then(|| {
        html! {
            dt { "Looks from" }
            dd { strong { (said(&place)) }
                @if elsewhere { " (" a href=(sources.to("/agents")) { "an agent" } ")" }
                @for other in &others { ", also " a href=(sources.to_probe(&other.id)) { (said(&name(&other.id))) } " " (badge(of_probe(other, now, false))) }
                @if let Some(whence) = &whence { br; (whence) } }
        }
    })
}

fn schedule(schedule: &Schedule) -> Markup {
    html! {
        @match schedule {
            Schedule::Every(every) => { "every " (duration(*every)) },
            Schedule::Cron(cron) => { "at " code { (said(cron.expression())) } " (" (cron.time_zone()) ")" },
        }
    }
}

pub(super) fn duration(of: std::time::Duration) -> String {
    match SignedDuration::try_from(of) {
        Ok(long) if of.subsec_nanos() == 0 => words::lasted(long),
        _ => numbers::seconds(of.as_secs_f64()),
    }
}

fn charts(
    sources: &Sources,
    probe: &ProbeId,
    wanted: &Wanted,
    span: Span,
    history: Option<&History>,
) -> Markup {
    html! {
        section {
            div.switch { h2 { "The last " (span.title) }
                nav aria-label="How far back" { @for other in SPANS {
                    a href=(wanted.address(sources, probe, other.word, wanted.bad(), &wanted.before)) aria-current=[(other == span).then_some("true")] { (other.title) }
                } }
            }
            @match history {
                None => { (silent_store()) },
                Some(history) => { (figures(history)) },
            }
        }
    }
}

fn figures(history: &History) -> Markup {
    let (runs, share) = history.counts();
    html! {
        p.counts { strong { (runs) } @if runs == 1 { " run" } @else { " runs" }
            @if let Some(share) = share { ", " strong { (words::share(share)) } " worked" }
            @if let Some((p50, p90, p99)) = history.took() { "; median " strong { (numbers::seconds(p50)) } ", p90 " (numbers::seconds(p90)) ", p99 " (numbers::seconds(p99)) }
        }
        div.look-charts {
            figure { figcaption { "Worked, by hour (UTC)" } (drawn(&history.heat()))
                small { "From below, the share that worked; from above, the share that failed; a low line, nothing known." } }
            figure { figcaption { "Why it did not pass" }
                @match history.reasons() {
                    Some(reasons) => { (drawn(&reasons)) },
                    None => { p.none { "Everything passed." } },
                } }
            figure { figcaption { "How long it took, when it worked" }
                @match history.bands() {
                    Some(bands) => { (drawn(&bands)) small { "Line: half took at most this; bands: nine in ten, ninety-nine in a hundred." } },
                    None => { p.none { "Nothing worked in this time." } },
                } }
        }
    }
}

fn last_runs(
    sources: &Sources,
    probe: &ProbeId,
    wanted: &Wanted,
    span: Span,
    runs: Option<Vec<Observation>>,
) -> Markup {
    let bad = wanted.bad();
    let address = |bad, before: &str| wanted.address(sources, probe, span.word, bad, before);
    html! {
        section id="runs" {
            div.switch { h2 { "Runs" }
                nav aria-label="Which runs" {
                    a href=(address(false, "")) aria-current=[(!bad).then_some("true")] { "all" }
                    a href=(address(true, "")) aria-current=[bad.then_some("true")] { "only what did not pass" }
                }
            }
            @match runs {
                None => { (silent_store()) },
                Some(runs) if runs.is_empty() && bad => { p.none { "Every run on record passed." } },
                Some(runs) if runs.is_empty() => { p.none { "No run on record." } },
                Some(runs) => {
                    @let shown = runs.get(..RUNS.min(runs.len())).unwrap_or_default();
                    (runs::table(sources, shown))
                    nav.pages aria-label="Pages of runs" {
                        @if !wanted.before.is_empty() { a href=(address(bad, "")) { "newest" } }
                        @if runs.len() > RUNS { @if let Some(last) = shown.last() { a href=(address(bad, &links::slot(last.slot))) rel="next" { "older" } } }
                    }
                },
            }
        }
    }
}
