//! The SLO report as people read it (Markdown), and as a table for programs (CSV).

use std::fmt::Write as _;

use jiff::Timestamp;
use launchwatch_alerts::Label;

use super::{Probe, Slo, Stretch, Target, Trouble};
use crate::report::words::{between, code, span};

/// How the figures are computed, one sentence each.
pub(super) fn how(objective: f64) -> Vec<String> {
    [
        "Months, days and hours are those of UTC.".to_owned(),
        "Success is the share of runs that passed or were degraded, of those that tell anything: passed, degraded or failed.".to_owned(),
        "Runs that could not look (our own faults) or were refused by policy (quota, rate limit) are counted as unknown, neither for nor against.".to_owned(),
        format!("The error budget is the {} of telling runs that may fail under an objective of {objective} %; what is left of it can be less than nothing.", percent(1.0 - objective / 100.0)),
        "Down is the time in which an incident that wakes people was open for the target, from its first failing run until users had their service back; false alarms do not count.".to_owned(),
        "Announced and planned maintenance is left out of runs and minutes; where runs are no longer kept one by one, whole hours that it touches are.".to_owned(),
        "Durations are of whole runs that worked; they are within 6 %.".to_owned(),
    ]
    .into()
}

/// The report in Markdown.
#[must_use]
pub fn markdown(slo: &Slo) -> String {
    let mut text = format!("# Service level of {}\n\n", slo.month);
    let so_far = if slo.complete {
        String::new()
    } else {
        format!(" The month is not over: up to {}.", moment(slo.to))
    };
    let _ = writeln!(text, "Objective: {} % of runs work.{so_far}\n", slo.objective);
    if slo.targets.is_empty() {
        text.push_str("No run of this month is on record.\n\n");
    }
    for target in &slo.targets {
        one(&mut text, target);
    }
    text.push_str("## How it is computed\n\n");
    for line in &slo.how {
        let _ = writeln!(text, "- {line}");
    }
    text
}

fn one(text: &mut String, target: &Target) {
    let _ = writeln!(text, "## {}\n", code(&target.target));
    let _ = writeln!(text, "Down for {}.\n", span(target.minutes_down));
    if !target.probes.is_empty() {
        text.push_str("| Probe | runs | success | budget left | could not look | p50 | p90 | p99 |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
    }
    for p in &target.probes {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            code(&p.probe),
            p.runs,
            p.share.map_or_else(|| "–".into(), percent),
            p.budget_left.map_or_else(|| "–".into(), left),
            p.unknown_share.map_or_else(|| "–".into(), percent),
            seconds(p.p50),
            seconds(p.p90),
            seconds(p.p99)
        );
    }
    text.push('\n');
    let days: Vec<String> = target.probes.iter().filter_map(worst).collect();
    section(text, "Worst days", &days);
    section(text, "Incidents", &target.incidents.iter().map(incident).collect::<Vec<_>>());
    section(text, "Maintenance, left out", &target.maintenance.iter().map(stretch).collect::<Vec<_>>());
    let gaps: Vec<String> = target
        .probes
        .iter()
        .flat_map(|p| p.gaps.iter().map(|g| format!("{}: {}", code(&p.probe), stretch(g))))
        .collect();
    section(text, "Data gaps", &gaps);
}

fn section(text: &mut String, heading: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = writeln!(text, "### {heading}\n");
        for line in lines {
            let _ = writeln!(text, "- {line}");
        }
        text.push('\n');
    }
}

fn worst(probe: &Probe) -> Option<String> {
    let days = probe
        .worst
        .iter()
        .map(|d| format!("{} ({}, {} of {} failed)", d.date, percent(d.share), d.failed, d.telling));
    let days: Vec<String> = days.collect();
    (!days.is_empty()).then(|| format!("{}: {}", code(&probe.probe), days.join(", ")))
}

fn incident(t: &Trouble) -> String {
    let lasted = t.until.map_or_else(|| "still open".to_owned(), |until| between(t.since, until));
    let cause = t.cause.as_deref().map_or_else(String::new, |c| format!(", {}", code(c)));
    let label = match t.label {
        Some(Label::FalseAlarm) => ", a false alarm",
        Some(Label::Real) => ", real",
        None => "",
    };
    let counts = if t.counts { "" } else { " (not counted)" };
    format!("{} {}: {lasted}{cause}{label}{counts}", code(&t.incident), moment(t.since))
}

fn stretch(s: &Stretch) -> String {
    let name = if s.name.is_empty() { String::new() } else { format!("{} ", code(&s.name)) };
    format!("{name}{} to {}, {}", moment(s.from), moment(s.until), between(s.from, s.until))
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Only all is 100 %.
fn percent(share: f64) -> String {
    let p = share * 100.0;
    let floor = (p * 100.0 + 1e-9).floor() / 100.0;
    format!("{} %", format!("{floor:.2}").trim_end_matches('0').trim_end_matches('.'))
}

fn left(share: f64) -> String {
    if share < 0.0 { "used up".to_owned() } else { percent(share) }
}

fn seconds(of: Option<f64>) -> String {
    of.map_or_else(|| "–".to_owned(), |s| if s < 10.0 { format!("{s:.2} s") } else { format!("{s:.0} s") })
}

/// The report as CSV: a row a probe.
///
/// # Errors
/// Memory is full.
pub fn csv(slo: &Slo) -> Result<String, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "month",
        "target",
        "probe",
        "runs",
        "passed",
        "degraded",
        "failed",
        "unknown",
        "success_share",
        "unknown_share",
        "objective_percent",
        "budget_left_share",
        "p50_seconds",
        "p90_seconds",
        "p99_seconds",
        "left_out_runs",
        "target_minutes_down",
        "target_incidents",
    ])?;
    let number = |of: Option<f64>| of.map_or_else(String::new, |n| format!("{n:.6}"));
    for target in &slo.targets {
        for p in &target.probes {
            let name = p.probe.split_once('/').map_or("", |(_, name)| name);
            out.write_record([
                slo.month.clone(),
                cell(&target.target),
                cell(name),
                p.runs.to_string(),
                p.passed.to_string(),
                p.degraded.to_string(),
                p.failed.to_string(),
                p.unknown.to_string(),
                number(p.share),
                number(p.unknown_share),
                slo.objective.to_string(),
                number(p.budget_left),
                number(p.p50),
                number(p.p90),
                number(p.p99),
                p.left_out.to_string(),
                target.minutes_down.to_string(),
                target.incidents.len().to_string(),
            ])?;
        }
    }
    let bytes = out.into_inner().map_err(|e| csv::Error::from(e.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A name that no spreadsheet takes for a formula.
fn cell(name: &str) -> String {
    let line = launchwatch_alerts::text::one_line(name, 200);
    if line.starts_with(['=', '+', '-', '@']) { format!("'{line}") } else { line }
}
