//! Silences on the command line: begun, listed, ended.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::{Failure, Reach, ended};
use super::shown::{self, at, list, word};
use crate::clock::Clock;

#[derive(Subcommand)]
pub(super) enum Do {
    /// Do not tell of something for a time; what is not told stays on record.
    Add(Wish),
    /// Silences in force.
    List(Look),
    /// Tell again.
    End(End),
}

#[derive(Args)]
pub(super) struct Wish {
    /// What is to be silent; may be given several times, and `*` stands for any text.
    #[arg(long, required = true)]
    pub(super) target: Vec<String>,
    /// Only these probes of it.
    #[arg(long)]
    pub(super) probe: Vec<String>,
    /// For how long, such as `30m` or `2h`; at most 31 days.
    #[arg(long = "for", value_name = "SPAN")]
    pub(super) lasts: String,
    /// Why.
    #[arg(long)]
    pub(super) reason: String,
    /// Who wishes it.
    #[arg(long, env = "USER")]
    pub(super) by: String,
    /// It ends with this incident, if that is over earlier.
    #[arg(long, value_name = "ID")]
    pub(super) until_resolved: Option<String>,
    #[command(flatten)]
    pub(super) reach: Reach,
}

#[derive(Args)]
pub(super) struct Look {
    /// Those that are over too.
    #[arg(long)]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) reach: Reach,
}

#[derive(Args)]
pub(super) struct End {
    /// Its id.
    pub(super) id: String,
    /// Who ends it.
    #[arg(long, env = "USER")]
    pub(super) by: String,
    #[command(flatten)]
    pub(super) reach: Reach,
}

pub(super) async fn run(what: &Do) -> anyhow::Result<ExitCode> {
    ended(match what {
        Do::Add(wish) => add(wish, false).await,
        Do::List(look) => show(look).await,
        Do::End(end) => stop(end).await,
    })
}

/// Begins a silence, or a maintenance.
pub(super) async fn add(wish: &Wish, maintenance: bool) -> Result<(), Failure> {
    let body = json!({
        "by": wish.by, "reason": wish.reason, "targets": wish.target, "probes": wish.probe, "for": wish.lasts,
        "until_resolved": wish.until_resolved, "maintenance": maintenance,
    });
    let silence = wish.reach.client()?.post(&["silences"], &body).await?;
    if wish.reach.json {
        shown::json(&silence);
        return Ok(());
    }
    let now = Clock::system().now();
    let until = at(&silence, "/until").map_or_else(String::new, |until| shown::moment(until, now));
    println!("{}: {} silent until {until}", word(&silence, "/id"), about(&silence));
    Ok(())
}

async fn show(look: &Look) -> Result<(), Failure> {
    let answer = look.reach.client()?.get(&["silences"], &[("limit", "500")]).await?;
    let now = Clock::system().now();
    let mine: Vec<&Value> = kept(&answer, look.all);
    if look.reach.json {
        shown::json(&json!(mine));
        return Ok(());
    }
    match mine.as_slice() {
        [] => println!("no silence is in force"),
        mine => print!("{}", table(mine.iter().map(|s| row(s, now)).collect())),
    }
    Ok(())
}

/// Ends a silence, or a maintenance.
pub(super) async fn stop(end: &End) -> Result<(), Failure> {
    let silence = end.reach.client()?.delete(&["silences", &end.id], &[("by", &end.by)]).await?;
    if end.reach.json {
        shown::json(&silence);
    } else {
        let hid = hid(&silence);
        println!("{}: over; it hid {hid} {}", end.id, if hid == 1 { "alert" } else { "alerts" });
    }
    Ok(())
}

/// Silences of an answer, without the maintenances among them.
fn kept(answer: &Value, all: bool) -> Vec<&Value> {
    let maintenance = |s: &Value| s.get("maintenance").and_then(Value::as_bool).unwrap_or_default();
    let wanted = |s: &&Value| !maintenance(s) && (all || word(s, "/ended").is_empty());
    list(answer, "/silences").iter().filter(wanted).collect()
}

/// Rows as [`row`] makes them.
pub(super) fn table(rows: Vec<Vec<String>>) -> String {
    shown::table(&["ID", "STATE", "UNTIL", "BY", "HID", "WHAT", "WHY"], &rows)
}

/// A line about a silence.
pub(super) fn row(silence: &Value, now: Timestamp) -> Vec<String> {
    let (from, until) = (at(silence, "/from"), at(silence, "/until"));
    let state = match word(silence, "/ended") {
        "" if from.is_none() => "",
        "" if from.is_some_and(|at| at > now) => "planned",
        "" => "in force",
        _ => "over",
    };
    let mut until = until.map_or_else(String::new, |at| shown::moment(at, now));
    if !word(silence, "/with").is_empty() {
        until.push_str(&format!(" or the end of {}", word(silence, "/with")));
    }
    let hid = hid(silence).to_string();
    let cells = [word(silence, "/id"), state, &until, word(silence, "/by"), &hid];
    let mut row: Vec<String> = cells.into_iter().map(str::to_owned).collect();
    row.extend([about(silence), word(silence, "/reason").to_owned()]);
    row
}

fn hid(silence: &Value) -> u64 {
    silence.get("hid").and_then(Value::as_u64).unwrap_or_default()
}

/// What a silence is about, in words.
fn about(silence: &Value) -> String {
    let names = |key: &str| {
        let all: Vec<&str> = list(silence, key).iter().filter_map(Value::as_str).collect();
        all.join(", ")
    };
    let (targets, probes, series) = (names("/of/targets"), names("/of/probes"), names("/of/series"));
    match (targets.as_str(), probes.as_str()) {
        ("", _) => series,
        (targets, "") => targets.to_owned(),
        (targets, probes) => format!("{probes} of {targets}"),
    }
}
