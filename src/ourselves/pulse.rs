//! The pulse: a task that wakes once a second, and knows by that when we were paused, short of time, or our clock set.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::pace::{LATE, Pace};
use crate::clock::Clock;
use crate::inbox::{Inbox, Letter, Ourselves};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

const EVERY: Duration = Duration::from_secs(1);
/// A second that took so long was a pause of the whole process.
const PAUSE: Duration = Duration::from_secs(10);
/// A clock that is further off than this from the time that passed was set.
const SET: SignedDuration = SignedDuration::from_secs(2);
/// A clock that was set by more than this is worth telling somebody.
const SET_FAR: SignedDuration = SignedDuration::from_secs(60);

/// When we were last known to be awake, and when we were last not. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pulse {
    clock: Clock,
    beats: Arc<Mutex<Beats>>,
}

#[derive(Debug)]
struct Beats {
    last: Instant,
    /// Whether anybody beats: without, nothing can be said.
    alive: bool,
    /// End and length of the last pause.
    pause: Option<(Instant, Duration)>,
}

/// A moment by both measures of time.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    date: Timestamp,
    at: Instant,
}

impl Pulse {
    /// A pulse that does not beat yet.
    pub fn new(clock: Clock) -> Self {
        let beats = Beats { last: Instant::now(), alive: false, pause: None };
        Self { clock, beats: Arc::new(Mutex::new(beats)) }
    }

    /// This moment, to be asked about later.
    pub fn moment(&self) -> Moment {
        Moment { date: self.clock.as_told(), at: Instant::now() }
    }

    /// How long the process or the machine stood still since then, if it did: what was measured meanwhile is worth
    /// nothing. (A clock that was set forward looks the same as a machine that slept.)
    pub fn stood_still_since(&self, then: Moment) -> Option<Duration> {
        let now = Instant::now();
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let since_last = now.saturating_duration_since(beats.last);
        if beats.alive && since_last > PAUSE {
            return Some(since_last);
        }
        let slept = drift(then, Moment { date: self.clock.as_told(), at: now });
        let slept = Duration::try_from(slept).ok().filter(|slept| *slept > PAUSE);
        beats.pause.filter(|(ended, _)| *ended >= then.at).map(|(_, length)| length).or(slept)
    }

    /// Beats; says how long the pause before was, if there was one.
    fn beat(&self) -> Option<Duration> {
        let now = Instant::now();
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let gap = now.saturating_duration_since(std::mem::replace(&mut beats.last, now));
        let paused = beats.alive && gap > PAUSE;
        beats.alive = true;
        if paused {
            beats.pause = Some((now, gap));
        }
        paused.then_some(gap)
    }
}

/// How much further the date moved than time passed.
fn drift(from: Moment, to: Moment) -> SignedDuration {
    let passed = SignedDuration::try_from(to.at.saturating_duration_since(from.at)).unwrap_or_default();
    to.date.duration_since(from.date) - passed
}

/// Beats until the service stops, and puts into the inbox what it notices.
pub async fn beat(pulse: Pulse, inbox: Inbox, metrics: Metrics, tasks: Tasks) {
    let mut pace = Pace::default();
    let mut before = pulse.moment();
    pulse.beat();
    loop {
        let due = Instant::now() + EVERY;
        tokio::select! {
            biased; // two replays must agree
            _ = tasks.stopped() => return,
            () = tokio::time::sleep_until(due) => {}
        }
        let now = pulse.moment();
        let late = now.at.saturating_duration_since(due);
        if let Some(paused) = pulse.beat() {
            metrics.paused(paused);
            tracing::warn!(
                "launchwatch was paused for {} s: what passed meanwhile is not known",
                paused.as_secs()
            );
        } else if let Some(short) = pace.woke(late) {
            tell(&inbox, &metrics, "pace", !short, pace_in_words(short, &pace));
        }
        let off = drift(before, now);
        if off.abs() > SET {
            metrics.clock_set();
            let words = set_in_words(off);
            tracing::warn!("{words}");
            if off.abs() > SET_FAR {
                tell(&inbox, &metrics, "clock", false, words);
            }
        }
        before = now;
    }
}

fn tell(inbox: &Inbox, metrics: &Metrics, probe: &str, good: bool, summary: String) {
    if !inbox.put(Letter::Ourselves(Ourselves { probe: probe.to_owned(), good, summary })) {
        metrics.letter_dropped();
    }
}

fn pace_in_words(short: bool, pace: &Pace) -> String {
    if !short {
        return "launchwatch gets the time it needs again".into();
    }
    format!(
        "launchwatch is short of CPU: tasks wake up to {} ms late (limit {} ms); latencies measured meanwhile are not \
         the target's. Give it more CPU, or run fewer probes",
        pace.worst().as_millis(),
        LATE.as_millis()
    )
}

fn set_in_words(off: SignedDuration) -> String {
    let direction = if off.is_negative() { "back" } else { "forward" };
    let seconds = off.abs().as_secs();
    format!("the clock of this machine was set {direction} by {seconds} s (or the machine slept)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse() -> Pulse {
        Pulse::new(Clock::simulated("2018-07-07T12:00:00Z".parse().unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_noticed_by_whoever_looks_first() {
        let pulse = pulse();
        pulse.beat();
        let began = pulse.moment();
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(pulse.stood_still_since(began), Some(Duration::from_secs(600)), "before the beat");
        assert_eq!(pulse.beat(), Some(Duration::from_secs(600)));
        assert_eq!(pulse.stood_still_since(began), Some(Duration::from_secs(600)), "after the beat");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(pulse.beat(), None);
        assert_eq!(pulse.stood_still_since(pulse.moment()), None, "of what began later");
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_slept_shows_by_its_date() {
        let pulse = pulse();
        pulse.beat();
        let began = pulse.moment();
        pulse.clock.set_by(SignedDuration::from_mins(10));
        assert_eq!(pulse.stood_still_since(began), Some(Duration::from_secs(600)));
        pulse.clock.set_by(SignedDuration::from_mins(-20));
        assert_eq!(pulse.stood_still_since(began), None, "a clock that was set back stops nobody");
    }
}
