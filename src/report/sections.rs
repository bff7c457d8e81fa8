//! Sections: the details below the summary: onset, detection, impact, likely cause, actions, recovery, gaps, related incidents.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::facts::{Facts, Impact, ProbeImpact};
use super::impact::FIGURES;
use super::markdown::began;
use super::pictures::Picture;
use super::words::{Clock, between, code, number, plain, span};

/// Rows of a table of probes.
const ROWS: usize = 30;
/// Gaps that are told in words.
const GAPS: usize = 10;

/// All of them.
pub(super) fn details(text: &mut String, facts: &Facts, pictures: &[Picture], clock: &Clock<'_>) {
    onset(text, facts, clock);
    detection(text, facts, clock);
    impact(text, facts, pictures);
    cause(text, facts, clock);
    actions(text, facts, clock);
    recovery(text, facts, clock);
    gaps(text, facts, clock);
    related(text, facts, clock);
}

fn onset(text: &mut String, facts: &Facts, clock: &Clock<'_>) {
    text.push_str("### Onset\n\n");
    let on = began(facts);
    if let Some((sign, what)) = &facts.onset.first_sign {
        let _ = writeln!(text, "- First sign: {}: {}", clock.exact(sign.value, on), plain(what));
    }
    match &facts.onset.last_good {
        Some(good) => {
            let _ = writeln!(text, "- Last run that worked: {}", clock.exact(good.value, on));
        }
        None => text.push_str("- Last run that worked: not known\n"),
    }
    match &facts.onset.first_bad {
        Some(bad) => {
            let _ = writeln!(
                text,
                "- First run that did not: {} ({})",
                clock.exact(bad.value, on),
                plain(&facts.onset.what)
            );
        }
        None => text.push_str("- First run that did not: none is on record\n"),
    }
    text.push('\n');
}

fn detection(text: &mut String, facts: &Facts, clock: &Clock<'_>) {
    text.push_str("### Detection\n\n");
    let (on, d) = (began(facts), &facts.detection);
    let mut row = |what: &str, at: Option<Timestamp>, none: &str| {
        let _ = match at {
            Some(at) => writeln!(text, "- {what}: {}, {}", clock.exact(at, on), after(on, at)),
            None => writeln!(text, "- {what}: {none}"),
        };
    };
    row("First alert", d.alert.as_ref().map(|m| m.value), "none");
    row("First alert that wakes people", d.page.as_ref().map(|m| m.value), "none");
    row("First message taken by a channel", d.told.as_ref().map(|m| m.value), "none: nobody was told");
    if d.page.is_some() && d.told_page != d.told {
        row("First message of what wakes people", d.told_page.as_ref().map(|m| m.value), "none");
    }
    row("Acknowledged by a person", d.acknowledged.as_ref().map(|m| m.value), "nobody did");
    for quiet in &facts.quiet {
        let what = if quiet.maintenance { "Maintenance" } else { "Silence" };
        let _ = writeln!(
            text,
            "- {what} {} from {} to {}",
            code(&quiet.id),
            clock.exact(quiet.from, on),
            clock.exact(quiet.until, on)
        );
    }
    text.push('\n');
}

/// `40 s after the onset`.
fn after(onset: Timestamp, at: Timestamp) -> String {
    match at.cmp(&onset) {
        std::cmp::Ordering::Less => format!("{} before the onset", between(at, onset)),
        _ => format!("{} after the onset", between(onset, at)),
    }
}

fn impact(text: &mut String, facts: &Facts, pictures: &[Picture]) {
    text.push_str("### Impact\n\n");
    let more = facts.impact.len().saturating_sub(ROWS);
    if !facts.impact.is_empty() {
        text.push_str("| Target | nothing worked | at least – at most | something failed or was slow |\n|---|---|---|---|\n");
    }
    for i in facts.impact.iter().take(ROWS) {
        let (least, most) = i.zero_bounds;
        let bounds =
            if i.zero.is_empty() { "–".to_owned() } else { format!("{} – {}", span(least), span(most)) };
        let zero = span(i.zero_minutes.value);
        let _ = writeln!(
            text,
            "| {} | {zero} | {bounds} | {} |",
            code(&i.target),
            span(i.degraded_minutes.value)
        );
    }
    if more > 0 {
        let _ = writeln!(text, "\n{more} more targets are in the facts beside this file.");
    }
    runs(text, facts);
    for picture in pictures {
        let _ = writeln!(text, "\n![{}]({})", plain(&picture.says), picture.name);
    }
    figures(text, facts);
    if facts.impact.is_empty() {
        text.push_str("No run of a probe of these targets is on record for this time.\n");
    }
    text.push('\n');
}

fn runs(text: &mut String, facts: &Facts) {
    let all: Vec<&ProbeImpact> = facts.impact.iter().flat_map(|i: &Impact| &i.probes).collect();
    let mut shown: Vec<&ProbeImpact> =
        all.iter().copied().filter(|p| p.launches || p.failed + p.degraded + p.unknown > 0).collect();
    if shown.is_empty() {
        return;
    }
    let quiet = all.len() - shown.len();
    shown.truncate(ROWS);
    text.push_str("\n| Probe | runs that tell | worked | badly | failed | could not look | mostly |\n|---|--:|--:|--:|--:|--:|---|\n");
    for p in shown {
        let _ = writeln!(
            text,
            "| {}{} | {} | {} | {} | {} | {} | {} |",
            code(&p.probe),
            if p.launches { " (launches)" } else { "" },
            p.made,
            p.worked,
            p.degraded,
            p.failed,
            p.unknown,
            mostly(p)
        );
    }
    if quiet > 0 {
        let _ = writeln!(text, "\nThe other {quiet} probes of these targets passed throughout.");
    }
}

fn mostly(probe: &ProbeImpact) -> String {
    let ways = probe.troubles.iter().take(3).map(|t| {
        let what = [t.reason.as_deref(), t.stage.as_deref()];
        let what: Vec<&str> = what.into_iter().flatten().collect();
        format!("{}× {}", t.count, if what.is_empty() { t.verdict.clone() } else { what.join(" in ") })
    });
    ways.collect::<Vec<_>>().join(", ")
}

fn figures(text: &mut String, facts: &Facts) {
    if facts.figures.is_empty() {
        return;
    }
    text.push_str("\n| Figure | before | highest | last |\n|---|--:|--:|--:|\n");
    for f in &facts.figures {
        let words =
            FIGURES.iter().find(|(name, _)| *name == f.name).map_or(f.name.as_str(), |(_, words)| words);
        let before = f.before.as_ref().map_or_else(|| "not known".to_owned(), |b| number(b.value));
        let _ = writeln!(
            text,
            "| {words} ({}) | {before} | {} | {} |",
            code(&f.probe),
            number(f.highest.value),
            number(f.last.value)
        );
    }
}

fn cause(text: &mut String, facts: &Facts, clock: &Clock<'_>) {
    text.push_str("### Likely cause\n\n");
    let on = began(facts);
    if facts.causes.is_empty() {
        text.push_str("None was named.\n");
    }
    for (n, cause) in facts.causes.iter().enumerate() {
        let at = cause.first.as_ref().unwrap_or(&cause.named).value;
        let rank = if cause.first.is_some() { "as the likeliest" } else { "as second" };
        let likely = cause
            .confidence
            .map_or_else(String::new, |c| format!("; confidence at the last look {c:.2} of 1"));
        let _ = writeln!(
            text,
            "{}. **`{}`**: {}. Named {rank} {}, {}{likely}.",
            n + 1,
            cause.label,
            plain(&cause.title),
            clock.exact(at, on),
            after(on, at)
        );
        for line in &cause.evidence {
            let _ = writeln!(text, "   - for it: {}", plain(line));
        }
        for line in &cause.against {
            let _ = writeln!(text, "   - against it: {}", plain(line));
        }
    }
    if !facts.causes.is_empty() {
        text.push_str(
            "\nEvery other cause that launchwatch knows was weighed on the same looks and was less likely.\n",
        );
    }
    text.push('\n');
}

fn actions(text: &mut String, facts: &Facts, clock: &Clock<'_>) {
    text.push_str("### Actions\n\n");
    let on = began(facts);
    if facts.deeds.is_empty() {
        text.push_str("None was proposed.\n");
    }
    for deed in &facts.deeds {
        let at = clock.exact(deed.at.value, on);
        let done = match deed.executed {
            true => format!("carried out {at}"),
            false => format!("proposed {at}, not carried out by launchwatch"),
        };
        let _ = writeln!(text, "- `{}` ({}), {done}: {}", deed.action, deed.mode, plain(&deed.why));
        if !deed.effect.is_empty() {
            let _ = writeln!(text, "  - its effect would show as: {}", plain(&deed.effect));
        }
        if deed.executed {
            let _ = writeln!(text, "  - {}", effect(facts, deed.at.value));
        }
        for guard in &deed.open_guards {
            let _ = writeln!(text, "  - guard open when it was proposed: {}", plain(guard));
        }
    }
    for (action, why) in &facts.not_first {
        let _ = writeln!(text, "- not first: `{}`: {}", plain(action), plain(why));
    }
    text.push('\n');
}

/// What came after it: that is no proof.
fn effect(facts: &Facts, at: Timestamp) -> String {
    match facts.recovery.first_good.as_ref().filter(|good| good.value >= at) {
        Some(good) => format!("the first run that worked again began {} later", between(at, good.value)),
        None => "no run worked again after it".to_owned(),
    }
}

fn recovery(text: &mut String, facts: &Facts, clock: &Clock<'_>) {
    text.push_str("### Recovery\n\n");
    let (on, r) = (began(facts), &facts.recovery);
    let mut row = |what: &str, at: Option<Timestamp>, none: &str| {
        let _ = match at {
            Some(at) => writeln!(text, "- {what}: {}, {}", clock.exact(at, on), after(on, at)),
            None => writeln!(text, "- {what}: {none}"),
        };
    };
    row("Last run that failed", r.last_bad.as_ref().map(|m| m.value), "none is on record");
    row("First run that worked again", r.first_good.as_ref().map(|m| m.value), "none yet");
    let recovered = r.recovered.as_ref().or(r.resolved.as_ref()).map(|m| m.value);
    row("Recovery confirmed by the alerts", recovered, "not yet");
    row("All alerts over", r.resolved.as_ref().map(|m| m.value), "not when this was made");
    if !r.still.is_empty() {
        let all: Vec<String> = r.still.iter().take(10).map(|s| code(s)).collect();
        let _ = writeln!(text, "- Still firing when this was made: {}", all.join(", "));
    }
    text.push('\n');
}

fn gaps(text: &mut String, facts: &Facts, clock: &Clock<'_>) {
    text.push_str("### Data gaps\n\n");
    let on = began(facts);
    if facts.period.cut {
        let _ = writeln!(
            text,
            "- There were more runs than are read for a report ({}): those in the middle are missing, and counts are too low.",
            facts.period.runs
        );
    }
    if facts.figures.is_empty() {
        text.push_str("- No figures of the cluster: nobody looked into it, or nothing of it changed.\n");
    }
    for gap in facts.gaps.iter().take(GAPS) {
        let _ = writeln!(
            text,
            "- {}: nothing from {} to {} ({})",
            code(&gap.probe),
            clock.exact(gap.from, on),
            clock.exact(gap.to, on),
            plain(&gap.why)
        );
    }
    let more = facts.gaps.len().saturating_sub(GAPS);
    if more > 0 {
        let _ = writeln!(text, "- {more} more are in the facts beside this file");
    }
    if facts.gaps.is_empty() && !facts.period.cut {
        text.push_str("- All probes ran as planned.\n");
    }
    text.push('\n');
}

fn related(text: &mut String, facts: &Facts, clock: &Clock<'_>) {
    text.push_str("### Related incidents\n\n");
    if facts.related.is_empty() {
        text.push_str("None on record with the same cause.\n");
    }
    for r in &facts.related {
        let lasted = r.until.map_or_else(|| "still open".to_owned(), |until| between(r.since, until));
        let _ = writeln!(
            text,
            "- {} {}, {}: {lasted} (`{}`)",
            code(&r.incident),
            code(&r.target),
            clock.full(r.since),
            r.cause
        );
    }
    text.push('\n');
}
