//! Recorded history under other rules: who would have been told of what, and was it right?
//!
//! # Why
//! Rules are tuned on what really happened. The same engine that runs in the service is shown the recorded runs in the
//! order in which they ended, with nothing but their own time; what it would have told is held against the incidents on
//! record and what people said of them.
//!
//! What differs from the service: judgements made while a run still went on are not on record, so what lasts is told up
//! to a run's length later than it was; silences that people set are left out (the maintenance of the configuration
//! counts); rules about launchwatch itself see nothing. A pause in which no probe ran at all was launchwatch's own and
//! is not taken for silence of the probes, but a probe that was configured later than the stretch begins is.

mod compare;
mod past;
mod replay;
mod report;
mod words;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use launchwatch_alerts::Plan;

use crate::store::{Error, Store};

pub use report::{Covers, Judged, OnRecord, Report, Summary, Told};
pub use words::told;

/// Incidents on record that are looked through.
const INCIDENTS: usize = 100_000;

/// The time that is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Runs with slots from this moment on.
    pub from: Timestamp,
    /// Runs with slots before this moment.
    pub to: Timestamp,
}

/// Everything that a store holds of the last `back`, up to its last run; `None` if it holds no run.
///
/// # Errors
/// The store cannot be read.
pub async fn everything(store: &dyn Store, back: std::time::Duration) -> Result<Option<Stretch>, Error> {
    let last = store.last_slots().await?.into_values().max();
    let back = jiff::SignedDuration::try_from(back).unwrap_or(jiff::SignedDuration::MAX);
    Ok(last.map(|last| Stretch {
        from: last.checked_sub(back).unwrap_or(Timestamp::MIN),
        to: last.checked_add(jiff::SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX),
    }))
}

/// Plays the runs of a stretch of time. The same store, plan and stretch give the same report.
///
/// # Errors
/// The store cannot be read.
pub async fn run(store: &dyn Store, plan: Plan, stretch: Stretch) -> Result<Report, Error> {
    let rules = plan.rules.iter().map(|rule| rule.name.clone()).collect();
    let mut replay = replay::Replay::new(plan);
    let mut past = past::Past::new(store, stretch);
    while let Some(runs) = past.next().await? {
        runs.iter().for_each(|seen| replay.show(seen));
    }
    let played = replay.end(stretch.to);
    let incidents = store.incidents(INCIDENTS).await?;
    Ok(compare::compare(rules, stretch, played, &incidents))
}
