//! One run of one probe, whatever happens in it: deadline, stop signal, panic.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use launchwatch_probes::{Cx, CxParts, Follow, Outcome, Progress, Reason, Stage, Verdict, Watcher};

use tokio::time::Instant;

use super::in_flight::Going;
use super::{Permit, Shared};
use crate::config::ProbeConfig;
use crate::inbox::{Letter, Suspect};
use crate::observation::{Observation, run_id};
use crate::tasks::OnExit;

/// How long a launch is followed after its run has ended; the probe's own limit is shorter.
const FOLLOW_AT_MOST: Duration = Duration::from_secs(3_600);

/// One run.
pub(super) struct Attempt {
    shared: Arc<Shared>,
    probe: Arc<ProbeConfig>,
    slot: Timestamp,
    confirms: bool,
}

impl Attempt {
    pub(super) fn new(
        shared: &Arc<Shared>,
        probe: &Arc<ProbeConfig>,
        slot: Timestamp,
        confirms: bool,
    ) -> Self {
        Self { shared: Arc::clone(shared), probe: Arc::clone(probe), slot, confirms }
    }

    /// Runs the probe, hands over what was found, and says the verdict.
    pub(super) async fn run(self, permit: Permit) -> Verdict {
        let began = self.shared.edges.clock.now();
        let lag = Duration::try_from(began.duration_since(self.slot)).unwrap_or_default();
        self.shared.metrics.run_began(&self.probe.id, lag);
        let run = run_id(&self.probe.id, self.slot);
        let going = self.probe.launches.then(|| self.shared.in_flight.enter(&run));
        let mut cx = Cx::new(self.parts(run, began));
        let outcome = self.look(&mut cx).await;
        let verdict = outcome.verdict;
        if let Some(follow) = cx.take_follow() {
            self.follow(follow, (permit, going));
        }
        let observation = Observation {
            probe: self.probe.id.clone(),
            location: Arc::clone(&self.shared.location),
            slot: self.slot,
            lag,
            confirms: self.confirms,
            outcome,
        };
        self.shared.hand_over(Letter::Observation(observation));
        verdict
    }

    async fn look(&self, cx: &mut Cx) -> Outcome {
        let deadline = cx.deadline();
        let cut = {
            let run = AssertUnwindSafe(self.probe.probe.run(cx)).catch_unwind();
            tokio::select! {
               biased; // a result that is there counts, even if the deadline or a stop comes at the same moment
                result = run => match result {
                    Ok(outcome) => return outcome,
                    Err(_) => Cut::Panic,
                },
                () = tokio::time::sleep_until(deadline) => Cut::Deadline,
                () = self.stop_and_grace() => Cut::Stop,
            }
        };
        match cut {
            Cut::Deadline => cx.timed_out(),
            Cut::Stop => cx.unknown(Reason::Aborted, "launchwatch was stopped during the run"),
            Cut::Panic => {
                cx.unknown(Reason::Prober, "the probe panicked: a bug in launchwatch, please report it")
            }
        }
    }

    /// Ends when the service was asked to stop and the run has had its grace.
    async fn stop_and_grace(&self) {
        self.shared.tasks.stopped().await;
        tokio::time::sleep(self.shared.grace).await;
    }

    fn parts(&self, run: String, began: Timestamp) -> CxParts {
        let edges = &self.shared.edges;
        CxParts {
            net: Arc::clone(&edges.net),
            ledger: Arc::clone(&self.shared.ledger),
            run,
            nonce: if self.probe.launches { edges.dice.word(16) } else { String::new() },
            deadline: Instant::now() + self.probe.deadline,
            user_agent: Arc::clone(&self.shared.user_agent),
            watcher: self.probe.launches.then(|| self.watcher(began)),
            now: began,
        }
    }

    /// Tells the recorder of a run that proves failure while it goes on.
    fn watcher(&self, began: Timestamp) -> Watcher {
        let shared = Arc::clone(&self.shared);
        let (probe, slot) = (self.probe.id.clone(), self.slot);
        let stage = std::sync::Mutex::new(None::<Stage>);
        Arc::new(move |progress| {
            let mut stage = stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match progress {
                Progress::Stage(now) => *stage = Some(*now),
                Progress::Line(_) => {}
                Progress::Suspect(reason, line) => {
                    let (probe, line) = (probe.clone(), line.clone());
                    let location = Arc::clone(&shared.location);
                    let suspect =
                        Suspect { probe, location, slot, began, reason: *reason, stage: *stage, line };
                    shared.hand_over(Letter::Suspect(suspect));
                }
            }
        })
    }

    /// Lets a launch go on in the background until its end is known; it keeps its place in the budget.
    fn follow(&self, follow: Follow, held: (Permit, Option<Going>)) {
        let tasks = self.shared.tasks.clone();
        let grace = self.shared.grace;
        self.shared.tasks.spawn(format!("follow/{}", self.probe.id), OnExit::Fine, async move {
            let _held = held;
            tokio::select! {
                biased; // two replays must agree
                () = follow => {}
                () = tokio::time::sleep(FOLLOW_AT_MOST) => {}
                () = async { tasks.stopped().await; tokio::time::sleep(grace).await } => {}
            }
        });
    }
}

enum Cut {
    Deadline,
    Stop,
    Panic,
}
