//! Something owed to somebody: what happened, as facts that every channel words for itself.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Alert, IncidentId, Severity};

/// Names one notification for life: the receiver's key against doubles.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NotificationId(pub String);

impl std::fmt::Display for NotificationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The trouble began.
    Opened,
    /// Something more fails, or something works again while the rest does not.
    Update,
    /// Nothing new, but it still lasts, or nobody has answered.
    Reminder,
    /// Somebody has said that they see to it.
    Acknowledged,
    /// The trouble is over.
    Resolved,
    /// Somebody tries the channel.
    Test,
}

impl Kind {
    /// The name used in metrics, JSON and headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Update => "update",
            Self::Reminder => "reminder",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

/// One failing series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failing {
    /// Name of the probe.
    pub probe: String,
    /// Stage in which it fails.
    pub stage: Option<String>,
    /// Reason in the closed vocabulary.
    pub reason: Option<String>,
    /// One sentence.
    pub summary: String,
    /// When the first failing run began.
    pub since: Timestamp,
    /// Failures in a row, or among those looked at.
    pub failures: u32,
    /// The judgement in words, such as `4 of the last 10 runs`; without it `failures` are in a row.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// The target, where it is another than that of the incident (many targets fail at once).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The last lines seen, oldest first.
    pub evidence: Vec<String>,
    /// From where it fails and from where it works, where several places look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Whence>,
}

/// What several places say of one probe: names of locations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Whence {
    /// From there it fails.
    pub fails: Vec<String>,
    /// From there it works.
    pub works: Vec<String>,
    /// From there nothing is known just now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

impl Whence {
    /// How many places look.
    pub fn places(&self) -> usize {
        self.fails.len() + self.works.len() + self.unknown.len()
    }
}

impl Failing {
    /// An alert as what fails, told to those who think of this target; evidence included.
    pub fn of(alert: &Alert, of: &str) -> Self {
        let target = &alert.key.series.target;
        Self {
            probe: alert.key.series.probe.clone(),
            stage: alert.stage.clone(),
            reason: alert.reason.clone(),
            summary: alert.summary.clone(),
            since: alert.since,
            failures: alert.failures,
            says: alert.says.clone(),
            target: (target != of).then(|| target.clone()),
            evidence: alert.evidence.clone(),
            from: None,
        }
    }
}

/// A target that fails as well and is not told about by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hushed {
    /// Name of the target.
    pub target: String,
    /// Why: `depends on hub`.
    pub why: String,
}

/// Somebody who has said that they see to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when that keeps the incident quiet.
    pub until: Timestamp,
}

/// A stretch of time of one probe, for the picture of the last hours: counts by verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// Runs that passed.
    pub passed: u32,
    /// Runs that were degraded.
    pub degraded: u32,
    /// Runs that failed.
    pub failed: u32,
    /// Runs that say nothing.
    pub unknown: u32,
}

/// The last hours of one probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Strip {
    /// Name of the probe.
    pub probe: String,
    /// Oldest first, all of the same length; the last one ends now.
    pub cells: Vec<Cell>,
    /// Length of a cell in seconds.
    pub cell_seconds: u32,
}

/// What is known at the moment of telling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Name of the target.
    pub target: String,
    /// Since when it fails.
    pub since: Timestamp,
    /// When it was over, for `Resolved`.
    pub until: Option<Timestamp>,
    /// When what pages was over, while the rest goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<Timestamp>,
    /// Whether some of what is left then cannot wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    /// What fails (for `Resolved`: what failed); at most 50 are listed.
    pub failing: Vec<Failing>,
    /// How many more fail than are listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u32,
    /// How many targets fail; more than one where many fail at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub targets: u32,
    /// Targets that fail as well, because they depend on this one; at most 50 are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hushed: Vec<Hushed>,
    /// Who sees to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<Ack>,
    /// Who is on call and told of it, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// Probes of the same target that still work.
    pub working: Vec<String>,
    /// The last hours, one strip a probe.
    #[serde(default)]
    pub strips: Vec<Strip>,
    /// Something a reader must know besides, such as that the probe is no longer configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Link to the page of the incident, where there is one.
    #[serde(default)]
    pub link: Option<String>,
    /// The channel that is to tell this and is broken: another one tells it in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// The likely causes, the likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<crate::diagnosis::Diagnosis>,
    /// Words of an operator's own template that stand for ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}

/// Words that a template made of a notification. They hold foreign text: whoever shows them cleans them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Instead of the headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Instead of all between headline and link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why some of the words are ours after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Something owed to somebody. Written in the same transaction as the change that caused it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Its name for life.
    pub id: NotificationId,
    /// The incident it tells of.
    pub incident: IncidentId,
    /// Why.
    pub kind: Kind,
    /// How loud.
    pub severity: Severity,
    /// When it became owed.
    pub at: Timestamp,
    /// Through which channels, and when at the earliest.
    #[serde(default)]
    pub to: Vec<Ear>,
    /// What is known.
    pub facts: Facts,
}

/// A channel that is to tell, and when at the earliest: what can wait is not told in quiet hours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ear {
    /// Name of the channel.
    pub channel: String,
    /// Not before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

impl Ear {
    /// A channel that tells at once.
    pub fn now(channel: impl Into<String>) -> Self {
        Self { channel: channel.into(), not_before: None }
    }
}

impl Notification {
    /// The notification that `test-alert` sends: marked as a test everywhere.
    pub fn test(at: Timestamp, word: &str) -> Self {
        let id = format!("test-{word}");
        Self {
            id: NotificationId(id.clone()),
            incident: IncidentId(id),
            kind: Kind::Test,
            severity: Severity::Ticket,
            at,
            to: Vec::new(),
            facts: Facts::bare("launchwatch", at),
        }
    }
}

impl Facts {
    /// Facts with nothing in them but the target and the moment.
    pub fn bare(target: impl Into<String>, since: Timestamp) -> Self {
        Self {
            target: target.into(),
            since,
            until: None,
            recovered: None,
            urgent: false,
            failing: Vec::new(),
            more: 0,
            targets: 0,
            hushed: Vec::new(),
            ack: None,
            people: Vec::new(),
            working: Vec::new(),
            strips: Vec::new(),
            note: None,
            link: None,
            instead_of: None,
            causes: Vec::new(),
            words: None,
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
