//! Watches a launch in flight: a stage that lasts far longer than usual is told at once, not at the deadline.

use std::convert::Infallible;
use std::future::pending;

use launchwatch_probes::Stage;
use tokio::sync::watch;
use tokio::time::Instant;

use super::learned::{Learned, in_words, too_long};
use crate::observation::ProbeId;

/// The stage that is open, and since when.
pub(super) type Open = Option<(Stage, Instant)>;

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
        let limit = now.filter(|(stage, _)| !told.contains(stage)).and_then(|(stage, since)| {
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
