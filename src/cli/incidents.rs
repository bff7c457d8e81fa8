//! Incidents on the command line: a table, one with its whole timeline, a remark, a label.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::{Failure, Reach, ended};
use super::shown::{self, at, list, word};
use crate::clock::Clock;

#[derive(Args)]
pub(super) struct Arguments {
    /// Show this one with all that happened to it; a target's name stands for its open incident.
    id: Option<String>,
    /// Those that are over too, the newest first.
    #[arg(long)]
    all: bool,
    /// At most this many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub(super) struct Remark {
    /// The incident; a target's name stands for its open one.
    id: String,
    /// What to put on record.
    text: String,
    /// Who says so.
    #[arg(long, env = "USER")]
    by: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub(super) struct Assignment {
    /// The incident; a target's name stands for its open one.
    pub(super) id: String,
    /// Whose it is from now on.
    pub(super) who: String,
    /// Who says so.
    #[arg(long, env = "USER")]
    pub(super) by: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub(super) struct Judgement {
    /// The incident, open or over.
    id: String,
    /// What it was.
    label: Label,
    /// Who says so.
    #[arg(long, env = "USER")]
    by: String,
    #[command(flatten)]
    reach: Reach,
}

/// What an incident was.
#[derive(Clone, Copy, ValueEnum)]
enum Label {
    /// There was trouble, and it was right to tell.
    Real,
    /// Nobody was without service.
    FalseAlarm,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ended(match &arguments.id {
        Some(id) => one(arguments, id).await,
        None => many(arguments).await,
    })
}

async fn many(arguments: &Arguments) -> Result<(), Failure> {
    let client = arguments.reach.client()?;
    let state = if arguments.all { "all" } else { "open" };
    let limit = arguments.limit.to_string();
    let answer = client.get(&["incidents"], &[("state", state), ("limit", &limit)]).await?;
    if arguments.reach.json {
        shown::json(&answer);
        return Ok(());
    }
    let now = Clock::system().now();
    let rows: Vec<_> = list(&answer, "/incidents").iter().map(|i| row(i, now)).collect();
    match (rows.is_empty(), arguments.all) {
        (true, false) => println!("nothing is open"),
        (true, true) => println!("there was no incident yet"),
        _ => print!("{}", shown::table(&["ID", "STATE", "SINCE", "LASTED", "WHAT"], &rows)),
    }
    if !word(&answer, "/next").is_empty() {
        println!("… and more: --limit {}", arguments.limit.saturating_mul(2));
    }
    Ok(())
}

fn row(incident: &Value, now: Timestamp) -> Vec<String> {
    let since = at(incident, "/since");
    vec![
        word(incident, "/id").to_owned(),
        standing(incident),
        since.map_or_else(String::new, |at| shown::moment(at, now)),
        shown::span(since, at(incident, "/resolved_at"), now),
        what(incident),
    ]
}

fn standing(incident: &Value) -> String {
    let label = match word(incident, "/label") {
        "" => String::new(),
        label => format!(", {}", label.replace('_', " ")),
    };
    let state = match (word(incident, "/state"), word(incident, "/acknowledged/by")) {
        ("resolved", _) => "over".to_owned(),
        (_, "") if incident.pointer("/acknowledged/at").is_some() => "acknowledged".to_owned(),
        (_, "") => "open".to_owned(),
        (_, by) => format!("{by} sees to it"),
    };
    format!("{state}{label}")
}

/// What fails, in brief: the first alert that still does, or did.
fn what(incident: &Value) -> String {
    let alerts = list(incident, "/alerts");
    let firing = alerts.iter().find(|a| word(a, "/state") == "firing").or(alerts.first());
    let first = firing.map_or_else(String::new, |a| {
        format!("{}/{}: {}", word(a, "/target"), word(a, "/probe"), word(a, "/summary"))
    });
    let more = incident.get("more").and_then(Value::as_u64).unwrap_or_default();
    match more + alerts.len().saturating_sub(1) as u64 {
        0 => first,
        others => format!("{first} (+{others})"),
    }
}

async fn one(arguments: &Arguments, id: &str) -> Result<(), Failure> {
    let incident = arguments.reach.client()?.get(&["incidents", id], &[]).await?;
    if arguments.reach.json {
        shown::json(&incident);
        return Ok(());
    }
    print!("{}", whole(&incident, Clock::system().now()));
    Ok(())
}

fn whole(incident: &Value, now: Timestamp) -> String {
    let since = at(incident, "/since");
    let began = since.map_or_else(String::new, |at| shown::moment(at, now));
    let over = at(incident, "/resolved_at");
    let lasts = if over.is_some() { "lasted" } else { "lasts for" };
    let mut out = format!(
        "{}: {}, {}, since {began}, {lasts} {}\n",
        word(incident, "/id"),
        standing(incident),
        word(incident, "/severity"),
        shown::span(since, over, now)
    );
    if !word(incident, "/assignee").is_empty() {
        out.push_str(&format!("  assigned to {}\n", word(incident, "/assignee")));
    }
    for alert in list(incident, "/alerts") {
        let state = if word(alert, "/state") == "calm" { "well again" } else { word(alert, "/says") };
        let (target, probe) = (word(alert, "/target"), word(alert, "/probe"));
        out.push_str(&format!("  {target}/{probe}: {state}: {}\n", word(alert, "/summary")));
        let evidence = list(alert, "/evidence");
        for line in evidence.iter().skip(evidence.len().saturating_sub(3)).filter_map(Value::as_str) {
            out.push_str(&format!("      | {}\n", launchwatch_alerts::text::one_line(line, 160)));
        }
    }
    for (at, cause) in list(incident, "/diagnosis").iter().enumerate() {
        out.push_str(&likely(at, cause));
    }
    for entry in list(incident, "/timeline") {
        let when = at(entry, "/at").map_or_else(String::new, |at| shown::moment(at, now));
        let who = match word(entry, "/by") {
            "" => String::new(),
            by => format!("{by}: "),
        };
        out.push_str(&format!("{when}  {who}{}\n", word(entry, "/what")));
    }
    out
}

/// A likely cause: what speaks for it, what could be done and whether its guards hold, and what must not be done first.
fn likely(at: usize, cause: &Value) -> String {
    let role = if at == 0 { "likely cause" } else { "perhaps also" };
    let label = word(cause, "/label");
    let mut out = format!("  {role}: {} ({label}; `launchwatch runbook {label}`)\n", word(cause, "/title"));
    for (pointer, mark) in [("/evidence", "+"), ("/against", "-")] {
        for sign in list(cause, pointer).iter().filter_map(Value::as_str) {
            out.push_str(&format!("      {mark} {}\n", launchwatch_alerts::text::one_line(sign, 160)));
        }
    }
    for proposal in list(cause, "/actions") {
        let (action, mode, why) =
            (word(proposal, "/action"), word(proposal, "/mode"), word(proposal, "/why"));
        out.push_str(&format!("    proposed: {action} ({mode}): {why}\n"));
        for guard in list(proposal, "/guards") {
            let mark = match guard.get("holds").and_then(Value::as_bool) {
                Some(true) => "✓",
                Some(false) => "✗",
                None => "?",
            };
            out.push_str(&format!("      {mark} {}\n", word(guard, "/says")));
        }
    }
    for not in list(cause, "/not_first").iter().filter_map(Value::as_array) {
        if let [action, why] = not.as_slice() {
            let (action, why) = (action.as_str().unwrap_or_default(), why.as_str().unwrap_or_default());
            out.push_str(&format!("    not first: {action}, {why}\n"));
        }
    }
    out
}

pub(super) async fn comment(said: &Remark) -> anyhow::Result<ExitCode> {
    ended(tell(&said.reach, &said.id, "comment", &json!({"by": said.by, "text": said.text}), "noted").await)
}

pub(super) async fn assign(said: &Assignment) -> anyhow::Result<ExitCode> {
    let words = format!("assigned to {}", launchwatch_alerts::text::one_line(&said.who, 80));
    ended(tell(&said.reach, &said.id, "assign", &json!({"by": said.by, "to": said.who}), &words).await)
}

pub(super) async fn label(said: &Judgement) -> anyhow::Result<ExitCode> {
    let (label, words) = match said.label {
        Label::Real => ("real", "labelled real"),
        Label::FalseAlarm => ("false_alarm", "labelled a false alarm"),
    };
    ended(tell(&said.reach, &said.id, "label", &json!({"by": said.by, "label": label}), words).await)
}

async fn tell(reach: &Reach, id: &str, verb: &str, body: &Value, words: &str) -> Result<(), Failure> {
    let incident = reach.client()?.post(&["incidents", id, verb], body).await?;
    if reach.json {
        shown::json(&incident);
    } else {
        println!("{}: {words}", word(&incident, "/id"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident() -> Value {
        json!({
            "id": "hub-1", "state": "open", "severity": "page", "since": "2018-07-07T12:00:00Z",
            "resolved_at": null, "label": null, "assignee": "ada",
            "acknowledged": {"by": "ada", "at": "2018-07-07T12:05:00Z", "until": "2018-07-07T16:05:00Z"},
            "alerts": [
                {"target": "hub", "probe": "site", "state": "calm", "summary": "HTTP 503", "says": "2 runs in a row"},
                {"target": "hub", "probe": "launch", "state": "firing", "summary": "no server", "says": "3 runs in a row",
                 "evidence": ["one", "two", "three", "four\u{1b}[31m"]},
            ],
            "timeline": [
                {"at": "2018-07-07T12:01:00Z", "what": "hub/launch fires: 2 runs in a row"},
                {"at": "2018-07-07T12:05:00Z", "by": "ada", "what": "acknowledged"},
            ],
        })
    }

    #[test]
    fn one_incident_is_shown_with_all_that_happened() {
        let now = "2018-07-07T13:00:00Z".parse().unwrap();
        insta::assert_snapshot!(whole(&incident(), now), @r"
        hub-1: ada sees to it, page, since 12:00 UTC, lasts for 1 h
          assigned to ada
          hub/site: well again: HTTP 503
          hub/launch: 3 runs in a row: no server
              | two
              | three
              | four
        12:01 UTC  hub/launch fires: 2 runs in a row
        12:05 UTC  ada: acknowledged
        ");
    }

    #[test]
    fn a_cause_is_shown_with_what_speaks_for_it_and_what_to_do() {
        let cause = json!({
            "label": "node-disk-full", "title": "a node's disk is full", "evidence": ["12 events"], "against": ["1 node"],
            "actions": [{"action": "cordon-node", "mode": "approve", "why": "keeps new work off", "guards": [
                {"says": "two other nodes", "holds": true}, {"says": "disk pressure", "holds": false}, {"says": "no quota", "holds": null}]}],
            "not_first": [["delete-user-pods", "it ends work"]],
        });
        insta::assert_snapshot!(likely(0, &cause), @r"
          likely cause: a node's disk is full (node-disk-full; `launchwatch runbook node-disk-full`)
              + 12 events
              - 1 node
            proposed: cordon-node (approve): keeps new work off
              ✓ two other nodes
              ✗ disk pressure
              ? no quota
            not first: delete-user-pods, it ends work
        ");
    }

    #[test]
    fn a_line_of_the_table_names_what_still_fails() {
        let now = "2018-07-08T13:00:00Z".parse().unwrap();
        let row = row(&incident(), now).join(" · ");
        assert_eq!(
            row,
            "hub-1 · ada sees to it · 2018-07-07 12:00 UTC · 1 d 1 h · hub/launch: no server (+1)"
        );
    }
}
