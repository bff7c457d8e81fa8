//! `/runs/{target}/{probe}/{slot}`: one run: how it ended, where its time went, what it saw, what it left behind.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::Incident;
use launchwatch_alerts::chart::{Drawing, Step, Tone, waterfall};
use launchwatch_alerts::text;
use launchwatch_probes::{Outcome, Verdict};
use maud::{Markup, html};

use super::standing::{badge, of_run, tone};
use super::{asked, drawn, figures, incidents_of, not_there, runs, said, silent_store};
use crate::observation::{Observation, ProbeId};
use crate::store::{Debt, DebtState, RunQuery};
use crate::web::access::Who;
use crate::web::shell::Page;
use crate::web::{Sources, words};

/// Lines of evidence shown.
const LINES: usize = 200;
/// Runs looked through for the one after this.
const AHEAD: usize = 200;
const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

pub(in crate::web) async fn page(
    State(sources): State<Sources>,
    who: Who,
    Path((target, probe, slot)): Path<(String, String, String)>,
) -> Response {
    let id = ProbeId::new(&target, &probe);
    let what = || format!("run of {probe} on {target} at {slot}");
    let Ok(at) = slot.parse::<Timestamp>() else {
        return not_there(&sources, &who, &what(), &probe);
    };
    let query = RunQuery {
        probe: Some(id.clone()),
        from: Some(at),
        to: at.checked_add(MICROSECOND).ok(),
        limit: 1,
        ..RunQuery::default()
    };
    let page = |title: &str, body| {
        sources.page(Page { title, here: "/overview", who: &who, fresh: html! {}, body, live: false })
    };
    match asked(sources.store.runs(&query)).await.map(|runs| runs.into_iter().next()) {
        None => page("A run", silent_store()),
        Some(None) => not_there(&sources, &who, &what(), &probe),
        Some(Some(run)) => {
            let beside = Beside::read(&sources, &run).await;
            let title = format!("{} · {}", said(&probe), said(&target));
            page(&title, body(&sources, &run, &beside))
        }
    }
}

/// What stands beside a run.
struct Beside {
    before: Option<Timestamp>,
    after: Option<Timestamp>,
    debts: Option<Vec<Debt>>,
    incident: Option<Incident>,
    launches: bool,
}

impl Beside {
    async fn read(sources: &Sources, run: &Observation) -> Self {
        let about = sources.board.read().probes.get(&run.probe).map(|p| p.about.clone());
        let now = sources.clock.now();
        let every = about.as_ref().map_or(std::time::Duration::from_secs(60), |a| a.schedule.interval(now));
        let every = SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX);
        let ahead = every.min(SignedDuration::from_hours(24 * 8)).saturating_mul(3);
        let of = RunQuery { probe: Some(run.probe.clone()), ..RunQuery::default() };
        let before = RunQuery { to: Some(run.slot), limit: 1, ..of.clone() };
        let after = RunQuery {
            from: run.slot.checked_add(MICROSECOND).ok(),
            to: run.slot.checked_add(ahead).ok(),
            limit: AHEAD,
            ..of
        };
        let (before, after, debts, incidents) = tokio::join!(
            asked(sources.store.runs(&before)),
            asked(sources.store.runs(&after)),
            asked(sources.store.debts()),
            incidents_of(sources, run.probe.target()),
        );
        let name = format!("{}-", run.run());
        Self {
            before: before.and_then(|runs| runs.first().map(|r| r.slot)),
            after: after.and_then(|runs| runs.last().map(|r| r.slot)),
            debts: debts.map(|all| all.into_iter().filter(|d| d.id.0.starts_with(&name)).collect()),
            incident: incidents.and_then(|all| all.into_iter().find(|i| during(i, run))),
            launches: about.is_some_and(|a| a.launches),
        }
    }
}

/// Whether the run was part of the trouble.
fn during(incident: &Incident, run: &Observation) -> bool {
    incident.since <= run.ended() && incident.resolved_at.is_none_or(|end| run.slot <= end)
}

fn body(sources: &Sources, run: &Observation, beside: &Beside) -> Markup {
    let o = &run.outcome;
    html! {
        (neighbours(sources, run, beside))
        section.card.(o.verdict.as_str()) {
            p.verdict { (badge(of_run(o))) " " (runs::why(o)) }
            @if let Some(reason) = o.reason { p { strong { (text::reason(reason.as_str())) } @if let Some(stage) = o.failed_stage { ", " (text::stage(stage.as_str())) } } }
            @if !o.summary.is_empty() { p { (said(&o.summary)) } }
            (place(sources, run, beside))
        }
        section { h2 { "Where the time went" }
            @if o.stages.is_empty() { p.none { "The run ended before its first stage." } }
            @else { div.look-charts.one { figure { (drawn(&stages(o))) } } }
        }
        @if !o.evidence.is_empty() { section { h2 { "What it saw" } (evidence(&o.evidence)) } }
        (measured(o))
        (cleaned(o, beside))
    }
}

fn neighbours(sources: &Sources, run: &Observation, beside: &Beside) -> Markup {
    html! {
        nav.pages aria-label="Other runs" {
            a href=(sources.to_probe(&run.probe)) { "all runs of " (said(run.probe.probe())) }
            @if let Some(at) = beside.before { a rel="prev" href=(sources.to_run(&run.probe, at)) { "← the run before" } }
            @if let Some(at) = beside.after { a rel="next" href=(sources.to_run(&run.probe, at)) { "the run after →" } }
        }
    }
}

fn place(sources: &Sources, run: &Observation, beside: &Beside) -> Markup {
    let fact = |name: &str| run.outcome.facts.get(name).map(|value| said(value));
    html! {
        dl.about {
            dt { "Due" } dd { (words::moment_exact(run.slot)) @if run.confirms { ", an extra run to confirm the one before" } }
            dt { "Began" } dd { (figures::seconds(run.lag.as_secs_f64())) " later, took " (figures::seconds(run.outcome.took().as_secs_f64())) }
            dt { "From" } dd { (said(&run.location)) }
            @for (name, word) in [("member", "Member"), ("pod", "Pod"), ("node", "Node"), ("image", "Image")] {
                @if let Some(value) = fact(name) { dt { (word) } dd { code { (value) } } }
            }
            @if let Some(i) = &beside.incident { dt { "Incident" } dd { a href=(sources.to_incident(&i.id.0)) { "since " (words::moment(i.since)) } } }
            dt { "Run" } dd { code { (run.run()) } }
        }
    }
}

/// The stage that did not work has the verdict's tone.
fn stages(o: &Outcome) -> Drawing {
    let bad = o.failed_stage.filter(|_| o.verdict != Verdict::Passed);
    let last = o.stages.iter().rposition(|s| Some(s.stage) == bad);
    let steps: Vec<Step> = o
        .stages
        .iter()
        .enumerate()
        .map(|(at, s)| Step {
            name: s.stage.as_str().to_owned(),
            start: s.start,
            took: s.took,
            tone: if Some(at) == last { tone(o.verdict) } else { Tone::Figure },
        })
        .collect();
    let told: Vec<String> =
        steps.iter().map(|s| format!("{} {}", s.name, figures::seconds(s.took.as_secs_f64()))).collect();
    let failed = bad.map_or(String::new(), |stage| format!("; it ended in {stage}"));
    waterfall(&steps, &format!("Stages: {}{failed}", told.join(", ")))
}

fn evidence(lines: &[String]) -> Markup {
    let left_out = lines.len().saturating_sub(LINES);
    let shown = lines.get(left_out..).unwrap_or_default();
    html! {
        @if left_out > 0 { p { small { "The last " (LINES) " lines of " (lines.len()) "." } } }
        pre tabindex="0" { @for line in shown { (said(line)) "\n" } }
    }
}

fn measured(o: &Outcome) -> Markup {
    let shown = ["member", "pod", "node", "image", "teardown"];
    let facts: Vec<_> = o.facts.iter().filter(|(name, _)| !shown.contains(&name.as_str())).collect();
    html! {
        @if !o.measurements.is_empty() || !facts.is_empty() {
            section { h2 { "What it measured" }
                table.dense.pairs { tbody {
                    @for m in o.measurements.iter().take(300) { tr { th scope="row" { code { (said(&m.name)) } } td.number { (figures::told(&m.name, m.value)) } } }
                    @for (name, value) in facts.into_iter().take(100) { tr { th scope="row" { code { (said(name)) } } td { (said(value)) } } }
                } }
            }
        }
    }
}

/// What became of what the run started.
fn cleaned(o: &Outcome, beside: &Beside) -> Markup {
    let teardown = o.stages.iter().find(|s| s.stage.as_str() == "teardown");
    let word = o.facts.get("teardown");
    let owed = beside.debts.as_deref().unwrap_or_default();
    html! {
        @if beside.launches || teardown.is_some() || word.is_some() || !owed.is_empty() {
            section { h2 { "What was cleaned up" }
                @match (teardown, word) {
                    (_, Some(word)) => { p { "Shutting the server down: " (said(word)) "." } },
                    (Some(stage), None) if o.failed_stage.is_some_and(|s| s == stage.stage) => { p { "The server was told to stop and is still there as far as this run saw." } },
                    (Some(stage), None) => { p { "The server was shut down and seen gone, in " (figures::seconds(stage.took.as_secs_f64())) "." } },
                    (None, None) => { p { "The run did not come so far that there was a server to shut down, or left it to be shut down afterwards." } },
                }
                @match &beside.debts {
                    None => { p.none { "Whether anything is still owed cannot be read now." } },
                    Some(debts) if debts.is_empty() => { p { "Nothing is owed any more." } },
                    Some(debts) => { ul { @for debt in debts { li { (owed_still(debt)) } } } },
                }
            }
        }
    }
}

/// What of a launch is not settled, in words and without its secrets.
fn owed_still(debt: &Debt) -> Markup {
    html! {
        @match &debt.state {
            DebtState::Begun => { "Since " (words::moment(debt.since)) " it is watched whether a server still comes of " em { (said(&debt.what)) } ": none was named." },
            DebtState::Told(cleanup) => { "Still to be shut down since " (words::moment(debt.since)) ", tried again and again: " (said(&cleanup.what())) },
        }
    }
}
