//! What agents and cron jobs say to the service, and what it answers: the words of both sides, in one place.
//!
//! # Why
//! An agent may be older or newer than the service it reports to. So nothing here refuses unknown fields, what is added
//! later has a default, and what cannot be understood is refused one by one, not with all that stands beside it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::{Outcome, Reason, Stage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::observation::{Observation, ProbeId};

/// Most observations of one report.
pub const MOST_OBSERVATIONS: usize = 500;
/// Most bytes of one report: what is longer is sent as several.
pub const MOST_BYTES: usize = 4 << 20;

/// What was seen since the last report. Sending it again is harmless: an observation counts once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The sender's date when it sent this.
    #[schemars(with = "Option<String>")]
    pub sent_at: Option<Timestamp>,
    /// How far the sender's clock is ahead of the service's, in milliseconds, as far as it knows (half the round trip is the
    /// error).
    #[serde(default)]
    pub clock_ahead_ms: Option<i64>,
    /// Version of the sender.
    #[serde(default)]
    pub version: String,
    /// `agent`, or `once` for what a cron job runs.
    #[serde(default)]
    pub mode: String,
    /// What the sender could not send yet, and had to give up since the last report, in observations.
    #[serde(default)]
    pub waiting: u64,
    /// Observations given up for want of room, since the sender began.
    #[serde(default)]
    pub lost: u64,
    /// Runs that ended, oldest first.
    #[serde(default)]
    pub observations: Vec<Sent>,
    /// Runs that go on and have already proved failure. For the moment: not kept, not sent again.
    #[serde(default)]
    pub suspects: Vec<SentSuspect>,
}

/// One observation on its way. Where it was made the bearer's token says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Sent {
    /// `target/probe`.
    #[schemars(with = "String")]
    pub probe: ProbeId,
    /// The moment the run was due.
    #[schemars(with = "String")]
    pub slot: Timestamp,
    /// How long after its slot the run began, in microseconds.
    #[serde(default)]
    pub lag_us: u64,
    /// It was added to the grid.
    #[serde(default)]
    pub confirms: bool,
    /// What was found.
    #[schemars(with = "serde_json::Value")]
    pub outcome: Outcome,
}

impl Sent {
    /// An observation, to be sent.
    pub fn of(seen: &Observation) -> Self {
        Self {
            probe: seen.probe.clone(),
            slot: seen.slot,
            lag_us: u64::try_from(seen.lag.as_micros()).unwrap_or(u64::MAX),
            confirms: seen.confirms,
            outcome: seen.outcome.clone(),
        }
    }

    /// The observation, as made at this location.
    pub fn at(self, location: &Arc<str>) -> Observation {
        Observation {
            probe: self.probe,
            location: Arc::clone(location),
            slot: self.slot,
            lag: Duration::from_micros(self.lag_us),
            confirms: self.confirms,
            outcome: self.outcome,
        }
    }
}

/// A run that goes on and has already proved failure.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SentSuspect {
    /// `target/probe`.
    #[schemars(with = "String")]
    pub probe: ProbeId,
    /// The slot of the run.
    #[schemars(with = "String")]
    pub slot: Timestamp,
    /// When the run began.
    #[schemars(with = "String")]
    pub began: Timestamp,
    /// What the line proves.
    #[schemars(with = "String")]
    pub reason: Reason,
    /// In which stage it was seen.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub stage: Option<Stage>,
    /// The line, redacted.
    pub line: String,
    /// It turned out otherwise.
    #[serde(default)]
    pub withdrawn: bool,
}

/// What became of a report. Whoever gets it may forget what they sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Taken {
    /// Observations that were new, and are written down.
    pub taken: u64,
    /// Observations that were there already.
    pub known: u64,
    /// Observations that are none of the sender's, or make no sense; sending them again is of no use.
    #[serde(default)]
    pub refused: Vec<RefusedSent>,
    /// The service's date when the report came in.
    #[schemars(with = "Option<String>")]
    pub now: Option<Timestamp>,
    /// The version of the plan that holds now: an agent with another one fetches it.
    #[serde(default)]
    pub plan: String,
}

/// An observation that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedSent {
    /// `target/probe`.
    #[schemars(with = "String")]
    pub probe: ProbeId,
    /// The moment the run was due.
    #[schemars(with = "String")]
    pub slot: Timestamp,
    /// Why, in words.
    pub why: String,
}

/// What an agent is to look at.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Changes when anything below does, but for the last slots.
    pub version: String,
    /// The name of the location.
    pub location: String,
    /// The service's date.
    #[schemars(with = "String")]
    pub now: Timestamp,
    /// A configuration with the section `targets`, as it was written: secrets are references (`env:`, `file:`) that
    /// the agent resolves where it runs. No secret travels.
    pub configuration: serde_json::Value,
    /// The last slot of each probe that is recorded for this location: what is due follows from it.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub last_slots: BTreeMap<ProbeId, Timestamp>,
}
