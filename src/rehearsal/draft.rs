//! Draft: an incident report in Markdown, from facts alone; people fill in what only they know.

use std::fmt::Write as _;

use launchwatch_alerts::Incident;

use super::Hindsight;
use super::play::Played;
use super::report::{Report, ours};
use super::words::{clock, loud, relative, span};

/// Drafts the report.
pub(super) fn draft(played: &Played, report: &Report, hindsight: &Hindsight) -> String {
    let mut text =
        format!("# {}\n\n", if played.title.is_empty() { &played.scenario } else { &played.title });
    let _ = writeln!(text, "Times are from {} (UTC), hours:minutes:seconds.\n", played.t0);
    if report.alerts.is_empty() {
        text.push_str(
            "## Summary\n\nNothing was wrong as far as launchwatch could see; nobody would have been told.\n",
        );
    } else {
        onset(&mut text, played);
        detection(&mut text, report);
        cause(&mut text, report, played);
        actions(&mut text, report, played);
        recovery(&mut text, played, report);
    }
    people(&mut text, hindsight);
    text
}

fn incidents(played: &Played) -> impl Iterator<Item = &Incident> {
    played.incidents.iter().filter(|i| !ours(i))
}

fn onset(text: &mut String, played: &Played) {
    text.push_str("## Onset\n\n");
    for incident in incidents(played) {
        let since = clock(played.second(incident.since));
        let _ = writeln!(text, "- {since} `{}`: the first run that failed began", incident.target);
    }
}

fn detection(text: &mut String, report: &Report) {
    text.push_str("\n## Detection\n\n");
    for alert in &report.alerts {
        let end = alert
            .resolved_at
            .map_or_else(|| "not over at the end".to_owned(), |at| format!("until {}", clock(at)));
        let _ = writeln!(
            text,
            "- {} {} `{}` on `{}`, {end}",
            clock(alert.fired_at),
            loud(alert.severity),
            alert.id,
            alert.target
        );
    }
    text.push_str("\nTold:\n\n");
    for told in report.notifications.iter().filter(|n| n.target != launchwatch_alerts::OURSELVES) {
        let _ = writeln!(text, "- {} `{}`: {} ({})", clock(told.at), told.channel, told.kind, told.target);
    }
}

fn cause(text: &mut String, report: &Report, played: &Played) {
    text.push_str("\n## Likely cause\n\n");
    if report.diagnosis.is_empty() {
        text.push_str("None was named: nothing that was seen told one cause from another.\n");
    }
    for said in &report.diagnosis {
        let title = title(&said.label, played);
        let _ = writeln!(
            text,
            "- {} {}. **{}**{title} (`{}`)",
            clock(said.at),
            said.rank,
            said.label,
            said.target
        );
        for evidence in &said.evidence {
            let _ = writeln!(text, "  - {evidence}");
        }
    }
}

fn title(label: &str, played: &Played) -> String {
    let mut all = incidents(played).flat_map(|i| &i.diagnosis);
    let title = all.find(|d| d.label == label).map(|d| d.title.clone());
    let title = title.or_else(|| launchwatch_alerts::diagnosis::cause(label).map(|c| c.title.to_owned()));
    title.map_or_else(String::new, |t| format!(": {t}"))
}

fn actions(text: &mut String, report: &Report, played: &Played) {
    text.push_str("\n## Actions\n\n");
    if report.actions.is_empty() {
        text.push_str("None was proposed.\n");
    }
    for action in &report.actions {
        let done = if action.executed { "carried out" } else { "proposed" };
        let _ = writeln!(
            text,
            "- {} `{}` ({}) {done} for `{}`: {}",
            clock(action.at),
            action.action,
            action.mode,
            action.target,
            action.why
        );
    }
    let first: std::collections::BTreeMap<_, _> = incidents(played)
        .flat_map(|i| i.diagnosis.iter().flat_map(|d| &d.not_first))
        .map(|(action, why)| (action.as_str(), why.as_str()))
        .collect();
    for (action, why) in first {
        let _ = writeln!(text, "- not first: `{action}`: {why}");
    }
}

fn recovery(text: &mut String, played: &Played, report: &Report) {
    text.push_str("\n## Recovery\n\n");
    match report.recovered_at {
        Some(at) => {
            let since = incidents(played).map(|i| played.second(i.since)).fold(f64::INFINITY, f64::min);
            let _ = writeln!(
                text,
                "- {} users have their service back, {} after the onset",
                clock(at),
                span(at - since)
            );
        }
        None => text.push_str("- not over at the end of what was played\n"),
    }
}

fn people(text: &mut String, hindsight: &Hindsight) {
    if *hindsight == Hindsight::default() {
        return;
    }
    text.push_str("\n## What people did (told afterwards; nothing of it was used)\n\n");
    if let Some(at) = hindsight.human_noticed {
        let by = hindsight.human_noticed_by.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
        let _ = writeln!(text, "- {} noticed{by} ({})", clock(at), relative(at));
    }
    if let Some(at) = hindsight.investigation {
        let _ = writeln!(text, "- {} somebody looks into it", clock(at));
    }
    for deed in &hindsight.deeds {
        let target = if deed.target.is_empty() { String::new() } else { format!(": {}", deed.target) };
        let _ = writeln!(text, "- {} `{}`{target}", clock(deed.t), deed.action);
    }
    if let Some(at) = hindsight.mitigated {
        let _ = writeln!(text, "- {} over for users", clock(at));
    }
}
