//! Since when servers start or stop, as far as one process saw.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::hub::{HubServer, Pending};

/// Remembers when each wait was first seen; after a restart, waits look shorter than they are.
#[derive(Debug, Default)]
pub(super) struct Waits {
    first_seen: BTreeMap<(String, String, bool), Timestamp>,
}

impl Waits {
    /// Takes note of a whole list; what waits no more is forgotten.
    pub(super) fn see(&mut self, servers: &[HubServer], now: Timestamp) {
        let waiting = servers.iter().filter(|s| matches!(s.pending, Pending::Spawn | Pending::Stop));
        self.first_seen =
            waiting.map(key).map(|k| (k.clone(), self.first_seen.get(&k).copied().unwrap_or(now))).collect();
    }

    /// Seconds of the longest wait of this kind; 0 when nothing waits.
    pub(super) fn oldest(&self, servers: &[HubServer], pending: Pending, now: Timestamp) -> f64 {
        let waiting = servers.iter().filter(|s| s.pending == pending);
        let since = waiting.map(|server| {
            let seen = self.first_seen.get(&key(server)).copied().unwrap_or(now);
            // When a start was asked for is in the Hub's books, when a stop was is not.
            let booked = server.started.filter(|_| pending == Pending::Spawn);
            booked.map_or(seen, |at| at.min(seen))
        });
        since.min().map_or(0.0, |since| now.duration_since(since).as_secs_f64().max(0.0))
    }
}

fn key(server: &HubServer) -> (String, String, bool) {
    (server.user.clone(), server.name.clone(), server.pending == Pending::Stop)
}
