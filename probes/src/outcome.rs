//! What one run found: a verdict, its reason, the stages, measurements and the last lines seen.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Reason, Stage};

/// The judgement over one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Works as it should.
    Passed,
    /// Works, but slower than the limit or only at the second try.
    Degraded,
    /// Does not work.
    Failed,
    /// *We* could not look, or a policy refused us: counts neither against the target nor as success.
    Unknown,
}

impl Verdict {
    /// Every verdict, in the order of the codes.
    pub const ALL: &'static [Verdict; 4] = &[Self::Passed, Self::Degraded, Self::Failed, Self::Unknown];

    /// The name used in config, metrics, pages and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One step of a run with its start (since the start of the run) and its duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageTime {
    /// Which step.
    pub stage: Stage,
    /// From the start of the run to the start of the stage.
    pub start: Duration,
    /// How long the stage took, or had taken when the run ended in it.
    pub took: Duration,
}

/// A number read during a run, in base units (seconds, bytes, ratio, count).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurement {
    /// Name in snake case, with its unit as the last word where it has one (`certificate_left_seconds`).
    pub name: String,
    /// The value in the base unit.
    pub value: f64,
}

/// What one run found. Evidence, summary and facts hold no secrets: [`crate::Cx`] redacts on the way in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The judgement.
    pub verdict: Verdict,
    /// Why not `passed`; `None` when passed.
    pub reason: Option<Reason>,
    /// The step in which the run ended when it did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_stage: Option<Stage>,
    /// One sentence for a person; empty when passed and there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// The steps in the order they began.
    pub stages: Vec<StageTime>,
    /// Numbers read on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<Measurement>,
    /// Names met on the way: `member`, `pod`, `node`, `image`, `version`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// The last lines seen, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl Outcome {
    /// An outcome without stages or evidence, for runs that never began (missed, aborted at start).
    pub fn bare(verdict: Verdict, reason: Option<Reason>, summary: impl Into<String>) -> Self {
        Self {
            verdict,
            reason,
            failed_stage: None,
            summary: summary.into(),
            stages: Vec::new(),
            measurements: Vec::new(),
            facts: BTreeMap::new(),
            evidence: Vec::new(),
        }
    }

    /// The whole duration: the end of the last stage.
    pub fn took(&self) -> Duration {
        self.stages.iter().map(|s| s.start + s.took).max().unwrap_or_default()
    }
}
