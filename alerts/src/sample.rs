//! One observation in the words of alerting.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names a series: one probe of one target, seen from one location.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SeriesId {
    /// Name of the target.
    pub target: String,
    /// Name of the probe, unique within its target.
    pub probe: String,
    /// Where the probe ran.
    pub location: String,
}

impl std::fmt::Display for SeriesId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.target, self.probe)
    }
}

/// The verdict, as far as rules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Works.
    Good,
    /// Works, but not well. Counts as success.
    Poor,
    /// Does not work.
    Bad,
    /// We could not look: says nothing, changes nothing.
    Unknown,
}

/// One look at one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Which series.
    pub series: Arc<SeriesId>,
    /// Slot of the run: names it within its series. A provisional sample and the final one of the same run count once.
    pub slot: Timestamp,
    /// When the run began.
    pub began: Timestamp,
    /// When the run ended, or when the provisional judgement was made.
    pub at: Timestamp,
    /// The judgement.
    pub health: Health,
    /// True while the run is still going on and has already proved failure.
    pub in_flight: bool,
    /// Reason in the probe's closed vocabulary.
    pub reason: Option<&'static str>,
    /// Stage in which it failed.
    pub stage: Option<&'static str>,
    /// One sentence for a person.
    pub summary: String,
    /// The last lines seen.
    pub evidence: Vec<String>,
    /// What was measured besides; only where [`crate::Engine::curious`] says that somebody wants to know.
    pub details: Option<Box<Details>>,
}

/// What a run measured besides its verdict.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// The whole duration in seconds.
    pub took: f64,
    /// Stages that came to their end, in seconds.
    pub stages: Vec<(&'static str, f64)>,
    /// Numbers by name, in base units.
    pub measurements: BTreeMap<String, f64>,
    /// Names met on the way, such as `version`.
    pub facts: BTreeMap<String, String>,
}

impl Sample {
    /// A sample that works, for callers that have nothing more to say.
    pub fn good(series: Arc<SeriesId>, slot: Timestamp, began: Timestamp, at: Timestamp) -> Self {
        Self {
            series,
            slot,
            began,
            at,
            health: Health::Good,
            in_flight: false,
            reason: None,
            stage: None,
            summary: String::new(),
            evidence: Vec::new(),
            details: None,
        }
    }
}
