//! What the runs of a probe have in common: all of an observation but its numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use launchwatch_probes::{Outcome, Reason, Stage, Verdict};
use serde::{Deserialize, Serialize};

use crate::observation::Observation;

/// All of an observation but its probe, slot, lag, durations and measured values. Kept once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shape {
    pub location: Arc<str>,
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_stage: Option<Stage>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirms: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// More stages or measurements than this are kept in full: the compact form is for the many small ones.
const MOST: usize = 32;
/// Longest evidence of a shape, in bytes: longer ones are of launches, which do not repeat to the letter.
const MOST_EVIDENCE: usize = 2_048;

/// Numbers of shapes stay below this: what is new after so many is kept in full.
pub(crate) const MOST_SHAPES: usize = 1 << 18;

impl Shape {
    /// Whether an observation may be kept in the compact form at all: if there is not too much of it.
    pub(crate) fn suits(seen: &Observation) -> bool {
        let o = &seen.outcome;
        o.stages.len() <= MOST
            && o.measurements.len() <= MOST
            && o.evidence.iter().map(String::len).sum::<usize>() <= MOST_EVIDENCE
    }

    /// Whether it says nothing that might differ from run to run, so that it can be kept at first sight. The first of
    /// its kind that went wrong is kept to the letter and the microsecond, for people look at it.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.verdict, Verdict::Passed | Verdict::Unknown)
            && self.summary.is_empty()
            && self.facts.is_empty()
            && self.evidence.is_empty()
    }

    /// The shape of an observation.
    pub(crate) fn of(seen: &Observation) -> Self {
        let o = &seen.outcome;
        Self {
            location: Arc::clone(&seen.location),
            verdict: o.verdict,
            reason: o.reason,
            failed_stage: o.failed_stage,
            confirms: seen.confirms,
            summary: o.summary.clone(),
            stages: o.stages.iter().map(|s| s.stage).collect(),
            measurements: o.measurements.iter().map(|m| m.name.clone()).collect(),
            facts: o.facts.clone(),
            evidence: o.evidence.clone(),
        }
    }

    /// Whether this is the shape of an observation.
    pub(crate) fn fits(&self, seen: &Observation) -> bool {
        let o = &seen.outcome;
        self.verdict == o.verdict
            && self.reason == o.reason
            && self.failed_stage == o.failed_stage
            && self.confirms == seen.confirms
            && self.stages.iter().eq(o.stages.iter().map(|s| &s.stage))
            && self.measurements.iter().eq(o.measurements.iter().map(|m| &m.name))
            && self.location == seen.location
            && self.summary == o.summary
            && self.facts == o.facts
            && self.evidence == o.evidence
    }

    /// An outcome of this shape, as yet without numbers.
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome {
            failed_stage: self.failed_stage,
            facts: self.facts.clone(),
            evidence: self.evidence.clone(),
            ..Outcome::bare(self.verdict, self.reason, self.summary.clone())
        }
    }
}

/// Every shape by its number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shapes(Vec<Option<Arc<Shape>>>);

impl Shapes {
    pub(crate) fn get(&self, id: u32) -> Option<&Arc<Shape>> {
        self.0.get(usize::try_from(id).ok()?)?.as_ref()
    }

    pub(crate) fn set(&mut self, id: u32, shape: Arc<Shape>) {
        let Some(at) = usize::try_from(id).ok().filter(|at| *at < MOST_SHAPES) else { return };
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        if let Some(place) = self.0.get_mut(at) {
            *place = Some(shape);
        }
    }
}
