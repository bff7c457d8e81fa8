//! Markdown: the report in the form in which people file it: Summary, Timeline, Lessons learnt, Action items.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use launchwatch_alerts::{IncidentState, Label};

use super::Wording;
use super::facts::{EventKind, Facts};
use super::pictures::Picture;
use super::questions::questions;
use super::sections;
use super::words::{Clock, TODO, between, many, plain, slug, span, todo};

/// What the file is called, without its ending: date in the zone, and the name that was drafted.
pub(super) fn stem(facts: &Facts, zone: &TimeZone) -> String {
    let clock = Clock::new(zone, began(facts), began(facts));
    format!("{}-{}", clock.date(began(facts)), slug(&name(facts)))
}

/// When it began as far as known.
pub(super) fn began(facts: &Facts) -> Timestamp {
    let sign = facts.onset.first_sign.as_ref().map(|(m, _)| m.value);
    let bad = facts.onset.first_bad.as_ref().map(|m| m.value);
    bad.or(sign).unwrap_or_else(|| facts.events.first().map_or(facts.period.from, |e| e.at))
}

/// A name: the cause and the target.
fn name(facts: &Facts) -> String {
    let target = launchwatch_alerts::text::one_line(&facts.target, 80);
    match facts.causes.first() {
        Some(cause) => format!("{}, {target}", cause.label.replace('-', " ")),
        None if facts.impact.iter().any(|i| i.launches && !i.zero.is_empty()) => {
            format!("no launches, {target}")
        }
        None => format!("trouble, {target}"),
    }
}

/// The whole report.
pub(super) fn markdown(facts: &Facts, pictures: &[Picture], wording: &Wording) -> String {
    let clock = Clock::new(&wording.zone, first(facts), facts.period.to);
    let mut rest = String::new();
    summary(&mut rest, facts, &clock);
    sections::details(&mut rest, facts, pictures, &clock);
    timeline(&mut rest, facts, &clock);
    lessons(&mut rest, facts);
    action_items(&mut rest, facts);
    let open = rest.matches(TODO).count();
    let mut text = format!("# {}, {}\n\n", clock.date(began(facts)), plain(&name(facts)));
    let _ = writeln!(
        text,
        "> **Draft**, made from what launchwatch recorded of incident {}. {} marked `{}`: only a person can fill them, and it is \
         final when none is left. Every number has its source in the facts beside this file.\n",
        super::words::code(&facts.incident),
        many(open, "place is", "places are"),
        TODO.trim_end().trim_end_matches(':'),
    );
    text.push_str(&rest);
    text
}

fn first(facts: &Facts) -> Timestamp {
    facts.events.first().map_or(began(facts), |e| e.at).min(began(facts))
}

fn summary(text: &mut String, facts: &Facts, clock: &Clock<'_>) {
    text.push_str("## Summary\n\n");
    let _ = writeln!(text, "{}\n", impact_sentence(facts, clock));
    if facts.label == Some(Label::FalseAlarm) {
        text.push_str("People labelled this incident a false alarm.\n\n");
    }
    match facts.causes.first() {
        Some(cause) => {
            let _ = writeln!(text, "Likely cause: {} (`{}`).\n", plain(&cause.title), cause.label);
        }
        None => text.push_str("No cause was named: nothing that was seen told one from another.\n\n"),
    }
    let _ = writeln!(text, "{}\n", fix(facts));
    let _ =
        writeln!(text, "- {}", todo("what it meant for users (lost work, workshops, how many came in vain)"));
    let _ = writeln!(
        text,
        "- {}\n",
        todo("the true root cause, if it is another one, and a better name for the incident")
    );
}

fn impact_sentence(facts: &Facts, clock: &Clock<'_>) -> String {
    let mut said = Vec::new();
    for impact in facts.impact.iter().filter(|i| !i.zero.is_empty()).take(10) {
        let (least, most) = impact.zero_bounds;
        let what = if impact.launches { "no launch" } else { "nothing that was looked at" };
        let (looks, one) = if impact.launches { ("test launches", "test launch") } else { ("looks", "look") };
        let of = |p: &&super::facts::ProbeImpact| p.launches == impact.launches;
        let failed: usize = impact.zero.iter().map(|z| z.failed).sum();
        let made: usize = impact.probes.iter().filter(of).map(|p| p.made).sum();
        let lasts = if open(facts, impact) { "and counting" } else { "in all" };
        let bounds = if (most - least).abs() < 1.0 {
            String::new()
        } else {
            format!(" (at least {}, at most {})", span(least), span(most))
        };
        said.push(format!(
            "On {} {what} worked for {} {lasts}{bounds}: {} failed, and none in between worked ({made} were made from the first \
             sign to the end).",
            super::words::code(&impact.target),
            span(impact.zero_minutes.value),
            many(failed, one, looks),
        ));
    }
    if said.is_empty() {
        let worst =
            facts.impact.iter().max_by(|a, b| a.degraded_minutes.value.total_cmp(&b.degraded_minutes.value));
        said.push(match worst {
            Some(i) if i.degraded_minutes.value > 0.0 => format!(
                "Something failed or was slow on {} for {}; at no time did nothing work.",
                super::words::code(&i.target),
                span(i.degraded_minutes.value)
            ),
            _ => "What it meant for launches is not known: no run of a launching probe is on record for it."
                .to_owned(),
        });
    }
    if let Some((last, first)) = facts.onset.last_good.as_ref().zip(facts.onset.first_bad.as_ref()) {
        said.push(format!(
            "It began between {} and {}.",
            clock.both(last.value, began(facts)),
            clock.both(first.value, began(facts))
        ));
    }
    said.join(" ")
}

fn open(facts: &Facts, impact: &super::facts::Impact) -> bool {
    facts.state == IncidentState::Open
        && impact.zero.iter().any(|z| z.first_good.is_none() && !z.unseen_after)
}

fn fix(facts: &Facts) -> String {
    let done: Vec<String> =
        facts.deeds.iter().filter(|d| d.executed).map(|d| format!("`{}`", d.action)).collect();
    let people = facts.events.iter().any(|e| e.kind == EventKind::Person);
    let over = facts.recovery.first_good.is_some() || facts.recovery.resolved.is_some();
    match (done.as_slice(), over) {
        (_, false) => format!("It is not fixed as far as is known. {}", todo("what is being done")),
        ([], true) if people => {
            format!(
                "launchwatch changed nothing. {}",
                todo("what fixed it; the timeline has what people did and said")
            )
        }
        ([], true) => format!(
            "launchwatch changed nothing, and nothing that people did is on record: either it healed by itself, or somebody \
             mended it without saying so here. {}",
            todo("which of the two, and what fixed it")
        ),
        (done, true) => {
            format!("launchwatch carried out {}. {}", done.join(", "), todo("whether that fixed it"))
        }
    }
}

fn timeline(text: &mut String, facts: &Facts, clock: &Clock<'_>) {
    text.push_str("## Timeline\n\n");
    let _ = writeln!(text, "{}\n", clock.line());
    let (mut day, mut heading) = (String::new(), String::new());
    for event in &facts.events {
        let (date, short) = (clock.date(event.at), clock.short(event.at));
        let full = format!("{date} {short}");
        if full != heading {
            let gap = if heading.is_empty() { "" } else { "\n" };
            let shown = if date == day { short } else { clock.full(event.at) };
            let _ = writeln!(text, "{gap}### {shown}\n");
            (day, heading) = (date, full);
        }
        let by = event.by.as_ref().map_or_else(String::new, |by| format!("{}: ", plain(by)));
        let late = if event.afterwards { " (told afterwards)" } else { "" };
        let _ = writeln!(text, "- {by}{}{late}", sentence(&plain(&event.what)));
    }
    let _ = writeln!(
        text,
        "\n{}\n",
        todo("commands typed elsewhere, what was tried in vain, links to the chat where it was discussed")
    );
}

/// Begins with a capital letter, where it begins with a word of ours.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(c) if c.is_ascii_lowercase() && !named(text) => c.to_uppercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// Begins with the name of something, which stays as it is.
fn named(text: &str) -> bool {
    text.split_whitespace().next().is_some_and(|word| word.contains(['-', '_', '/', '.']))
}

fn lessons(text: &mut String, facts: &Facts) {
    text.push_str("## Lessons learnt\n\n### What went well\n\n");
    let bad = facts.onset.first_bad.as_ref().map(|m| m.value);
    let (mut well, mut wrong) = (Vec::new(), Vec::new());
    let d = &facts.detection;
    let told = d.told_page.as_ref().or(d.told.as_ref()).map(|m| m.value);
    match bad.zip(told) {
        Some((bad, told)) if told <= bad => {
            well.push("People were told of first signs before launches failed.".to_owned());
        }
        Some((bad, told)) => {
            let how = if d.told_page.is_some() { "paged" } else { "told" };
            let words =
                format!("People were {how} {} after the first failing run began.", between(bad, told));
            if told.duration_since(bad).as_mins() < 5 { well.push(words) } else { wrong.push(words) }
        }
        None if told.is_none() => wrong.push("Nobody was told.".to_owned()),
        None => {}
    }
    if let Some((cause, bad)) = facts.causes.first().zip(bad) {
        let at = cause.first.as_ref().unwrap_or(&cause.named).value;
        let when = if at < bad {
            "before launches failed".to_owned()
        } else {
            format!("{} after the onset", between(bad, at))
        };
        well.push(format!("A likely cause was named {when}."));
    }
    let (on, recovery) = (told.or(bad), &facts.recovery);
    match (&facts.detection.acknowledged, on) {
        (Some(ack), Some(on)) => {
            well.push(format!("Somebody acknowledged {} later.", between(on, ack.value)))
        }
        (None, Some(on)) => {
            let until = recovery.first_good.as_ref().map_or(facts.made_at, |m| m.value);
            wrong.push(format!(
                "Nobody acknowledged in the {} from the first message on.",
                between(on, until.max(on))
            ));
        }
        _ => {}
    }
    if facts.detection.lost > 0 {
        wrong.push(format!("{} not taken.", many(facts.detection.lost, "message was", "messages were")));
    }
    if !facts.gaps.is_empty() {
        wrong.push("Monitoring has gaps in the time of the incident.".to_owned());
    }
    if !facts.related.is_empty() {
        wrong.push("It is not the first incident with this cause.".to_owned());
    }
    list(text, &well, "what else went well");
    text.push_str("### What went wrong\n\n");
    list(text, &wrong, "what else went wrong; each should lead to an action item");
    let _ = writeln!(text, "### Where we got lucky\n\n- {}\n", todo("where we got lucky"));
}

fn list(text: &mut String, items: &[String], more: &str) {
    for item in items {
        let _ = writeln!(text, "- {item}");
    }
    let _ = writeln!(text, "- {}\n", todo(more));
}

fn action_items(text: &mut String, facts: &Facts) {
    text.push_str("## Action items\n\nQuestions to begin with; each that stays becomes an issue.\n\n");
    let all = questions(facts);
    for (heading, items) in [
        ("Process improvements", all.process),
        ("Documentation improvements", all.documentation),
        ("Technical improvements", all.technical),
    ] {
        let _ = writeln!(text, "### {heading}\n");
        for (n, item) in items.iter().enumerate() {
            let _ = writeln!(text, "{}. {item}", n + 1);
        }
        let _ = writeln!(
            text,
            "{}. {}\n",
            items.len() + 1,
            todo("answer, word, give an owner and link the issue, or strike")
        );
    }
    while text.ends_with("\n\n") {
        text.pop();
    }
}
