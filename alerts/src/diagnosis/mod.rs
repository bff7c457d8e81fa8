//! Names the cause: from what was seen of a target lately to ranked causes with evidence, a runbook and proposed actions.
//!
//! # Why
//! Pure: a [`Scene`] in, [`Diagnosis`]es out. Knowledge lives in small rules, one cause a file (`causes/`), each with its
//! runbook (`runbooks/`). A rule weighs what speaks for it and against it; it does not know the others. What a cause brings
//! about by itself it `explains`: those are told as consequences and not as causes.

mod action;
mod case;
mod causes;
mod names;
mod remedies;
mod scene;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use action::{Action, Guard, Mode, Proposal};
pub use case::Case;
pub use causes::CAUSES;
pub use names::{FACTS, NAMES};

pub use scene::{FRESH, Figure, Look, Scene, Track};

/// A cause that is less likely than this is not named.
pub const NAMED: f64 = 0.5;
/// Causes named at once.
const MOST: usize = 3;

/// What is known of one cause.
pub struct Cause {
    /// Its name in the vocabulary, such as `hub-pod-reflector-stale`; also of its runbook.
    pub label: &'static str,
    /// What is wrong, for somebody who does not know the cluster: fit to follow `Likely cause: `.
    pub title: &'static str,
    /// What to do, in Markdown: signs, what to check, the way out, what not to do.
    pub runbook: &'static str,
    /// What speaks for it and against it.
    pub weigh: fn(&Scene<'_>) -> Case,
    /// What to do about it, in order. Only asked when it is named.
    pub remedy: fn(&Scene<'_>) -> Vec<Proposal>,
    /// What must not be done first, and why.
    pub not_first: &'static [(Action, &'static str)],
    /// Labels that follow from it: with it at work they are no causes.
    pub explains: &'static [&'static str],
}

/// A cause that is likely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// Name in the vocabulary; names the runbook.
    pub label: String,
    /// What is wrong, in words.
    pub title: String,
    /// How likely, from 0 to 1: by how much evidence, not a measured frequency.
    pub confidence: f64,
    /// What speaks for it.
    pub evidence: Vec<String>,
    /// What speaks against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<String>,
    /// What would tell more, where something would.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next_looks: Vec<String>,
    /// What to do about it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Proposal>,
    /// What must not be done first, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_first: Vec<(Action, String)>,
}

/// The cause of this name.
pub fn cause(label: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|c| c.label == label)
}

/// The likely causes, the likeliest first. What was named first before (`standing`) stays first unless something else is clearly
/// likelier: evidence comes and goes with every look, and a cause that changes with each message helps nobody. What a cause
/// explains that stood first for long (`roots`) is no cause of the same trouble later on, although the signs of the root may be gone.
pub fn diagnose(scene: &Scene<'_>, standing: Option<&str>, roots: &[&str]) -> Vec<Diagnosis> {
    const INERTIA: f64 = 0.15;
    let explained =
        |label: &str| roots.iter().filter_map(|root| cause(root)).any(|root| root.explains.contains(&label));
    let mut found: Vec<(&Cause, Case, f64)> = CAUSES
        .iter()
        .filter(|cause| !explained(cause.label))
        .map(|cause| (cause, (cause.weigh)(scene)))
        .map(|(cause, case)| {
            let stays = if standing == Some(cause.label) { INERTIA } else { 0.0 };
            let rank = case.confidence() + stays;
            (cause, case, rank)
        })
        .filter(|(_, case, rank)| case.confidence() > 0.0 && *rank >= NAMED)
        .collect();
    // Of equal ones the first in the registry: a stable sort.
    found.sort_by(|a, b| b.2.total_cmp(&a.2));
    let mut named: Vec<(&Cause, Case)> = Vec::new();
    for (cause, case, _) in found {
        if !named.iter().any(|(root, _)| root.explains.contains(&cause.label)) {
            // A weaker cause may be the root of what was found before it.
            named.retain(|(other, _)| !cause.explains.contains(&other.label));
            named.push((cause, case));
        }
    }
    named.into_iter().take(MOST).map(|(cause, case)| told(cause, case, scene)).collect()
}

fn told(cause: &Cause, case: Case, scene: &Scene<'_>) -> Diagnosis {
    Diagnosis {
        label: cause.label.to_owned(),
        title: cause.title.to_owned(),
        // Three figures say all there is, and are the same on every machine.
        confidence: (case.confidence() * 1000.0).round() / 1000.0,
        actions: (cause.remedy)(scene),
        not_first: cause.not_first.iter().map(|(action, why)| (*action, (*why).to_owned())).collect(),
        next_looks: case.next_looks,
        evidence: case.evidence,
        against: case.against,
    }
}

#[cfg(test)]
mod tests;
