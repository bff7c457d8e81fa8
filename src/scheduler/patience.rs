//! Watches a launch in flight: a stage that lasts far longer than usual is told at once, not at the deadline.

use std::convert::Infallible;
use std::future::pending;

use launchwatch_probes::Stage;
use tokio::sync::watch;
use tokio::time::Instant;

use super::learned::{Learned, in_words, too_long};
use crate::observation::ProbeId;

/// The stage that is open, and since when something can be expected of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Open {
    stage: Option<(Stage, Instant)>,
    /// The launch waits for a node: that takes as long as it takes, and is told otherwise.
    waits: bool,
    /// The last line that was seen.
    last: String,
}

impl Open {
    /// A stage begins.
    pub(super) fn enter(&mut self, stage: Stage) {
        (self.stage, self.waits) = (Some((stage, Instant::now())), false);
    }

    /// The launch begins or ceases to wait for a node. What it takes from then on is compared with the usual.
    pub(super) fn wait(&mut self, waits: bool) {
        self.waits = waits;
        if let Some((_, since)) = self.stage.as_mut().filter(|_| !waits) {
            *since = Instant::now();
        }
    }

    /// A line was seen.
    pub(super) fn hear(&mut self, line: &str) {
        line.clone_into(&mut self.last);
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
        let now = open.borrow_and_update().clone();
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
                    let last = open.borrow().last.clone();
                    stalled(stage, in_words(stage, since.elapsed(), usual, &last));
                    Ok(())
                }
            },
        };
        if moved.is_err() {
            return pending().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use launchwatch_probes::{Outcome, StageTime, Verdict};

    use super::*;

    const USUAL: u64 = 8;

    fn learned(probe: &ProbeId) -> Learned {
        let learned = Learned::default();
        let took = Duration::from_secs(USUAL);
        let stages = vec![StageTime { stage: Stage::Launch, start: Duration::ZERO, took }];
        let run = Outcome { stages, ..Outcome::bare(Verdict::Passed, None, "") };
        (0..30).for_each(|_| learned.saw(probe, &run));
        learned
    }

    /// When a launch is told to last too long that waits for a node between these seconds.
    async fn told(waits: &[(u64, bool)]) -> Vec<u64> {
        let probe = ProbeId::new("hub", "cached");
        let learned = learned(&probe);
        let (open, opened) = watch::channel(Open::default());
        let (began, told) = (Instant::now(), Mutex::new(Vec::new()));
        open.send_modify(|open| open.enter(Stage::Launch));
        let stalled = |_, _| told.lock().unwrap().push(began.elapsed().as_secs());
        let run = async {
            for (at, waits) in waits {
                tokio::time::sleep_until(began + Duration::from_secs(*at)).await;
                open.send_modify(|open| open.wait(*waits));
            }
            tokio::time::sleep_until(began + Duration::from_secs(500)).await;
        };
        tokio::select! {
            never = lose((&learned, &probe), Some(1.5), opened, stalled) => match never {},
            () = run => {}
        }
        told.into_inner().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_launch_that_waits_for_a_node_is_not_called_stalled() {
        assert_eq!(told(&[]).await, [12]);
        assert_eq!(told(&[(2, true)]).await, [] as [u64; 0]);
        assert_eq!(told(&[(2, true), (100, false)]).await, [112], "from then on it is as any other");
    }
}
