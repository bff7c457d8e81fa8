//! One run of one probe, whatever happens in it: deadline, stop signal, panic.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use launchwatch_probes::{Cx, CxParts, Follow, Outcome, Progress, Reason, Stage, Verdict, Watcher};

use tokio::sync::watch::Sender;
use tokio::time::Instant;

use super::in_flight::Going;
use super::{Permit, Shared, patience};
use crate::config::ProbeConfig;
use crate::inbox::{Letter, Suspect};
use crate::observation::{Observation, run_id};
use crate::ourselves::Moment;
use crate::tasks::OnExit;

/// How long a launch is followed after its run has ended; the probe's own limit is shorter.
const FOLLOW_AT_MOST: Duration = Duration::from_secs(3_600);

/// One run.
#[derive(Clone)]
pub(super) struct Attempt {
    shared: Arc<Shared>,
    probe: Arc<ProbeConfig>,
    slot: Timestamp,
    confirms: bool,
    asked: Option<Arc<str>>,
}

/// The fact of a run that says what it was asked for.
const ASKED_FOR: &str = "asked_for";

impl Attempt {
    pub(super) fn new(
        shared: &Arc<Shared>,
        probe: &Arc<ProbeConfig>,
        slot: Timestamp,
        confirms: bool,
    ) -> Self {
        Self { shared: Arc::clone(shared), probe: Arc::clone(probe), slot, confirms, asked: None }
    }

    /// The same, at somebody's wish.
    pub(super) fn asked(mut self, why: Option<Arc<str>>) -> Self {
        self.asked = why;
        self
    }

    /// Runs the probe, hands over what was found, and says the verdict.
    pub(super) async fn run(self, permit: Permit) -> Verdict {
        let began = self.shared.edges.clock.now();
        let moment = self.shared.pulse.moment();
        let lag = Duration::try_from(began.duration_since(self.slot)).unwrap_or_default();
        self.shared.metrics.run_began(&self.probe.id, lag);
        let run = run_id(&self.probe.id, self.slot);
        let going = self.probe.launches.then(|| self.shared.in_flight.enter(&run));
        let (open, opened) = tokio::sync::watch::channel(patience::Open::default());
        let mut cx = Cx::new(self.parts(run, began, open));
        let stalled = |stage, line| self.suspect(began, Reason::Stalled, Some(stage), line, false);
        let of = (&self.shared.learned, &self.probe.id);
        let mut outcome = tokio::select! {
            biased; // a result that is there counts, even if a stage becomes too long at the same moment
            outcome = self.look(&mut cx) => outcome,
            never = patience::lose(of, self.probe.patience, opened, stalled) => match never {},
        };
        self.excuse(&mut outcome, moment);
        if self.probe.launches {
            self.shared.learned.saw(&self.probe.id, &outcome);
        }
        if let Some(why) = &self.asked {
            outcome.facts.insert(ASKED_FOR.to_owned(), why.to_string());
        }
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

    /// What a run found in which we stood still is worth nothing, good or bad: neither its times nor its deadline were
    /// the target's.
    fn excuse(&self, outcome: &mut Outcome, began: Moment) {
        if let Some(pause) = self.shared.pulse.stood_still_since(began) {
            outcome.verdict = Verdict::Unknown;
            outcome.reason = Some(Reason::Prober);
            outcome.stages.clear();
            outcome.summary = format!("launchwatch was paused for {} s during the run", pause.as_secs());
        }
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

    fn parts(&self, run: String, began: Timestamp, open: Sender<patience::Open>) -> CxParts {
        let edges = &self.shared.edges;
        CxParts {
            net: Arc::clone(&edges.net),
            ledger: Arc::clone(&self.shared.ledger),
            run,
            nonce: if self.probe.launches { edges.dice.word(16) } else { String::new() },
            deadline: Instant::now() + self.probe.deadline,
            user_agent: Arc::clone(&self.shared.user_agent),
            watcher: self.probe.launches.then(|| self.watcher(began, open)),
            now: began,
        }
    }

    /// Tells the recorder of a run that proves failure while it goes on, and which stage is open.
    fn watcher(&self, began: Timestamp, open: Sender<patience::Open>) -> Watcher {
        let run = self.clone();
        Arc::new(move |progress| match progress {
            Progress::Stage(stage) => {
                open.send_modify(|open| open.enter(*stage));
            }
            Progress::WaitsForNode(waits) => open.send_modify(|open| open.wait(*waits)),
            Progress::Line(line) => {
                open.send_if_modified(|open| {
                    open.hear(line);
                    false
                });
            }
            Progress::Suspect(reason, line) => {
                let stage = open.borrow().stage();
                run.suspect(began, *reason, stage, line.clone(), false);
            }
            Progress::Withdrawn => run.suspect(began, Reason::Stalled, None, String::new(), true),
        })
    }

    fn suspect(&self, began: Timestamp, reason: Reason, stage: Option<Stage>, line: String, withdrawn: bool) {
        let (probe, location) = (self.probe.id.clone(), Arc::clone(&self.shared.location));
        let suspect = Suspect { probe, location, slot: self.slot, began, reason, stage, line, withdrawn };
        self.shared.hand_over(Letter::Suspect(suspect));
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
