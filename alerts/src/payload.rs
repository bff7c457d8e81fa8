//! The notification as JSON, for receivers that are programs: what `webhook` sends and a `command` reads.

use serde::Serialize;

use crate::diagnosis::Diagnosis;
use crate::{Facts, Notification, text};

/// The object. Its fields are a promise to receivers.
#[derive(Serialize)]
struct Payload<'a> {
    version: u8,
    id: &'a str,
    incident: &'a str,
    kind: &'static str,
    severity: &'static str,
    at: jiff::Timestamp,
    title: String,
    text: String,
    facts: Facts,
}

/// The notification as one JSON object; `None` if it cannot be written.
pub(crate) fn json(n: &Notification) -> Option<Vec<u8>> {
    let payload = Payload {
        version: 1,
        id: &n.id.0,
        incident: &n.incident.0,
        kind: n.kind.as_str(),
        severity: n.severity.as_str(),
        at: n.at,
        title: text::title(n),
        text: text::plain(n),
        facts: bounded(&n.facts),
    };
    serde_json::to_vec(&payload).ok()
}

/// The facts, cut to what a receiver can be expected to take: foreign text can hold megabytes. Words of a template
/// are not among them: they stand beside, as title and text.
pub(crate) fn bounded(facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    facts.words = None;
    facts.target = text::one_line(&facts.target, 200);
    facts.failing.truncate(50);
    facts.working.truncate(200);
    facts.strips.truncate(50);
    for failing in &mut facts.failing {
        failing.probe = text::one_line(&failing.probe, 200);
        failing.says = text::one_line(&failing.says, 200);
        failing.target = failing.target.as_deref().map(|t| text::one_line(t, 200));
        failing.summary = text::one_line(&failing.summary, 500);
        failing.reason = failing.reason.as_deref().map(|r| text::one_line(r, 80));
        failing.stage = failing.stage.as_deref().map(|s| text::one_line(s, 80));
        if let Some(from) = &mut failing.from {
            for places in [&mut from.fails, &mut from.works, &mut from.unknown] {
                places.truncate(50);
                places.iter_mut().for_each(|place| *place = text::one_line(place, 200));
            }
        }
        failing.evidence = text::last_lines(&failing.evidence, 20, 2500).0;
    }
    facts.working.iter_mut().for_each(|w| *w = text::one_line(w, 200));
    facts.people.truncate(50);
    facts.people.iter_mut().for_each(|p| *p = text::one_line(p, 200));
    facts.note = facts.note.as_deref().map(|n| text::one_line(n, 500));
    facts.instead_of = facts.instead_of.as_deref().map(|c| text::one_line(c, 200));
    facts.hushed.truncate(50);
    for hushed in &mut facts.hushed {
        hushed.target = text::one_line(&hushed.target, 200);
        hushed.why = text::one_line(&hushed.why, 300);
    }
    for strip in &mut facts.strips {
        strip.probe = text::one_line(&strip.probe, 200);
        let extra = strip.cells.len().saturating_sub(400);
        strip.cells.drain(..extra);
    }
    facts.link = facts.link.filter(|l| l.len() < 2000);
    facts.causes.truncate(5);
    facts.causes.iter_mut().for_each(cut);
    facts
}

/// A cause, cut and cleaned: what speaks for it can quote foreign text.
fn cut(cause: &mut Diagnosis) {
    cause.title = text::one_line(&cause.title, 200);
    for words in [&mut cause.evidence, &mut cause.against, &mut cause.next_looks] {
        words.truncate(20);
        words.iter_mut().for_each(|w| *w = text::one_line(w, 300));
    }
    cause.splits.truncate(20);
    cause.actions.truncate(10);
    for action in &mut cause.actions {
        action.why = text::one_line(&action.why, 300);
    }
}
