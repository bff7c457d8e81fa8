//! Recorded runs in the order in which they ended, read in portions.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Stretch;
use crate::observation::{Observation, ProbeId};
use crate::store::{Error, RunQuery, Store};

/// Runs that are read at once: some tens of megabytes.
const PORTION: usize = 50_000;
/// The first stretch that is read.
const FIRST: SignedDuration = SignedDuration::from_hours(1);
/// However many runs there are, so much is read at once: less would never end.
const LEAST: SignedDuration = SignedDuration::from_secs(1);

/// Reads on and on. Holds a portion of runs, and those of the last one that ended later than it.
pub(super) struct Past<'a> {
    store: &'a dyn Store,
    /// Read up to here.
    at: Timestamp,
    to: Timestamp,
    /// How much is read next.
    step: SignedDuration,
    portion: usize,
    waiting: BTreeMap<(Timestamp, ProbeId, Timestamp), Observation>,
}

impl<'a> Past<'a> {
    pub(super) fn new(store: &'a dyn Store, stretch: Stretch) -> Self {
        let Stretch { from, to } = stretch;
        Self { store, at: from, to, step: FIRST, portion: PORTION, waiting: BTreeMap::new() }
    }

    /// The same in portions of so many runs.
    #[cfg(test)]
    pub(super) fn in_portions_of(self, portion: usize) -> Self {
        Self { portion, ..self }
    }

    /// The next runs in the order in which they ended; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Observation>>, Error> {
        while self.at < self.to {
            let end = self.at.checked_add(self.step).unwrap_or(self.to).min(self.to);
            let least = self.step <= LEAST;
            let limit = if least { usize::MAX } else { self.portion.saturating_add(1) };
            let query = RunQuery { from: Some(self.at), to: Some(end), limit, ..RunQuery::default() };
            let runs = self.store.runs(&query).await?;
            if runs.len() > self.portion && !least {
                self.step = (self.step / 2).max(LEAST);
                continue;
            }
            if runs.len() <= self.portion / 4 {
                self.step = self.step.saturating_mul(2);
            }
            self.at = end;
            self.waiting
                .extend(runs.into_iter().map(|seen| ((seen.ended(), seen.probe.clone(), seen.slot), seen)));
            // Whatever is read later begins later, and so ends later than this.
            let later = self.waiting.split_off(&(end, ProbeId::from(String::new()), Timestamp::MIN));
            let over = std::mem::replace(&mut self.waiting, later);
            if !over.is_empty() {
                return Ok(Some(over.into_values().collect()));
            }
        }
        let rest = std::mem::take(&mut self.waiting);
        Ok((!rest.is_empty()).then(|| rest.into_values().collect()))
    }
}
