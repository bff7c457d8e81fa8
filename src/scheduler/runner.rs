//! One probe's life: wait for the slot, take a place, run within the deadline, hand over what was found.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::{Outcome, Reason, Verdict};

use super::asks::Bell;
use super::attempt::Attempt;
use super::{Permit, Retired, Shared, Timetable};
use crate::config::{Overlap, ProbeConfig};
use crate::inbox::Letter;
use crate::observation::Observation;
use crate::tasks::OnExit;

/// Who wakes up this much later than the slot was paused: what was due meanwhile is missed, not made up for, or all
/// probes would run at once.
const PAUSED: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);
/// Runs that are added to the grid in one doubt.
const CONFIRMATIONS: u32 = 6;
/// Of probes that launch nothing, the pauses between them, as multiples of the first: 2, 10, 20, 30 s.
const STRETCH: [u32; 4] = [1, 5, 10, 15];
/// Longest pause between confirmations, unless the first is longer.
const STRETCHED_AT_MOST: Duration = Duration::from_secs(30);

/// Runs one probe until the service stops, or the probe is retired: then a run that goes on still comes to its end.
pub(super) async fn run(shared: Arc<Shared>, probe: Arc<ProbeConfig>, retired: Retired) {
    let timetable = Timetable::new(probe.schedule.clone(), &probe.id);
    let bell = shared.asks.bell(&probe.id);
    let mut runner = Runner {
        timetable,
        shared,
        probe,
        bell,
        last: None,
        confirmations: 0,
        recovering: false,
        resting: false,
    };
    let mut now = runner.shared.edges.clock.now();
    let mut due = runner.timetable.next_after(now).map(Due::on_grid);
    while let Some(next) = due {
        let waits = next.slot > now;
        let asked = tokio::select! {
            biased; // a stop wins over a slot that comes at the same moment: no run begins that cannot end
            _ = runner.shared.tasks.stopped() => return,
            () = retired.comes() => return,
            () = runner.shared.edges.clock.until(next.slot) => None,
            why = runner.bell.heard() => Some(why),
        };
        now = runner.shared.edges.clock.now();
        due = if let Some(why) = asked {
            runner.look_again(next, why, now).await
        } else if waits && now.duration_since(next.slot) > PAUSED {
            runner.sleep_over(next, now)
        } else if next.confirms && !runner.resting && !runner.wants_confirmation() {
            runner.timetable.next_after(now).map(Due::on_grid)
        } else {
            runner.slot(next).await
        };
        now = runner.shared.edges.clock.now();
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
    bell: Arc<Bell>,
    /// The last verdict that counts.
    last: Option<Verdict>,
    /// Runs that were added to the grid since the last change.
    confirmations: u32,
    /// It failed (or nothing was known), it works again, and its trouble is not over. Other trouble, such as being
    /// slow, is not decided sooner by looking more often.
    recovering: bool,
    /// The next run is later than the grid says, since the target is known to be down.
    resting: bool,
}

impl Runner {
    /// Runs one slot and says when the next is due.
    async fn slot(&mut self, due: Due) -> Option<Due> {
        let following = self.timetable.next_after(due.slot);
        let Some(permit) = self.place(following).await else {
            self.miss(due.slot, "no place was free: as many launches or runs as allowed were in flight");
            return following.map(Due::on_grid);
        };
        self.occupy(due, permit, None).await
    }

    /// Looks out of its time, at somebody's wish and if a place is free; then goes on as the verdict demands.
    async fn look_again(&mut self, next: Due, why: Arc<str>, now: Timestamp) -> Option<Due> {
        let Some(permit) = self.shared.permits.free(self.probe.id.target(), self.probe.launches) else {
            tracing::info!(probe.id = %self.probe.id, "not looked again {why}: no place was free");
            return Some(next);
        };
        tracing::info!(probe.id = %self.probe.id, "looks again {why}");
        self.occupy(Due { slot: to_millis(now), confirms: true }, permit, Some(why)).await
    }

    /// Runs with this place, and says when the next run is due.
    async fn occupy(&mut self, due: Due, permit: Permit, asked: Option<Arc<str>>) -> Option<Due> {
        let following = self.timetable.next_after(due.slot);
        let attempt = Attempt::new(&self.shared, &self.probe, due.slot, due.confirms).asked(asked);
        if self.probe.overlap == Overlap::Allow {
            let name = format!("run/{}", self.probe.id);
            self.shared.tasks.spawn(name, OnExit::Fine, async move {
                attempt.run(permit).await;
            });
            return following.map(Due::on_grid);
        }
        let began = self.shared.pulse.moment();
        // In a box, so that of thousands of probes only those that run have the room of a run.
        let verdict = Box::pin(attempt.run(permit)).await;
        self.bell.hush();
        if self.shared.pulse.stood_still_since(began).is_some() {
            let now = self.shared.edges.clock.now();
            self.miss_pause(&self.timetable.between(due.slot, now));
            return self.timetable.next_after(now.max(due.slot)).map(Due::on_grid);
        }
        self.after_run(due, verdict)
    }

    /// Slots passed while the process or the machine stood still.
    fn sleep_over(&self, due: Due, now: Timestamp) -> Option<Due> {
        let mut passed = self.timetable.between(due.slot, now);
        if !due.confirms {
            passed.insert(0, due.slot);
        }
        self.miss_pause(&passed);
        self.timetable.next_after(now).map(Due::on_grid)
    }

    fn miss_pause(&self, passed: &[Timestamp]) {
        for slot in passed.iter().take(self.shared.missed_at_most) {
            self.miss(*slot, "launchwatch was paused");
        }
    }

    /// Waits for a place until the next slot is due.
    async fn place(&self, following: Option<Timestamp>) -> Option<Permit> {
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
        let confirmation = self.confirmation(now, verdict);
        if let (Overlap::Queue, Some((waiting, missed))) = (self.probe.overlap, passed.split_last()) {
            self.miss_all(missed, due);
            return Some(Due::on_grid(*waiting));
        }
        self.miss_all(&passed, due);
        let on_grid = self.timetable.next_after(now.max(due.slot));
        let pause = self.backed_off(now, verdict);
        // Not on the grid: its next slot may be nearly twice as far away, and people wait to hear that it is over.
        self.resting = pause.is_some_and(|at| on_grid.is_some_and(|grid| grid < at));
        if let Some(at) = pause.filter(|_| self.resting) {
            return Some(Due { slot: to_millis(at), confirms: true });
        }
        match (on_grid, confirmation) {
            (Some(grid), Some(at)) if at < grid => {
                self.confirmations += 1;
                Some(Due { slot: to_millis(at), confirms: true })
            }
            _ => on_grid.map(Due::on_grid),
        }
    }

    /// When to look again besides the grid: while a failure is not decided (the target is not known to be down), and
    /// while it works again and is not yet believed.
    fn confirmation(&mut self, now: Timestamp, verdict: Verdict) -> Option<Timestamp> {
        if verdict == Verdict::Unknown {
            return None;
        }
        let before = self.last.replace(verdict);
        if before.is_none_or(failed) != failed(verdict) {
            (self.confirmations, self.recovering) = (0, !failed(verdict));
        }
        if !failed(verdict) {
            self.recovering &= self.wants_confirmation();
        }
        // Of a failure just found the engine does not know yet: it is asked again when the moment has come.
        if !failed(verdict) && !self.recovering || self.known_to_be_down() {
            return None;
        }
        let stretch =
            |n: u32| usize::try_from(n).ok().and_then(|n| STRETCH.get(n)).or(STRETCH.last()).copied();
        let first = self.probe.confirm_after;
        let pause = match stretch(self.confirmations) {
            Some(times) if !self.probe.launches => (first * times).min(STRETCHED_AT_MOST.max(first)),
            _ => first,
        };
        (self.confirmations < CONFIRMATIONS).then(|| now + pause)
    }

    /// Whether the engine has not made up its mind about this probe.
    fn wants_confirmation(&self) -> bool {
        self.shared.standing.doubted(&self.probe.id) && !self.known_to_be_down()
    }

    /// Whether it fails, and that is no news.
    fn known_to_be_down(&self) -> bool {
        self.last.is_some_and(failed) && self.shared.standing.down_since(self.probe.id.target()).is_some()
    }

    /// While the target is known to be down, when the next launch may be made at the earliest.
    fn backed_off(&self, now: Timestamp, verdict: Verdict) -> Option<Timestamp> {
        self.shared.standing.down_since(self.probe.id.target())?;
        (self.probe.launches && verdict == Verdict::Failed).then(|| now + self.probe.backed_off)
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

fn failed(verdict: Verdict) -> bool {
    verdict == Verdict::Failed
}

/// Slots are kept in whole milliseconds where they are made up on the spot.
fn to_millis(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}
