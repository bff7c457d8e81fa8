//! Watches a launch in flight: a stage that lasts far longer than usual is told at once, not at the deadline.

use std::convert::Infallible;
use std::future::pending;

use launchwatch_probes::Stage;
use tokio::sync::watch;
use tokio::time::Instant;

use super::learned::{Learned, in_words, too_long};
use crate::observation::ProbeId;

/// The stage that is open, and since when something can be expected of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Open {
    stage: Option<(Stage, Instant)>,
    /// The launch waits for a node: that takes as long as it takes, and is told otherwise.
    waits: bool,
}

impl Open {
    /// A stage begins.
    pub(super) fn enter(&mut self, stage: Stage) {
        *self = Self { stage: Some((stage, Instant::now())), waits: false };
    }

    /// The launch begins or ceases to wait for a node. What it takes from then on is compared with the usual.
    pub(super) fn wait(&mut self, waits: bool) {
        self.waits = waits;
        if let Some((_, since)) = self.stage.as_mut().filter(|_| !waits) {
            *since = Instant::now();
        }
    }

    /// The stage.
    pub(super) fn stage(&self) -> Option<Stage> {
        self.stage.map(|(stage, _)| stage)
    }
}

/// Says of each stage of a run at most once that it lasts too long; never ends.
pub(super) async fn lose(
    (learned, probe): (&Learned, &ProbeId),
    patience: Option<f64>,
    mut open: watch::Receiver<Open>,
    stalled: impl Fn(Stage, String),
) -> Infallible {
    let Some(patience) = patience else { return pending().await };
    let mut told: Vec<Stage> = Vec::new();
    loop {
        let now = *open.borrow_and_update();
        let judged = now.stage.filter(|(stage, _)| !now.waits && !told.contains(stage));
        let limit = judged.and_then(|(stage, since)| {
            let usual = learned.usual(probe, stage)?;
            Some((stage, since, usual, since.checked_add(too_long(usual, patience))?))
        });
        let moved = match limit {
            None => open.changed().await,
            Some((stage, since, usual, until)) => tokio::select! {
                biased; // a stage that ends at its very limit has ended
                moved = open.changed() => moved,
                () = tokio::time::sleep_until(until) => {
                    told.push(stage);
                    stalled(stage, in_words(stage, since.elapsed(), usual));
                    Ok(())
                }
            },
        };
        if moved.is_err() {
            return pending().await;
        }
    }
}
