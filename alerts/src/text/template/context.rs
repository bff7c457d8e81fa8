//! What a template can name. Everything is always there: what does not apply is none or empty.

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

use crate::diagnosis::Diagnosis;
use crate::payload::bounded;
use crate::text::{self, Story, lasted};
use crate::{Ack, Failing, Hushed, Notification};

/// The variables. Their names are a promise to operators; `Templates` tells what each means.
#[derive(Serialize)]
struct Context {
    title: String,
    text: String,
    mark: &'static str,
    word: &'static str,
    target: String,
    kind: &'static str,
    severity: &'static str,
    incident: String,
    id: String,
    at: String,
    since: String,
    until: Option<String>,
    lasted: String,
    failing: Vec<Fails>,
    more: u32,
    targets: u32,
    working: Vec<String>,
    hushed: Vec<Hushed>,
    ack: Option<Ack>,
    people: Vec<String>,
    note: Option<String>,
    link: Option<String>,
    causes: Vec<Diagnosis>,
}

#[derive(Serialize)]
struct Fails {
    probe: String,
    target: String,
    stage: Option<String>,
    reason: Option<String>,
    words: Option<String>,
    summary: String,
    since: String,
    failures: u32,
    says: String,
    evidence: Vec<String>,
}

/// The variables of one notification, cleaned and cut like all foreign text.
pub(super) fn of(n: &Notification) -> Value {
    let facts = bounded(&n.facts);
    let (since, end) = (facts.since, facts.until.unwrap_or(n.at));
    let story = Story::of(n);
    let target = facts.target;
    Value::from(Serde(Context {
        text: text::pieces_as_text(&story),
        title: story.title,
        mark: story.mark,
        word: story.word,
        kind: n.kind.as_str(),
        severity: n.severity.as_str(),
        incident: text::one_line(&n.incident.0, 200),
        id: text::one_line(&n.id.0, 200),
        at: n.at.to_string(),
        since: since.to_string(),
        until: facts.until.map(|at| at.to_string()),
        lasted: lasted(since, end),
        failing: facts.failing.into_iter().map(|f| fails(f, &target)).collect(),
        more: facts.more,
        targets: facts.targets.max(1),
        working: facts.working,
        hushed: facts.hushed,
        ack: facts.ack.map(|ack| Ack { by: text::one_line(&ack.by, 80), ..ack }),
        people: facts.people,
        note: facts.note,
        link: story.link.map(|l| l.to_string()),
        causes: facts.causes,
        target,
    }))
}

fn fails(f: Failing, target: &str) -> Fails {
    Fails {
        target: f.target.unwrap_or_else(|| target.to_owned()),
        probe: f.probe,
        stage: f.stage,
        words: f.reason.as_deref().map(text::reason),
        reason: f.reason,
        summary: f.summary,
        since: f.since.to_string(),
        failures: f.failures,
        says: f.says,
        evidence: f.evidence,
    }
}
