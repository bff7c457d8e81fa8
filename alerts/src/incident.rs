//! The trouble of one target: its alerts, and the one id it keeps for life.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{SeriesId, Severity};

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
    /// Told, or about to be.
    Firing,
}

/// The memory of one alert that is not calm: enough to go on after a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Which rule over which series.
    pub key: AlertKey,
    /// Where it stands.
    pub state: AlertState,
    /// How loud.
    pub severity: Severity,
    /// When the first run of this row of failures began.
    pub since: Timestamp,
    /// Failures in a row.
    pub failures: u32,
    /// Successes in a row since it fired.
    pub successes: u32,
    /// Slot of the run that was counted last, so that a provisional and a final judgement count once.
    pub last_slot: Timestamp,
    /// When it was last judged.
    pub at: Timestamp,
    /// Reason of the last failure.
    pub reason: Option<String>,
    /// Stage of the last failure.
    pub stage: Option<String>,
    /// One sentence on the last failure.
    pub summary: String,
    /// The last lines seen at the last failure.
    pub evidence: Vec<String>,
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

/// The trouble of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name for life.
    pub id: IncidentId,
    /// The target in trouble.
    pub target: String,
    /// Where it stands.
    pub state: IncidentState,
    /// The loudest of its alerts so far.
    pub severity: Severity,
    /// When the first failing run began: since when users are without service, as far as we know.
    pub since: Timestamp,
    /// When it was opened (and told).
    pub opened_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// Every alert it ever had, as it stood last, by `rule over series`.
    pub alerts: BTreeMap<String, Alert>,
    /// How many notifications it has caused; numbers their ids.
    pub notifications: u32,
    /// When people are to be told of what joined since the last notification.
    pub update_due: Option<Timestamp>,
}
