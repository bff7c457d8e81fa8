//! One probe's life: wait for the slot, take a place, run within the deadline, hand over what was found.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::{Outcome, Reason, Verdict};

use super::attempt::Attempt;
use super::{Shared, Timetable};
use crate::config::{Overlap, ProbeConfig};
use crate::inbox::Letter;
use crate::observation::Observation;
use crate::tasks::OnExit;

/// Longest interval between launches while a target is known to be down.
const BACKED_OFF_AT_MOST: Duration = Duration::from_secs(300);
/// How long a target must be down before launches become rarer still.
const LONG_OUTAGE: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// Runs one probe until the service stops.
pub(super) async fn run(shared: Arc<Shared>, probe: Arc<ProbeConfig>) {
    let mut runner =
        Runner { timetable: Timetable::new(probe.schedule.clone(), &probe.id), shared, probe, last: None };
    let mut due = runner.timetable.next_after(runner.shared.edges.clock.now()).map(Due::on_grid);
    while let Some(now_due) = due {
        tokio::select! {
            biased; // a stop wins over a slot that comes at the same moment: no run begins that cannot end
            _ = runner.shared.tasks.stopped() => return,
            () = runner.shared.edges.clock.until(now_due.slot) => {}
        }
        due = runner.slot(now_due).await;
    }
}

/// A moment at which the probe is to run.
#[derive(Debug, Clone, Copy)]
struct Due {
    slot: Timestamp,
    confirms: bool,
}

impl Due {
    fn on_grid(slot: Timestamp) -> Self {
        Self { slot, confirms: false }
    }
}

struct Runner {
    shared: Arc<Shared>,
    probe: Arc<ProbeConfig>,
    timetable: Timetable,
    /// The last verdict that counts.
    last: Option<Verdict>,
}

impl Runner {
    /// Runs one slot and says when the next is due.
    async fn slot(&mut self, due: Due) -> Option<Due> {
        let following = self.timetable.next_after(due.slot);
        let Some(permit) = self.place(following).await else {
            self.miss(due.slot, "no place was free: as many launches or runs as allowed were in flight");
            return following.map(Due::on_grid);
        };
        let attempt = Attempt::new(&self.shared, &self.probe, due.slot, due.confirms);
        if self.probe.overlap == Overlap::Allow {
            let name = format!("run/{}", self.probe.id);
            self.shared.tasks.spawn(name, OnExit::Fine, async move {
                attempt.run(permit).await;
            });
            return following.map(Due::on_grid);
        }
        // In a box, so that of thousands of probes only those that run have the room of a run.
        let verdict = Box::pin(attempt.run(permit)).await;
        self.after_run(due, verdict)
    }

    /// Waits for a place until the next slot is due.
    async fn place(&self, following: Option<Timestamp>) -> Option<super::Permit> {
        let take = self.shared.permits.take(self.probe.id.target(), self.probe.launches);
        match following {
            None => take.await,
            Some(next) => tokio::select! {
                biased; // a place that is free now must win over a slot that has just come
                permit = take => permit,
                () = self.shared.edges.clock.until(next) => None,
                _ = self.shared.tasks.stopped() => None,
            },
        }
    }

    /// Writes down the slots that passed during the run, and decides when to look again.
    fn after_run(&mut self, due: Due, verdict: Verdict) -> Option<Due> {
        let now = self.shared.edges.clock.now();
        let passed = self.timetable.between(due.slot, now);
        let changed = self.changed(verdict);
        if let (Overlap::Queue, Some((waiting, missed))) = (self.probe.overlap, passed.split_last()) {
            self.miss_all(missed, due);
            return Some(Due::on_grid(*waiting));
        }
        self.miss_all(&passed, due);
        let on_grid = self.timetable.next_after(now.max(due.slot));
        if let Some(at) = self.backed_off(now, verdict) {
            let slot = on_grid.map_or(at, |grid| grid.max(at));
            return self.timetable.next_after(slot - Duration::from_micros(1)).map(Due::on_grid);
        }
        let confirmation = now + self.probe.confirm_after;
        match on_grid {
            Some(grid) if changed && confirmation < grid => {
                Some(Due { slot: to_millis(confirmation), confirms: true })
            }
            other => other.map(Due::on_grid),
        }
    }

    /// Whether the verdict went from working to not working or back: worth a second look at once.
    fn changed(&mut self, verdict: Verdict) -> bool {
        if verdict == Verdict::Unknown {
            return false;
        }
        let failed = |v: Verdict| v == Verdict::Failed;
        let before = self.last.replace(verdict);
        match before {
            Some(before) => failed(before) != failed(verdict),
            None => failed(verdict),
        }
    }

    /// While the target is known to be down, when the next launch may be made at the earliest.
    fn backed_off(&self, now: Timestamp, verdict: Verdict) -> Option<Timestamp> {
        let since = self.shared.standing.down_since(self.probe.id.target())?;
        if !self.probe.launches || verdict != Verdict::Failed {
            return None;
        }
        let long = now.duration_since(since) >= LONG_OUTAGE;
        let pause = if long { self.probe.backed_off * 2 } else { self.probe.backed_off };
        Some(now + pause.min(BACKED_OFF_AT_MOST))
    }

    fn miss_all(&self, slots: &[Timestamp], due: Due) {
        // A run that confirms stands for the slots it covers.
        if !due.confirms {
            for slot in slots {
                self.miss(*slot, "the previous run was still going");
            }
        }
    }

    fn miss(&self, slot: Timestamp, why: &str) {
        self.shared.metrics.slot_missed(&self.probe.id);
        let observation = Observation {
            probe: self.probe.id.clone(),
            location: Arc::clone(&self.shared.location),
            slot,
            lag: Duration::ZERO,
            confirms: false,
            outcome: Outcome::bare(Verdict::Unknown, Some(Reason::Missed), why),
        };
        self.shared.hand_over(Letter::Observation(observation));
    }
}

/// Slots are kept in whole milliseconds where they are made up on the spot.
fn to_millis(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}
