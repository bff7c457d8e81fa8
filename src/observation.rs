//! The one currency that flows: an outcome with its probe, slot, location and run id.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::SeriesId;
use launchwatch_probes::Outcome;
use serde::{Deserialize, Serialize};

/// Names for life what one place sees of a probe: `target/probe` as this process sees it, `target/probe@location` as an
/// agent elsewhere does. Each is a series of its own everywhere: in the store, on the pages, in figures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProbeId(Arc<str>);

impl ProbeId {
    /// The id of a probe of a target. Neither name holds a `/`: the config refuses it.
    pub fn new(target: &str, probe: &str) -> Self {
        Self(format!("{target}/{probe}").into())
    }

    /// The id of a series, as a process at the place `here` calls it.
    pub fn of(series: &SeriesId, here: &str) -> Self {
        let bare = Self::new(&series.target, &series.probe);
        // What several locations say together has none of its own.
        let ours = series.location.is_empty() || series.location == here;
        if ours { bare } else { bare.at(&series.location) }
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name of the target.
    pub fn target(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(target, _)| target)
    }

    /// Name of the probe within its target, with the location if it is elsewhere: what pages and links call it.
    pub fn probe(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, probe)| probe)
    }

    /// Name of the probe within its target, wherever it runs: what rules call it.
    pub fn bare(&self) -> &str {
        self.probe().split_once('@').map_or(self.probe(), |(bare, _)| bare)
    }

    /// The location of the agent that runs it; `None` if this process does.
    pub fn elsewhere(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, location)| location)
    }

    /// The same probe as an agent at this location sees it.
    #[must_use]
    pub fn at(&self, location: &str) -> Self {
        Self::new(self.target(), &format!("{}@{location}", self.bare()))
    }

    /// A number that depends on nothing but the name: spreads phases, begins run ids.
    pub fn hash(&self) -> u64 {
        // FNV-1a: stable across versions and machines, which the standard library's hasher does not promise.
        self.0.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
    }
}

impl From<String> for ProbeId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Display for ProbeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One look at one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Which probe.
    pub probe: ProbeId,
    /// Where it ran.
    pub location: Arc<str>,
    /// The moment the run was due.
    pub slot: Timestamp,
    /// How long after its slot the run began.
    pub lag: Duration,
    /// True for a run that was added to the grid: to confirm a failure or a recovery, or to tell two causes apart (then the fact
    /// `asked_for` says which).
    pub confirms: bool,
    /// What was found.
    pub outcome: Outcome,
}

impl Observation {
    /// Id of the run: the same for the same probe and slot, wherever and however often it is recorded.
    pub fn run(&self) -> String {
        run_id(&self.probe, self.slot)
    }

    /// When the run began.
    pub fn began(&self) -> Timestamp {
        self.slot + self.lag
    }

    /// When the run ended.
    pub fn ended(&self) -> Timestamp {
        self.began() + self.outcome.took()
    }
}

/// Id of the run of a probe in a slot.
pub fn run_id(probe: &ProbeId, slot: Timestamp) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "half the hash suffices beside the slot")]
    let name = probe.hash() as u32;
    format!("{name:08x}-{:x}", slot.as_millisecond())
}
