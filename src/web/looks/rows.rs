//! The dense table of probes: how each stands, its last hours, how long it takes. From the board alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_alerts::chart::strip;
use launchwatch_alerts::{AlertState, Incident, Strip};
use maud::{Markup, html};

use super::standing::{Standing, badge, of_probe};
use super::{ago, drawn, figures, links, said, stuck};
use crate::observation::ProbeId;
use crate::pipeline::board::Board;
use crate::web::{Sources, words};

/// One probe.
pub(super) struct Line {
    pub(super) id: ProbeId,
    kind: &'static str,
    standing: Standing,
    /// Reason and stage of the last run.
    why: String,
    last: Option<(Timestamp, Option<Timestamp>)>,
    /// Median and p99 of what worked lately, in seconds.
    took: Option<(f64, f64)>,
    strip: Strip,
    /// From where it is seen, if several places look at it, or another one than this.
    from: Option<String>,
    /// An alert over it fires.
    firing: bool,
    /// All that a search finds it by, in small letters.
    words: String,
}

/// A target with its probes.
pub(super) struct Group {
    pub(super) target: String,
    pub(super) incident: Option<Incident>,
    pub(super) lines: Vec<Line>,
}

impl Line {
    /// Not well, or not known to be.
    pub(super) fn bad(&self) -> bool {
        self.firing || self.standing.0 != "passed"
    }

    pub(super) fn class(&self) -> &'static str {
        self.standing.0
    }

    /// Whether all these words are found in what is known by name.
    pub(super) fn found_by(&self, query: &str) -> bool {
        query.to_lowercase().split_whitespace().all(|word| self.words.contains(word))
    }
}

/// Every probe, by target; with `only`, of this target alone.
pub(super) fn groups(sources: &Sources, only: Option<&str>, now: Timestamp) -> Vec<Group> {
    let stuck = stuck(sources);
    let board = sources.board.read();
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for state in board.probes.values().filter(|p| only.is_none_or(|t| t == p.id.target())) {
        let target = state.id.target();
        let incident = board.open.get(target);
        let group = groups.entry(target).or_insert_with(|| Group {
            target: target.to_owned(),
            incident: incident.cloned(),
            lines: Vec::new(),
        });
        let labels = board.labels.get(target).into_iter().flatten();
        let labels = labels.fold(String::new(), |text, (name, value)| format!("{text} {name}={value}"));
        let took = state.took_lately(now);
        let quantile = |q| took.quantile(q).map(|d| d.as_secs_f64());
        let outcome = state.last.as_ref().map(|(_, outcome)| outcome);
        let reason = outcome.and_then(|o| o.reason).map(|r| r.as_str());
        let stage = outcome.and_then(|o| o.failed_stage).map(|s| format!(" at {}", s.as_str()));
        group.lines.push(Line {
            kind: state.kind,
            standing: of_probe(state, now, stuck),
            why: format!("{}{}", reason.unwrap_or_default(), stage.unwrap_or_default()),
            last: state.last.as_ref().map(|(ended, _)| (*ended, state.slot)),
            took: quantile(0.5).zip(quantile(0.99)),
            strip: state.strip(now),
            firing: incident.is_some_and(|i| fires(&board, i, &state.id)),
            from: (state.id.elsewhere().is_some() || board.same(&state.id).nth(1).is_some())
                .then(|| board.location(&state.id).to_owned()),
            words: format!("{} {}{labels}", state.id, state.kind).to_lowercase(),
            id: state.id.clone(),
        });
    }
    groups.into_values().collect()
}

fn fires(board: &Board, incident: &Incident, probe: &ProbeId) -> bool {
    incident.alerts.values().any(|a| a.state == AlertState::Firing && board.is_about(&a.key.series, probe))
}

/// The table; targets have headings of their own unless there is but one (`headed`).
pub(super) fn table(sources: &Sources, groups: &[Group], now: Timestamp, headed: bool) -> Markup {
    html! {
        table.dense {
            thead { tr { th scope="col" { "Probe" } th scope="col" { "Stands" } th scope="col" { "Last run" }
                th.number scope="col" { "Median" } th.number scope="col" { "p99" } th scope="col" { "Last 6 hours" } } }
            @for group in groups {
                tbody id=(format!("t-{}", links::segment(&group.target))) {
                    @if headed { (heading(sources, group, now)) }
                    @for line in &group.lines { (row(sources, line, now)) }
                }
            }
        }
    }
}

fn heading(sources: &Sources, group: &Group, now: Timestamp) -> Markup {
    html! {
        tr.group { th colspan="6" scope="rowgroup" {
            a href=(sources.to_target(&group.target)) { (said(&group.target)) }
            @if let Some(i) = &group.incident {
                " " a.badge.failed href=(sources.to_incident(&i.id.0)) { "incident for " (words::age(now.duration_since(i.since))) }
            }
        } }
    }
}

fn row(sources: &Sources, line: &Line, now: Timestamp) -> Markup {
    html! {
        tr id=(format!("p-{}", links::segment(line.id.as_str()))) {
            th scope="row" { a href=(sources.to_probe(&line.id)) { (said(line.id.bare())) }
                @if let Some(from) = &line.from { " from " (said(from)) } " " small { (line.kind) } }
            td data-word="Stands" { (badge(line.standing)) @if !line.why.is_empty() { " " small { (line.why) } } }
            td data-word="Last run" {
                @match line.last {
                    Some((ended, Some(slot))) => { a href=(sources.to_run(&line.id, slot)) { (ago(ended, now)) } },
                    Some((ended, None)) => { (ago(ended, now)) },
                    None => { "never" },
                }
            }
            td.number data-word="Median" { (line.took.map_or("–".into(), |t| figures::seconds(t.0))) }
            td.number data-word="p99" { (line.took.map_or("–".into(), |t| figures::seconds(t.1))) }
            td.hours { (drawn(&strip(&line.strip))) }
        }
    }
}
