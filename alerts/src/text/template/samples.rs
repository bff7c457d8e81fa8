//! Notifications to try templates with: every kind, with everything and with nothing in it, and awkward text.

use jiff::Timestamp;

use crate::diagnosis::{Action, Diagnosis, Mode, Proposal};
use crate::{
    Ack, Facts, Failing, Hushed, IncidentId, Notification, NotificationId, NotificationKind as Kind, Severity,
};

const KINDS: [Kind; 6] =
    [Kind::Opened, Kind::Update, Kind::Reminder, Kind::Acknowledged, Kind::Resolved, Kind::Test];
/// What foreign text can hold, and what ends strings, tags and JSON.
const AWKWARD: &str =
    "\"quoted\" \\ 'single' {{ braces }} {% raw %} <b>&</b>\nsecond line \u{1b}[31mred ü 漢 👩‍🚀";

/// All of them.
pub(super) fn all() -> impl Iterator<Item = Notification> {
    KINDS.into_iter().flat_map(|kind| [full(kind, "launch"), bare(kind), full(kind, AWKWARD), full(kind, "")])
}

fn bare(kind: Kind) -> Notification {
    let at = Timestamp::UNIX_EPOCH;
    Notification {
        id: NotificationId("sample/1".into()),
        incident: IncidentId("sample".into()),
        kind,
        severity: Severity::Ticket,
        at,
        to: Vec::new(),
        facts: Facts::bare("hub", at),
    }
}

fn full(kind: Kind, text: &str) -> Notification {
    let mut n = bare(kind);
    let at = n.at;
    let some = || Some(text.to_owned());
    n.severity = Severity::Page;
    let failing = Failing {
        probe: text.to_owned(),
        stage: some(),
        reason: some(),
        summary: text.to_owned(),
        since: at,
        failures: 2,
        says: text.to_owned(),
        target: some(),
        evidence: vec![text.to_owned(); 3],
        from: None,
    };
    n.facts = Facts {
        target: text.to_owned(),
        until: Some(at).filter(|_| kind == Kind::Resolved),
        failing: vec![failing; 2],
        more: 3,
        targets: 2,
        hushed: vec![Hushed { target: text.to_owned(), why: text.to_owned() }],
        ack: Some(Ack { by: text.to_owned(), at, until: at }),
        people: vec![text.to_owned()],
        working: vec![text.to_owned()],
        note: some(),
        causes: vec![cause(text)],
        link: Some("https://status.example.org/incidents/sample".to_owned()),
        ..n.facts
    };
    n
}

fn cause(text: &str) -> Diagnosis {
    Diagnosis {
        label: "cluster-full".into(),
        title: text.to_owned(),
        confidence: 0.8,
        evidence: vec![text.to_owned(); 2],
        against: vec![text.to_owned()],
        next_looks: vec![text.to_owned()],
        splits: Vec::new(),
        actions: vec![
            Proposal::new(Action::RaiseNodeLimit, Mode::Advise, text)
                .guard(text, Some(true))
                .guard(text, None)
                .cap(text)
                .effect(text),
        ],
        not_first: vec![(Action::RestartHub, text.to_owned())],
    }
}
