//! What earlier looks of this process saw: which components there were, since when they are away, what restarted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;

use crate::cluster::since;

/// How far back restarts count.
const WINDOW: f64 = 600.0;

/// What is kept between two looks.
#[derive(Default)]
pub(super) struct Memory {
    seen: BTreeSet<String>,
    away: BTreeMap<String, Timestamp>,
    /// By pod and container: the counter of restarts, as each look saw it.
    restarts: BTreeMap<String, VecDeque<(Timestamp, u64)>>,
}

impl Memory {
    /// Whether this component has ever had pods; `now` it has some, or not.
    pub(super) fn knows(&mut self, component: &str, has_pods: bool) -> bool {
        if has_pods && !self.seen.contains(component) {
            self.seen.insert(component.to_owned());
        }
        self.seen.contains(component)
    }

    /// For how many seconds a component has been away. `from`: when its pods say that it went, if they do.
    pub(super) fn away(&mut self, component: &str, from: Option<Timestamp>, now: Timestamp) -> f64 {
        let from = from.unwrap_or(now).min(now);
        let from = *self.away.entry(component.to_owned()).or_insert(from);
        since(from, now)
    }

    /// The component is there.
    pub(super) fn back(&mut self, component: &str) {
        self.away.remove(component);
    }

    /// How often a container was restarted within the window, as far as we saw; `counter`: what it says now.
    pub(super) fn restarted(&mut self, container: String, counter: u64, now: Timestamp) -> u64 {
        let looks = self.restarts.entry(container).or_default();
        looks.push_back((now, counter));
        while looks.front().is_some_and(|(at, _)| since(*at, now) > WINDOW) {
            looks.pop_front();
        }
        looks.front().map_or(0, |(_, first)| counter.saturating_sub(*first))
    }

    /// Forgets containers that nobody has seen within the window.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.restarts.retain(|_, looks| looks.back().is_some_and(|(at, _)| since(*at, now) < WINDOW));
    }
}
