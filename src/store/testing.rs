//! Things to keep, for the tests of stores.

use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::{
    Alert, AlertKey, AlertState, Change, Ear, Facts, Incident, IncidentId, IncidentState, Notification,
    NotificationId, NotificationKind, SeriesId, Severity,
};
use launchwatch_probes::{Measurement, Outcome, Reason, Stage, StageTime, Verdict};

use super::Batch;
use crate::observation::{Observation, ProbeId};

/// Seconds since 1970 at the beginning of an hour and a day.
pub(crate) const START: i64 = 1_767_225_600;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

pub(crate) fn probe(name: &str) -> ProbeId {
    ProbeId::new("hub", name)
}

/// A plain result: passed, with stages that take as long as the slot says.
pub(crate) fn passed(name: &str, seconds: i64) -> Observation {
    let mut outcome = Outcome::bare(Verdict::Passed, None, "");
    let mut start = Duration::ZERO;
    for (i, stage) in
        [Stage::Resolve, Stage::Connect, Stage::Tls, Stage::FirstByte, Stage::Body].into_iter().enumerate()
    {
        let took = Duration::from_micros(900 + 37 * i as u64 + seconds.unsigned_abs() % 777);
        outcome.stages.push(StageTime { stage, start, took });
        start += took;
    }
    outcome
        .measurements
        .push(Measurement { name: "body_bytes".into(), value: 4_200.0 + (seconds % 3) as f64 });
    Observation {
        probe: probe(name),
        location: "here".into(),
        slot: at(seconds),
        lag: Duration::from_micros(1_234),
        confirms: false,
        outcome,
    }
}

/// A failure with all its details.
pub(crate) fn failed(name: &str, seconds: i64) -> Observation {
    let mut seen = passed(name, seconds);
    let o = &mut seen.outcome;
    (o.verdict, o.reason, o.failed_stage) = (Verdict::Failed, Some(Reason::HttpStatus), Some(Stage::Body));
    o.summary = "the hub answers 503".into();
    o.evidence = vec!["HTTP 503".into(), "no healthy upstream".into()];
    o.facts.insert("node".into(), "n1".into());
    seen.confirms = true;
    seen
}

pub(crate) fn missed(name: &str, seconds: i64) -> Observation {
    let mut seen = passed(name, seconds);
    seen.outcome = Outcome::bare(Verdict::Unknown, Some(Reason::Missed), "the run before was still going on");
    seen
}

pub(crate) fn batch(observations: Vec<Observation>) -> Batch {
    let now = observations.iter().map(Observation::ended).max().unwrap_or(at(0));
    Batch { observations, now, ..Batch::default() }
}

pub(crate) fn alert(name: &str, state: AlertState) -> Alert {
    let series = SeriesId { target: "hub".into(), probe: name.into(), location: "here".into() };
    Alert {
        key: AlertKey { rule: "success-zero".into(), series },
        state,
        severity: Severity::Page,
        since: at(0),
        failures: 2,
        says: "2 runs in a row".into(),
        fired_at: None,
        clear_since: None,
        fired_lately: Vec::new(),
        held: None,
        incident: None,
        at: at(60),
        reason: Some("timeout".into()),
        stage: None,
        summary: "no answer".into(),
        evidence: vec!["…".into()],
    }
}

pub(crate) fn incident(id: &str, opened: i64, state: IncidentState) -> Incident {
    Incident {
        id: IncidentId(id.into()),
        target: "hub".into(),
        state,
        severity: Severity::Page,
        since: at(opened),
        opened_at: at(opened),
        resolved_at: (state == IncidentState::Resolved).then(|| at(opened + 600)),
        alerts: [("a".to_owned(), alert("launch", AlertState::Firing))].into(),
        notifications: 1,
        update_due: None,
        targets: ["hub".to_owned()].into(),
        storm: false,
        more: 0,
        told: ["mail".to_owned(), "slack".to_owned()].into(),
        ack: None,
        ack_causes: std::collections::BTreeSet::new(),
        assignee: None,
        reminder_due: Some(at(opened + 1800)),
        reminders: 0,
        steps: 0,
        step_due: None,
        label: None,
        recovered_at: None,
        diagnosis: Vec::new(),
        named: Vec::new(),
        proposed: Vec::new(),
        spells: Vec::new(),
        timeline: Vec::new(),
        merged_into: None,
        split_from: None,
    }
}

pub(crate) fn notification(id: &str, incident: &str, kind: NotificationKind, seconds: i64) -> Notification {
    Notification {
        id: NotificationId(id.into()),
        incident: IncidentId(incident.into()),
        kind,
        severity: Severity::Page,
        at: at(seconds),
        to: vec![Ear::now("slack"), Ear::now("mail")],
        facts: Facts { working: vec!["http".into()], ..Facts::bare("hub", at(seconds)) },
    }
}

/// A batch that owes notifications to two channels.
pub(crate) fn owing(notifications: Vec<Notification>) -> Batch {
    let now = notifications.iter().map(|n| n.at).max().unwrap_or_default();
    let changes = notifications.into_iter().map(Change::Notify).collect();
    Batch { changes, now, ..Batch::default() }
}
