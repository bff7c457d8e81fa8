//! Incidents and alerts as the API shows them: what people wrote and what logs said only to those who have the token.

use std::collections::BTreeSet;

use jiff::Timestamp;
use launchwatch_alerts::diagnosis::Diagnosis;
use launchwatch_alerts::{
    Alert, AlertState, Entry, Incident, IncidentId, IncidentState, Label, Proposed, Severity, Spell,
};
use serde::Serialize;

/// Alerts that an incident of a list names.
const BRIEF: usize = 10;

/// An incident.
#[derive(Debug, Serialize)]
pub(in crate::web) struct IncidentView {
    id: IncidentId,
    target: String,
    targets: BTreeSet<String>,
    state: IncidentState,
    severity: Severity,
    since: Timestamp,
    opened_at: Timestamp,
    resolved_at: Option<Timestamp>,
    alerts: Vec<AlertView>,
    /// Alerts beyond those that are listed.
    more: u32,
    acknowledged: Option<AckView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    label: Option<Label>,
    /// It turned out to be the trouble of this incident, and goes on there.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<IncidentId>,
    /// It was split off this incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    split_from: Option<IncidentId>,
    /// When what pages was over, while the rest went on.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered_at: Option<Timestamp>,
    /// The likely causes, the likeliest first; what speaks for them only to those who have the token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnosis: Vec<Diagnosis>,
    /// What was proposed, and when; of one incident.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proposed: Vec<Proposed>,
    /// When its alerts were firing; of one incident.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spells: Vec<Spell>,
    /// Of one incident, not of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Vec<Entry>>,
}

#[derive(Debug, Serialize)]
struct AckView {
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    at: Timestamp,
    until: Timestamp,
}

/// An alert.
#[derive(Debug, Serialize)]
pub(in crate::web) struct AlertView {
    rule: String,
    target: String,
    probe: String,
    location: String,
    state: AlertState,
    severity: Severity,
    since: Timestamp,
    fired_at: Option<Timestamp>,
    failures: u32,
    says: String,
    reason: Option<String>,
    stage: Option<String>,
    summary: String,
    /// Why it is not told although it fires, in words.
    held_by: Option<String>,
    incident: Option<IncidentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Vec<String>>,
}

impl IncidentView {
    /// One line of a list.
    pub(in crate::web) fn brief(incident: Incident, known: bool) -> Self {
        let mut view = Self::whole(incident, known);
        view.timeline = None;
        (view.proposed, view.spells) = (Vec::new(), Vec::new());
        // Those that still fail first; a storm has a thousand.
        view.alerts.sort_by_key(|alert| alert.state != AlertState::Firing);
        let left_out = view.alerts.split_off(view.alerts.len().min(BRIEF)).len();
        view.more = view.more.saturating_add(u32::try_from(left_out).unwrap_or(u32::MAX));
        view.alerts.iter_mut().for_each(|alert| alert.evidence = None);
        view
    }

    /// Everything there is to say; to somebody who is not `known`, without people's words and without evidence.
    pub(in crate::web) fn whole(incident: Incident, known: bool) -> Self {
        let incident = if known { incident } else { without_comments(incident) };
        let ack =
            |a: launchwatch_alerts::Ack| AckView { by: known.then_some(a.by), at: a.at, until: a.until };
        Self {
            id: incident.id,
            target: incident.target,
            targets: incident.targets,
            state: incident.state,
            severity: incident.severity,
            since: incident.since,
            opened_at: incident.opened_at,
            resolved_at: incident.resolved_at,
            alerts: incident.alerts.into_values().map(|a| AlertView::of(a, known)).collect(),
            more: incident.more,
            acknowledged: incident.ack.map(ack),
            assignee: incident.assignee.filter(|_| known),
            label: incident.label,
            merged_into: incident.merged_into,
            split_from: incident.split_from,
            recovered_at: incident.recovered_at,
            diagnosis: incident.diagnosis.into_iter().map(|d| shown(d, known)).collect(),
            proposed: incident.proposed,
            spells: incident.spells,
            timeline: Some(incident.timeline),
        }
    }
}

impl AlertView {
    /// An alert; evidence only to somebody who is `known`.
    pub(in crate::web) fn of(alert: Alert, known: bool) -> Self {
        let series = alert.key.series;
        Self {
            rule: alert.key.rule,
            target: series.target,
            probe: series.probe,
            location: series.location,
            state: alert.state,
            severity: alert.severity,
            since: alert.since,
            fired_at: alert.fired_at,
            failures: alert.failures,
            says: alert.says,
            reason: alert.reason,
            stage: alert.stage,
            summary: alert.summary,
            held_by: alert.held.map(|held| held.to_string()),
            incident: alert.incident,
            evidence: known.then_some(alert.evidence),
        }
    }
}

/// A cause; to somebody who is not `known` without lines of logs and names of pods that may be among its evidence.
fn shown(cause: Diagnosis, known: bool) -> Diagnosis {
    if known { cause } else { Diagnosis { evidence: Vec::new(), against: Vec::new(), ..cause } }
}

/// The same incident without what people said.
pub(in crate::web) fn without_comments(mut incident: Incident) -> Incident {
    incident.timeline.retain(|entry| entry.by.is_none());
    incident
}
