//! The date and the waiting, from one source: the only file that asks the system what time it is.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells the date.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that starts at `origin` and moves exactly as waits do: with tokio's time, paused or not.
    pub fn simulated(origin: Timestamp) -> Self {
        let started = Instant::now();
        Self(Arc::new(move || {
            SignedDuration::try_from(started.elapsed())
                .map_or(origin, |e| origin.saturating_add(e).unwrap_or(origin))
        }))
    }

    /// The date now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// Waits until the date is `moment`. Looks again after at most a minute: dates may jump (suspend, NTP step).
    pub async fn until(&self, moment: Timestamp) {
        const SLICE: std::time::Duration = std::time::Duration::from_secs(60);
        loop {
            let Ok(left) = std::time::Duration::try_from(moment.duration_since(self.now())) else { return };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(SLICE)).await;
        }
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
