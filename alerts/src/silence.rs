//! A person's wish not to be told, for a time; and what was hidden by it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Held, IncidentId, Selector};

/// A person's wish not to be told. It hides, it does not stop the judging: what it hid stays on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Silence {
    /// Its name for life.
    pub id: String,
    /// What it is about.
    pub of: Selector,
    /// Who wished it.
    pub by: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// It ends with this incident, if that is over earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<IncidentId>,
    /// It was announced as a maintenance: at its end, the next look decides.
    #[serde(default)]
    pub maintenance: bool,
    /// The owner was told that it ends soon while the trouble lasts.
    #[serde(default)]
    pub warned: bool,
    /// It was ended before its time, by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Alerts that it hid so far.
    #[serde(default)]
    pub hid: u32,
}

/// A firing alert that was not told, and why: stays on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// When it began to fire.
    pub at: Timestamp,
    /// `target/probe`.
    pub series: String,
    /// Name of the rule.
    pub rule: String,
    /// What held it back.
    pub by: Held,
    /// The failure in words.
    pub summary: String,
}
