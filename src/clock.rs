//! The date and the waiting, from one source: the only file that asks the system what time it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells the date. Never goes back: when the system's clock is set back, ours goes at nine tenths of its speed until
/// the system's has caught up, so that slots stay in order, durations positive, and nobody waits an hour for a retry.
#[derive(Clone)]
pub struct Clock {
    system: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// What was told last, and when.
    ours: Arc<Mutex<(Timestamp, Instant)>>,
    /// Of a simulated clock: how far it was set away from the time that passes, in milliseconds.
    shift: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn system() -> Self {
        Self::over(Arc::new(Timestamp::now), None)
    }

    /// A clock that starts at `origin` and moves exactly as waits do: with tokio's time, paused or not.
    pub fn simulated(origin: Timestamp) -> Self {
        let started = Instant::now();
        let shift = Arc::new(AtomicI64::new(0));
        let set = Arc::clone(&shift);
        let system = move || {
            let moved = SignedDuration::from_millis(set.load(Ordering::Relaxed));
            SignedDuration::try_from(started.elapsed())
                .map_or(origin, |e| origin.saturating_add(e + moved).unwrap_or(origin))
        };
        Self::over(Arc::new(system), Some(shift))
    }

    fn over(system: Arc<dyn Fn() -> Timestamp + Send + Sync>, shift: Option<Arc<AtomicI64>>) -> Self {
        let ours = Arc::new(Mutex::new((system(), Instant::now())));
        Self { system, ours, shift }
    }

    /// Sets a simulated clock forward or back, as an administrator or a time server may; the system's stays as it is.
    pub fn set_by(&self, by: SignedDuration) {
        if let Some(shift) = &self.shift {
            shift.fetch_add(i64::try_from(by.as_millis()).unwrap_or_default(), Ordering::Relaxed);
        }
    }

    /// The date now.
    pub fn now(&self) -> Timestamp {
        let (system, at) = ((self.system)(), Instant::now());
        let mut ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        *ours = (reconciled(ours.0, at.saturating_duration_since(ours.1), system), at.max(ours.1));
        ours.0
    }

    /// What the system says, also while ours waits for it.
    pub fn as_told(&self) -> Timestamp {
        (self.system)()
    }

    /// Waits until the date is `moment`. Looks again after at most a minute: dates may jump (suspend, NTP step).
    pub async fn until(&self, moment: Timestamp) {
        const SLICE: Duration = Duration::from_secs(60);
        loop {
            let Ok(left) = Duration::try_from(moment.duration_since(self.now())) else { return };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(SLICE)).await;
        }
    }
}

/// Our date, from the last one, the time that passed since, and what the system says now.
fn reconciled(ours: Timestamp, passed: Duration, system: Timestamp) -> Timestamp {
    let slow = SignedDuration::try_from(passed / 10 * 9).unwrap_or_default();
    ours.saturating_add(slow).map_or(system, |at_least| at_least.max(system))
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn ours_follows_the_system_forward_at_once_and_waits_for_it_when_it_was_set_back() {
        let table = [
            ("they agree", 1_000, 10, 1_010, 1_010),
            ("set forward by an hour", 1_000, 10, 4_610, 4_610),
            ("set back by an hour", 5_000, 10, 1_410, 5_009),
            ("still waiting", 5_009, 1_000, 2_410, 5_909),
            ("caught up", 5_909, 10, 5_950, 5_950),
            ("nothing passed", 1_000, 0, 900, 1_000),
        ];
        for (what, ours, passed, system, expected) in table {
            let told = reconciled(at(ours), Duration::from_secs(passed), at(system));
            assert_eq!(told, at(expected), "{what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_although_the_clock_is_set_back_meanwhile() {
        let clock = Clock::simulated(at(100_000));
        clock.set_by(SignedDuration::from_hours(-1));
        let began = Instant::now();
        clock.until(at(100_090)).await;
        let took = began.elapsed().as_secs();
        assert!((99..=101).contains(&took), "{took}");
        assert!(clock.as_told() < clock.now());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_notices_within_a_minute_that_the_clock_was_set_forward() {
        let clock = Clock::simulated(at(100_000));
        let setter = clock.clone();
        let set = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            setter.set_by(SignedDuration::from_hours(1));
        };
        let began = Instant::now();
        tokio::join!(clock.until(at(103_000)), set);
        assert_eq!(began.elapsed().as_secs(), 60);
    }
}
