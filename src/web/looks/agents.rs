//! `/agents`: who looks from where, and how they stand.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};

use super::standing::{badge, of_probe};
use super::{ago, fresh, links, said, stuck};
use crate::pipeline::agents::{Agent, State as Stands};
use crate::web::access::Who;
use crate::web::shell::Page;
use crate::web::{Sources, words};

pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who) -> Response {
    let now = sources.clock.now();
    let here = sources.board.read().here.to_string();
    let any = sources.agents.all().next().is_some();
    let body = html! {
        section {
            p { "This process looks from " strong { (said(&here)) } ". Agents and cron jobs look from elsewhere and report here." }
            @if any { (table(&sources, now)) } @else {
                p { "None is declared. " code { "agents: [{ name: frankfurt }]" } " in the configuration declares one, "
                    code { "launchwatch token add --agent frankfurt" } " makes its token." }
            }
        }
    };
    let fresh = fresh(&sources, now, "");
    sources.page(Page { title: "Agents", here: "/agents", who: &who, fresh, body, live: true })
}

fn table(sources: &Sources, now: Timestamp) -> Markup {
    html! {
        table.dense {
            thead { tr { th scope="col" { "Location" } th scope="col" { "Stands" } th scope="col" { "Last word" } th scope="col" { "Clock" }
                th scope="col" { "Version" } th.number scope="col" { "Waiting" } th.number scope="col" { "Lost" } th scope="col" { "Probes" } } }
            tbody { @for agent in sources.agents.all() { (row(sources, agent, now)) } }
        }
    }
}

fn row(sources: &Sources, agent: &Agent, now: Timestamp) -> Markup {
    let Some(stand) = sources.agents.stand(&agent.name, now) else { return html! {} };
    let class = match stand.state {
        Stands::Well => "passed",
        Stands::Troubled => "degraded",
        Stands::Silent => "failed",
        Stands::Awaited => "unknown",
    };
    let heard = &stand.heard;
    html! {
        tr id=(format!("a-{}", links::segment(&agent.name))) {
            th scope="row" { (said(&agent.name)) @if heard.mode == "once" { " " small { "cron job" } } }
            td data-word="Stands" { (badge((class, stand.state.as_str())))
                @for trouble in stand.trouble() { br; small { (said(trouble)) } } }
            td data-word="Last word" { @match heard.last { Some(at) => { (ago(at, now)) }, None => { "never" } } }
            td data-word="Clock" { @match heard.clock_ahead { Some(ahead) => { (clock(ahead)) }, None => { "not known" } } }
            td data-word="Version" { @if heard.version.is_empty() { "–" } @else { (heard.version) } }
            td.number data-word="Waiting" { (heard.waiting) }
            td.number data-word="Lost" { (heard.lost_since_start) }
            td data-word="Probes" { (probes(sources, agent, now)) }
        }
    }
}

/// How far a clock is off, in words.
fn clock(ahead: jiff::SignedDuration) -> String {
    let off = words::seconds(ahead.abs().as_secs_f64());
    match ahead.as_millis() {
        -99..=99 => "right".to_owned(),
        ..=-100 => format!("{off} behind"),
        _ => format!("{off} ahead"),
    }
}

/// Its probes, those that are not well by name.
fn probes(sources: &Sources, agent: &Agent, now: Timestamp) -> Markup {
    let stuck = stuck(sources);
    let board = sources.board.read();
    let all = agent.probes.iter().filter_map(|id| board.probes.get(id));
    let odd: Vec<_> =
        all.map(|p| (p.id.clone(), of_probe(p, now, stuck))).filter(|(_, s)| s.0 != "passed").collect();
    html! {
        (agent.probes.len())
        @for (id, standing) in odd.iter().take(5) {
            br; a href=(sources.to_probe(id)) { (said(&format!("{}/{}", id.target(), id.bare()))) } " " (badge(*standing))
        }
        @if odd.len() > 5 { br; small { "and " (odd.len() - 5) " more that are not well" } }
    }
}
