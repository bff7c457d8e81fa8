//! A backtest as a person reads it.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use launchwatch_alerts::Severity;

use super::report::{Covers, Judged, OnRecord, Report, Told};

/// The report as text. Moments are UTC.
pub fn told(report: &Report) -> String {
    let mut text = head(report);
    if report.played.is_none() {
        return text;
    }
    text.push_str(&pages(report));
    text.push_str(&record(report));
    text.push_str(&figures(report));
    text
}

fn head(report: &Report) -> String {
    let rules = report.rules.join(", ");
    match report.played {
        None => format!(
            "No run of a configured probe is on record between {} and {}.\n",
            moment(report.from),
            moment(report.to)
        ),
        Some((from, to)) => format!(
            "{} of {} between {} and {} (UTC), judged by: {rules}\n",
            count(report.runs, "run"),
            count(report.probes as u64, "probe"),
            moment(from),
            moment(to),
        ),
    }
}

fn pages(report: &Report) -> String {
    let mut text = String::from("\nWould have been told:\n");
    if report.told.is_empty() {
        text.push_str("  nothing\n");
    }
    for told in &report.told {
        let Told { target, severity, at, .. } = told;
        let lasted = told.lasted_seconds.map_or("not over".into(), |s| format!("lasted {}", span(s)));
        let note = match told.covers {
            Covers::Real => "real",
            Covers::FalseAlarm => "FALSE ALARM",
            Covers::Unconfirmed => "unconfirmed",
            Covers::Nothing => "not on record",
        };
        let _ = writeln!(text, "  {:<6}  {}  {target}  {lasted}  {note}", severity.as_str(), moment(*at));
        if let Some(paged) = told.paged_at.filter(|paged| paged > at) {
            let _ = writeln!(text, "          a ticket at first, a page at {}", moment(paged));
        }
        for says in &told.says {
            let _ = writeln!(text, "          {says}");
        }
    }
    text
}

fn record(report: &Report) -> String {
    let mut text = String::from("\nOn record:\n");
    if report.incidents.is_empty() {
        text.push_str("  nothing\n");
    }
    for one in &report.incidents {
        let OnRecord { incident, severity, .. } = one;
        let verdict = match (one.judged, one.told) {
            (Judged::Found, _) => "real, told",
            (Judged::Missed, _) if one.ticketed => "real, MISSED: only a ticket",
            (Judged::Missed, _) => "real, MISSED",
            (Judged::False, _) => "false alarm, TOLD AGAIN",
            (Judged::Avoided, _) => "false alarm, no longer told",
            (Judged::Unconfirmed, true) => "unconfirmed, told",
            (Judged::Unconfirmed, false) if one.ticketed => "unconfirmed, only a ticket",
            (Judged::Unconfirmed, false) => "unconfirmed, not told",
            (Judged::Elsewhere, _) => "not judged: its probes are not configured",
        };
        let then = span(one.delay_then_seconds);
        let delay = match one.delay_seconds.filter(|_| one.judged != Judged::False) {
            Some(seconds) => format!(" {} after the onset (then: {then})", span(seconds)),
            None => String::new(),
        };
        let _ =
            writeln!(text, "  {:<6}  {}  {incident}  {verdict}{delay}", severity.as_str(), moment(one.since));
    }
    text
}

fn figures(report: &Report) -> String {
    let s = &report.summary;
    let mut text = format!("\n{}, {}. ", count(s.pages as u64, "page"), count(s.tickets as u64, "ticket"));
    let real = s.found + s.missed;
    let _ = write!(text, "Real incidents: {} of {real} told", s.found);
    if let Some(seconds) = s.median_delay_seconds {
        let _ = write!(text, ", {} after the onset (median)", span(seconds));
    }
    let _ = writeln!(text, ". False alarms: {} of {} told again.", s.wrong, s.wrong + s.avoided);
    if s.unconfirmed > 0 {
        let _ = writeln!(
            text,
            "{} on record without a label: say which were real and which were false alarms, and this says more.",
            count(s.unconfirmed as u64, "incident")
        );
    }
    let pages_waking =
        report.told.iter().filter(|t| t.severity == Severity::Page && t.covers == Covers::Nothing);
    match pages_waking.count() {
        0 => {}
        new => {
            let _ = writeln!(text, "{} of which nothing is on record.", count(new as u64, "page"));
        }
    }
    text
}

fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string()
}

fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `40 s`, `5 min`, `3 h 20 min`, `2 d 4 h`.
fn span(seconds: i64) -> String {
    let two = |many: i64, unit: &str, rest: i64, small: &str| match rest {
        0 => format!("{many} {unit}"),
        rest => format!("{many} {unit} {rest} {small}"),
    };
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}
