//! Plays all scenarios with five seeds each and holds what was found against what they expect: a table of scores.
//!
//! `cargo bench --bench rehearse [-- PART-OF-A-NAME] [--seeds N]`. Ends with 1 when something is missed.
#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a table for people, of JSON that is ours; the judge is shared with the tests"
)]

#[path = "../tests/scenarios/judge.rs"]
mod judge;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use judge::{Score, expectation, judge, scenarios};
use launchwatch::rehearsal::{Hindsight, Scenario, play, report};
use serde_json::Value;

/// What came of one scenario.
#[derive(Default)]
struct Row {
    points: Vec<(u32, u32)>,
    /// Seconds from `t0` to the first alert that pages, or else the first of all.
    told: Vec<Option<f64>>,
    noticed: Option<f64>,
    causes: BTreeMap<String, u32>,
    wall: u64,
    /// By text, the seeds.
    misses: BTreeMap<String, Vec<u64>>,
}

fn main() -> ExitCode {
    let (part, seeds) = wishes();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let folder = std::env::var_os("SCENARIOS").map_or(folder, PathBuf::from);
    println!(
        "| scenario | points, worst of {seeds} | told after, latest | people noticed after | first cause | wall, longest |"
    );
    println!("|---|---|---|---|---|---|");
    let mut rows = Vec::new();
    for file in scenarios(&folder) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains(&part) {
            continue;
        }
        match row(&file, seeds) {
            Ok(row) => {
                println!("{}", told(&name, &row));
                rows.push((name, row));
            }
            Err(error) => {
                println!("| {name} | {error} | | | | |");
                rows.push((name, Row { misses: BTreeMap::from([(error, vec![])]), ..Row::default() }));
            }
        }
    }
    let (points, of) =
        rows.iter().flat_map(|(_, r)| &r.points).fold((0, 0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
    println!("\n{points} of {of} points.\n");
    for (name, row) in &rows {
        for (miss, seeds) in &row.misses {
            println!("- {name}, seeds {seeds:?}: {miss}");
        }
    }
    if rows.iter().all(|(_, r)| r.misses.is_empty()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Part of a scenario's name, and how many seeds.
fn wishes() -> (String, u64) {
    let (mut part, mut seeds) = (String::new(), 5);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seeds" => seeds = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(seeds),
            "--bench" | "--test" => {}
            _ => part = argument,
        }
    }
    (part, seeds)
}

fn row(file: &Path, seeds: u64) -> Result<Row, String> {
    let scenario =
        Scenario::open(file).map_err(|problems| launchwatch::config::told(&problems).replace('\n', " "))?;
    let hindsight = Hindsight::read(&std::fs::read_to_string(file).map_err(|e| e.to_string())?);
    let expect = expectation(file)?;
    let mut row = Row { noticed: hindsight.human_noticed, ..Row::default() };
    for seed in 1..=seeds {
        let played = play(&scenario, None, seed).map_err(|e| format!("{e:#}"))?;
        let found = report(&played, &hindsight);
        if std::env::var_os("SAY").is_some() {
            println!("{}", launchwatch::rehearsal::timeline(&played, &found, &hindsight));
        }
        let json = serde_json::to_value(found).map_err(|e| e.to_string())?;
        let Score { points, of, misses } = judge(&expect, &json);
        row.points.push((points, of));
        row.told.push(first(&json));
        row.wall = row.wall.max(json["wall_ms"].as_u64().unwrap_or_default());
        let cause =
            list(&json["diagnosis"]).iter().find(|d| d["rank"] == 1).and_then(|d| d["label"].as_str());
        *row.causes.entry(cause.unwrap_or("–").to_owned()).or_default() += 1;
        for miss in misses {
            row.misses.entry(miss).or_default().push(seed);
        }
    }
    Ok(row)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn first(json: &Value) -> Option<f64> {
    let alerts = list(&json["alerts"]);
    let pages = alerts.iter().find(|a| a["severity"] == "critical").or_else(|| alerts.first());
    pages.and_then(|a| a["fired_at"].as_f64())
}

fn told(name: &str, row: &Row) -> String {
    let worst = row.points.iter().min().copied().unwrap_or_default();
    let latest = row.told.iter().flatten().copied().reduce(f64::max);
    let causes: Vec<_> = row
        .causes
        .iter()
        .map(|(cause, n)| if row.causes.len() == 1 { cause.clone() } else { format!("{cause} ({n})") })
        .collect();
    format!(
        "| {name} | {} of {} | {} | {} | {} | {} ms |",
        worst.0,
        worst.1,
        latest.map_or("–".into(), minutes),
        row.noticed.map_or("–".into(), minutes),
        causes.join(", "),
        row.wall
    )
}

fn minutes(seconds: f64) -> String {
    format!("{:.1} min", seconds / 60.0)
}
