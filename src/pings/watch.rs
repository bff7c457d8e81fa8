//! Waits for those who should have said something, and says that they did not.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Pings, learn_news};
use crate::clock::Clock;
use crate::inbox::{Inbox, Letter};
use crate::tasks::Tasks;

/// Longest that nobody looks at the clock: dates may jump.
const LOOK: Duration = Duration::from_secs(30);
/// Shortest pause: many who are late at once are told together.
const PAUSE: Duration = Duration::from_secs(1);
/// Who wakes up so much later than asked for stood still, and may not have heard what was said.
const STOOD_STILL: Duration = Duration::from_secs(15);

/// Watches until the service stops.
pub async fn watch(pings: Arc<Pings>, clock: Clock, inbox: Inbox, tasks: Tasks) {
    if pings.rows.is_empty() {
        return;
    }
    loop {
        let now = clock.now();
        pings.say(&inbox, now).await;
        let pause = pings.pause(now);
        tokio::select! {
            biased; // two replays must agree
            _ = tasks.stopped() => return,
            () = pings.moved.notified() => continue,
            () = tokio::time::sleep(pause) => {}
        }
        let woken = clock.now();
        let late = Duration::try_from(woken.duration_since(now)).unwrap_or_default().saturating_sub(pause);
        if late > STOOD_STILL {
            tracing::info!("stood still: jobs that could not be heard meanwhile get their whole grace again");
            pings.rows.iter().for_each(|row| row.forgive(woken));
        }
    }
}

impl Pings {
    /// Hands over what is to be said about those who said nothing.
    async fn say(&self, inbox: &Inbox, now: Timestamp) {
        let Some(parts) = &self.parts else { return };
        for row in &self.rows {
            // Whoever is just telling something is not silent.
            let Ok(_turn) = row.turn.try_lock() else { continue };
            if row.next().is_none_or(|at| at > now) || learn_news(parts, row).await.is_err() {
                continue;
            }
            while let Some(found) = row.due(now) {
                let seen = row.seen(&parts.location, found);
                if !inbox.put(Letter::Observation(seen.clone())) {
                    break;
                }
                row.saw([&seen]);
            }
        }
    }

    fn pause(&self, now: Timestamp) -> Duration {
        let next = self.rows.iter().filter_map(|row| row.next()).min();
        let until = next.map_or(LOOK, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        until.clamp(PAUSE, LOOK)
    }
}
