//! What ends a run otherwise than well, before it is an outcome: teardown may still come between the two.

use crate::net::NetFault;
use crate::{Cx, Outcome, Reason, Stage, Verdict};

use super::AskError;

/// A finding that is not `passed`, and the stage it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Reason,
    pub(crate) stage: Option<Stage>,
    pub(crate) summary: String,
}

impl Trouble {
    /// The target does not work.
    pub(crate) fn failed(reason: Reason, summary: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, reason, stage: None, summary: summary.into() }
    }

    /// Works, but not well.
    pub(crate) fn degraded(reason: Reason, summary: impl Into<String>) -> Self {
        Self { verdict: Verdict::Degraded, reason, stage: None, summary: summary.into() }
    }

    /// A policy refused us, or the fault is ours.
    pub(crate) fn unknown(reason: Reason, summary: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unknown, reason, stage: None, summary: summary.into() }
    }

    /// From a question that got no answer; `what` was asked. A fault on our side accuses nobody.
    pub(crate) fn unanswered(what: &str, error: &AskError) -> Self {
        let summary = format!("{what}: {error}");
        match error {
            AskError::Net(e) if e.fault == NetFault::Local => Self::unknown(Reason::Prober, summary),
            _ => Self::failed(error.reason(), summary),
        }
    }

    /// The same, with its stage: the one that is open now.
    pub(crate) fn here(mut self, cx: &Cx) -> Self {
        self.stage = self.stage.or(cx.current_stage());
        self
    }

    /// Makes it the outcome of the run, whatever stage is open by now.
    pub(crate) fn into_outcome(self, cx: &mut Cx) -> Outcome {
        let stage = self.stage.or(cx.current_stage());
        let mut outcome = match self.verdict {
            Verdict::Passed => cx.passed(),
            Verdict::Degraded => cx.degraded(self.reason, self.summary),
            Verdict::Failed => cx.failed(self.reason, self.summary),
            Verdict::Unknown => cx.unknown(self.reason, self.summary),
        };
        outcome.failed_stage = stage;
        outcome
    }
}
