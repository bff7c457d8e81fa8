//! When probes run, how many at once, and what is done around a run.

mod asks;
mod attempt;
mod in_flight;
pub mod learned;
mod life;
mod patience;
mod permits;
mod runner;
mod standing;
pub mod timetable;

use std::sync::Arc;
use std::time::Duration;

use launchwatch_probes::Ledger;

use crate::config::{ProbeConfig, RunBy};
use crate::edges::Edges;
use crate::inbox::{Inbox, Letter};
use crate::ourselves::Pulse;
use crate::tasks::{OnExit, Tasks};
use crate::telemetry::Metrics;

pub use asks::Asks;
pub use in_flight::InFlight;
pub use learned::Learned;
pub use life::{Life, begin, once};
pub use permits::{Permit, Permits};
pub use standing::Standing;
pub use timetable::Timetable;

use life::Retired;

/// What every runner shares.
pub struct Shared {
    /// The doors to the outside.
    pub edges: Edges,
    /// Where debts are written.
    pub ledger: Arc<dyn Ledger>,
    /// The way to the recorder.
    pub inbox: Inbox,
    /// Places.
    pub permits: Permits,
    /// Runs going on.
    pub in_flight: InFlight,
    /// How targets and probes stand.
    pub standing: Standing,
    /// Looks that are wanted out of their time.
    pub asks: Asks,
    /// What launches usually take.
    pub learned: Learned,
    /// Whether we stood still.
    pub pulse: Pulse,
    /// At most this many slots of a probe that passed during a pause are written down.
    pub missed_at_most: usize,
    /// Figures about ourselves.
    pub metrics: Metrics,
    /// All tasks.
    pub tasks: Tasks,
    /// Where we look from.
    pub location: Arc<str>,
    /// How we introduce ourselves.
    pub user_agent: Arc<str>,
    /// How long a run may go on after a stop.
    pub grace: Duration,
}

impl Shared {
    /// Gives a letter to the recorder; if it cannot be taken it is counted as dropped.
    fn hand_over(&self, letter: Letter) {
        if !self.inbox.put(letter) {
            self.metrics.letter_dropped();
        }
    }
}

/// How many slots of each of so many probes may be written down as missed after a pause, without filling the inbox.
pub fn missed_at_most(probes: usize) -> usize {
    (crate::inbox::CAPACITY / 2 / probes.max(1)).clamp(2, timetable::MISSED_AT_MOST)
}

/// Starts a task for every probe that is ours to run.
pub fn start(shared: &Arc<Shared>, probes: &[ProbeConfig]) {
    for probe in probes.iter().filter(|p| p.by == RunBy::Us) {
        let name = format!("probe/{}", probe.id);
        // Boxed, for a task that holds another future has room for it twice.
        let life = Box::pin(runner::run(Arc::clone(shared), Arc::new(probe.clone()), Retired::never()));
        shared.tasks.spawn(name, OnExit::Fine, life);
    }
}
