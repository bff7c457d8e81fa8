//! Timeline: a rehearsal as a person reads it, beside what the people of that day did.

use std::fmt::Write as _;

use super::Hindsight;
use super::play::Played;
use super::report::Report;
use super::words::{clock, loud, relative, span};

/// The timeline as text.
#[must_use]
pub fn timeline(played: &Played, report: &Report, hindsight: &Hindsight) -> String {
    let mut text = head(played);
    let mut lines = seen(report);
    lines.extend(people(hindsight));
    lines.sort_by(|a, b| a.at.total_cmp(&b.at));
    if lines.is_empty() {
        text.push_str("  nothing to tell\n");
    }
    for line in lines {
        let _ = writeln!(text, "  {:>10}  {:<9} {}", clock(line.at), line.who, line.what);
    }
    text.push('\n');
    text.push_str(&last(report, hindsight));
    text
}

struct Line {
    at: f64,
    who: &'static str,
    what: String,
}

fn head(played: &Played) -> String {
    let mut text = format!("{}  (seed {})\n", played.scenario, played.seed);
    if !played.title.is_empty() {
        let _ = writeln!(text, "{}", played.title);
    }
    let _ = writeln!(
        text,
        "{} are played, from {} to {} around {}",
        span(played.end - played.start),
        clock(played.start),
        clock(played.end),
        played.t0
    );
    for note in &played.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text.push('\n');
    text
}

fn seen(report: &Report) -> Vec<Line> {
    let mut lines = Vec::new();
    for (who, alert) in report
        .alerts
        .iter()
        .map(|a| (loud(a.severity), a))
        .chain(report.ourselves.iter().map(|a| ("ourselves", a)))
    {
        lines.push(Line { at: alert.fired_at, who, what: format!("{} fires on {}", alert.id, alert.target) });
        if let Some(at) = alert.resolved_at {
            let lasted = span(at - alert.fired_at);
            lines.push(Line {
                at,
                who: "over",
                what: format!("{} on {}, after {lasted}", alert.id, alert.target),
            });
        }
    }
    for said in &report.diagnosis {
        let mut what = format!("{}. {} on {}", said.rank, said.label, said.target);
        for evidence in &said.evidence {
            let _ = write!(what, "\n{:>26}{evidence}", "- ");
        }
        lines.push(Line { at: said.at, who: "cause", what });
    }
    for action in &report.actions {
        let what = format!("{} on {} ({}): {}", action.action, action.target, action.mode, action.why);
        lines.push(Line { at: action.at, who: "propose", what });
    }
    for told in &report.notifications {
        lines.push(Line {
            at: told.at,
            who: "told",
            what: format!("{}: {} ({})", told.channel, told.kind, told.target),
        });
    }
    lines
}

fn people(hindsight: &Hindsight) -> Vec<Line> {
    let line = |at, what: String| Line { at, who: "| people", what };
    let mut lines = Vec::new();
    if let Some(at) = hindsight.human_noticed {
        let by = hindsight.human_noticed_by.as_deref().unwrap_or("somebody");
        lines.push(line(at, format!("noticed by {by}")));
    }
    lines.extend(hindsight.investigation.map(|at| line(at, "begin to look into it".to_owned())));
    for deed in &hindsight.deeds {
        let target = if deed.target.is_empty() { String::new() } else { format!(": {}", deed.target) };
        lines.push(line(deed.t, format!("{}{target}", deed.action)));
    }
    lines.extend(hindsight.mitigated.map(|at| line(at, "over for users".to_owned())));
    lines
}

/// When people were told, and when they noticed.
fn last(report: &Report, hindsight: &Hindsight) -> String {
    let told =
        report.notifications.iter().find(|n| n.kind == "opened" && n.target != launchwatch_alerts::OURSELVES);
    let paged = report.alerts.iter().find(|a| a.severity == "critical");
    let mut text = match (paged, told) {
        (Some(page), _) => format!("told {}", relative(page.fired_at)),
        (None, Some(told)) => format!("told {} (nothing that wakes anybody)", relative(told.at)),
        (None, None) => "nobody told".to_owned(),
    };
    if let Some(at) = hindsight.human_noticed {
        let _ = write!(text, "; people noticed {}", relative(at));
    }
    text.push('\n');
    text
}
