//! Alerts, and the incident they make: the trouble of a target with one id for life.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diagnosis::{Diagnosis, Proposal};
use crate::{Ack, SeriesId, Severity};

/// An alert that fires this often within an hour flaps.
const FLAPS: usize = 2;
/// How long firing is remembered.
pub(crate) const FLAP_WINDOW: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// Names one incident for life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub String);

impl std::fmt::Display for IncidentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One rule over one series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertKey {
    /// Name of the rule.
    pub rule: String,
    /// The series it judges.
    pub series: SeriesId,
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nothing to say.
    Calm,
    /// Bad, but not yet confirmed.
    Pending,
    /// Told, or about to be, or held back.
    Firing,
}

/// Why a firing alert is not told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// This target, on which it depends, is in trouble itself.
    Parent(String),
    /// The silence with this id.
    Silence(String),
    /// The maintenance of this name.
    Maintenance(String),
    /// It is launchwatch that is in trouble, in these words.
    Ourselves(String),
    /// What held it is over: the next look decides.
    NextLook,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parent(target) => write!(f, "depends on {target}, which is in trouble"),
            Self::Silence(id) => write!(f, "silence {id}"),
            Self::Maintenance(name) => write!(f, "maintenance {name}"),
            Self::Ourselves(what) => write!(f, "launchwatch itself is in trouble: {what}"),
            Self::NextLook => f.write_str("the next look decides"),
        }
    }
}

/// The memory of one alert that is not calm, or that was firing lately: enough to go on after a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Which rule over which series.
    pub key: AlertKey,
    /// Where it stands.
    pub state: AlertState,
    /// How loud.
    pub severity: Severity,
    /// When the first bad run began.
    pub since: Timestamp,
    /// When it was last judged.
    pub at: Timestamp,
    /// When it began to fire, if it does.
    #[serde(default)]
    pub fired_at: Option<Timestamp>,
    /// Since when there is evidence that it is over, while it still fires.
    #[serde(default)]
    pub clear_since: Option<Timestamp>,
    /// When it began to fire within the last hour, oldest first: three times is flapping.
    #[serde(default)]
    pub fired_lately: Vec<Timestamp>,
    /// Why it is not told, although it fires.
    #[serde(default)]
    pub held: Option<Held>,
    /// The incident it belongs to.
    #[serde(default)]
    pub incident: Option<IncidentId>,
    /// How many failures stand behind it.
    pub failures: u32,
    /// The judgement in words, such as `4 of the last 10 runs`.
    #[serde(default)]
    pub says: String,
    /// Reason of the last failure.
    pub reason: Option<String>,
    /// Stage of the last failure.
    pub stage: Option<String>,
    /// One sentence on the last failure.
    pub summary: String,
    /// The last lines seen at the last failure.
    pub evidence: Vec<String>,
}

impl Alert {
    /// Whether it came and went in the last hour before this moment: then it is over only when it has been for a while.
    pub fn flaps(&self, at: Timestamp) -> bool {
        let lately = |fired: &&Timestamp| at.duration_since(**fired) < FLAP_WINDOW;
        self.fired_lately.iter().filter(lately).count() >= FLAPS
    }

    /// Whether there is nothing left to remember of it.
    pub fn forgettable(&self) -> bool {
        self.state == AlertState::Calm && self.fired_lately.is_empty()
    }
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// The trouble lasts.
    Open,
    /// It is over.
    Resolved,
}

/// What people said of an incident afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// There was trouble, and it was right to tell.
    Real,
    /// Nobody was without service.
    FalseAlarm,
}

/// Something that happened to an incident, or was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who, where it was a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What, in words.
    pub what: String,
}

/// A cause that was named, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// When it was first named at this rank.
    pub at: Timestamp,
    /// Its name in the vocabulary.
    pub label: String,
    /// 1 for the likeliest.
    pub rank: u32,
    /// What spoke for it then.
    pub evidence: Vec<String>,
}

/// An action that was proposed, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// When it was first proposed.
    pub at: Timestamp,
    /// What, how far it may go by itself, and what must hold before.
    pub proposal: Proposal,
    /// Whether launchwatch did it.
    pub executed: bool,
}

/// One time an alert of an incident was firing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    /// What the alert is called in the field's vocabulary.
    pub alert: String,
    /// The rule.
    pub rule: String,
    /// Over which series.
    pub series: SeriesId,
    /// How loud.
    pub severity: Severity,
    /// When it began to fire.
    pub fired_at: Timestamp,
    /// When it was over.
    #[serde(default)]
    pub resolved_at: Option<Timestamp>,
}

/// The trouble of one target and of what depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name for life.
    pub id: IncidentId,
    /// The target in trouble; `many targets` where so many fail at once that they are told as one.
    pub target: String,
    /// Every target with an alert in it.
    #[serde(default)]
    pub targets: BTreeSet<String>,
    /// Many targets that failed at once.
    #[serde(default)]
    pub storm: bool,
    /// Where it stands.
    pub state: IncidentState,
    /// The loudest of its alerts so far.
    pub severity: Severity,
    /// When the first failing run began: since when users are without service, as far as we know.
    pub since: Timestamp,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// Its alerts as they stood last, by `rule over series`; of very many, the first thousand.
    pub alerts: BTreeMap<String, Alert>,
    /// Alerts beyond those.
    #[serde(default)]
    pub more: u32,
    /// How many notifications it has caused; numbers their ids.
    pub notifications: u32,
    /// Channels that were told of it: they hear of its end.
    #[serde(default)]
    pub told: BTreeSet<String>,
    /// When people are to be told of what joined since the last notification, or of the opening of a storm.
    pub update_due: Option<Timestamp>,
    /// Who sees to it.
    #[serde(default)]
    pub ack: Option<Ack>,
    /// What failed how when it was acknowledged: something else speaks up again.
    #[serde(default)]
    pub ack_causes: BTreeSet<String>,
    /// Whose it is.
    #[serde(default)]
    pub assignee: Option<String>,
    /// When the next reminder is due.
    #[serde(default)]
    pub reminder_due: Option<Timestamp>,
    /// Reminders so far.
    #[serde(default)]
    pub reminders: u32,
    /// Escalation steps taken so far.
    #[serde(default)]
    pub steps: u32,
    /// When the next escalation step is due.
    #[serde(default)]
    pub step_due: Option<Timestamp>,
    /// What people said of it afterwards.
    #[serde(default)]
    pub label: Option<Label>,
    /// When the last alert that pages was over, while others go on: users have their service back.
    #[serde(default)]
    pub recovered_at: Option<Timestamp>,
    /// The likely causes as things stand, the likeliest first.
    #[serde(default)]
    pub diagnosis: Vec<Diagnosis>,
    /// What was named as a cause, and when; the first hundred.
    #[serde(default)]
    pub named: Vec<Named>,
    /// What was proposed, and when; the first hundred.
    #[serde(default)]
    pub proposed: Vec<Proposed>,
    /// When its alerts were firing, in the order they began; the first thousand.
    #[serde(default)]
    pub spells: Vec<Spell>,
    /// What happened, oldest first; the last 500 entries.
    #[serde(default)]
    pub timeline: Vec<Entry>,
    /// It turned out to be the trouble of this incident, and goes on there: it counts there and not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<IncidentId>,
    /// Somebody split it off this incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<IncidentId>,
}

impl Incident {
    /// How loud it is as things stand: what pages may be over while the rest goes on.
    pub fn loudness(&self) -> Severity {
        if self.recovered_at.is_some() { Severity::Ticket } else { self.severity }
    }

    /// The same, as far as one target is concerned: where many fail at once, without the others' alerts and without
    /// the timeline, so that each of a thousand targets can be shown with its own.
    #[must_use]
    pub fn part(&self, target: &str) -> Self {
        if !self.storm {
            return self.clone();
        }
        let mine = self.alerts.iter().filter(|(_, alert)| alert.key.series.target == target);
        Self {
            id: self.id.clone(),
            target: self.target.clone(),
            targets: BTreeSet::from([target.to_owned()]),
            storm: true,
            state: self.state,
            severity: self.severity,
            since: self.since,
            opened_at: self.opened_at,
            resolved_at: self.resolved_at,
            alerts: mine.map(|(name, alert)| (name.clone(), alert.clone())).collect(),
            more: 0,
            notifications: self.notifications,
            told: self.told.clone(),
            update_due: self.update_due,
            ack: self.ack.clone(),
            ack_causes: BTreeSet::new(),
            assignee: self.assignee.clone(),
            reminder_due: self.reminder_due,
            reminders: self.reminders,
            steps: self.steps,
            step_due: self.step_due,
            label: self.label,
            recovered_at: self.recovered_at,
            diagnosis: self.diagnosis.clone(),
            named: Vec::new(),
            proposed: Vec::new(),
            spells: Vec::new(),
            timeline: Vec::new(),
            merged_into: None,
            split_from: None,
        }
    }
}
