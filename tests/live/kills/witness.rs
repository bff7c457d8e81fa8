//! Somebody who looks at the status all the time and remembers which runs were surely written down.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

type Run = (String, Timestamp);

/// What was seen.
#[derive(Default)]
pub(super) struct Witness {
    /// Shown, but perhaps not written down yet: with the moment of the last commit that was known then.
    shown: BTreeSet<(Run, Option<Timestamp>)>,
    acknowledged: BTreeSet<Run>,
}

impl Witness {
    /// Takes in a status. Results are shown at the moment they are handed to the store; there is one writer, so a
    /// later commit than the one known then proves that they were written.
    pub(super) fn look(&mut self, status: &Value) {
        let committed = status["committed_at"].as_str().and_then(|at| at.parse().ok());
        let (sure, open) =
            std::mem::take(&mut self.shown).into_iter().partition(|(_, then)| committed > *then);
        self.shown = open;
        let sure: BTreeSet<(Run, Option<Timestamp>)> = sure;
        self.acknowledged.extend(sure.into_iter().map(|(run, _)| run));
        for target in status["targets"].as_array().into_iter().flatten() {
            for probe in target["probes"].as_array().into_iter().flatten() {
                let name = |of: &Value| of["name"].as_str().unwrap_or_default().to_owned();
                let Some(ended) = probe["ended_at"].as_str().and_then(|at| at.parse().ok()) else { continue };
                let run = (format!("{}/{}", name(target), name(probe)), ended);
                let known = self.shown.iter().any(|(shown, _)| *shown == run);
                if !known && !self.acknowledged.contains(&run) {
                    self.shown.insert((run, committed));
                }
            }
        }
    }

    /// After a kill nobody knows about the rest.
    pub(super) fn forget_what_was_not_confirmed(&mut self) {
        self.shown.clear();
    }

    /// Runs that were surely written down: probe and end.
    pub(super) fn acknowledged(&self) -> &BTreeSet<Run> {
        &self.acknowledged
    }
}

/// Seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 are far below 2^53")]
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_microsecond() as f64 / 1e6
}
