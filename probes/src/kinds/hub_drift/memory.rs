//! What earlier looks left in mind: since when something has been wrong. Nothing in it survives a restart.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::compare::Key;

/// How long a start that failed although its pod was ready is counted.
const COUNTED: SignedDuration = SignedDuration::from_secs(300);

/// Never larger than the last two lists: what is not seen again is forgotten.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Pods without a server, by uid.
    pub(super) orphans: Since<String>,
    /// Servers without a pod; another start of the same server is another.
    pub(super) ghosts: Since<(Key, Option<Timestamp>)>,
    /// Starts whose pods are ready and which should be through within seconds.
    pub(super) due: BTreeMap<Key, Due>,
    /// When such starts failed, and on which node.
    failed: Vec<(Timestamp, String)>,
}

/// A start whose pod is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) started: Option<Timestamp>,
    pub(super) node: String,
}

/// Since when each of some things has been there without a break.
#[derive(Debug)]
pub(super) struct Since<K>(BTreeMap<K, Timestamp>);

impl<K> Default for Since<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Since<K> {
    /// Takes note of all that are there now; the others are forgotten.
    pub(super) fn see(&mut self, there: impl Iterator<Item = K>, now: Timestamp) {
        let mut before = std::mem::take(&mut self.0);
        self.0 = there
            .map(|key| {
                let since = before.remove(&key).unwrap_or(now);
                (key, since)
            })
            .collect();
    }

    /// For how long this one has been there.
    pub(super) fn how_long(&self, key: &K, now: Timestamp) -> SignedDuration {
        self.0.get(key).map_or(SignedDuration::ZERO, |since| now.duration_since(*since))
    }
}

impl Memory {
    /// A start failed although its pod was ready.
    pub(super) fn note_failed(&mut self, node: String, now: Timestamp) {
        self.failed.push((now, node));
    }

    /// How many starts failed so lately, by node.
    pub(super) fn failed_on(&mut self, now: Timestamp) -> BTreeMap<String, usize> {
        self.failed.retain(|(at, _)| now.duration_since(*at) <= COUNTED);
        let mut nodes = BTreeMap::new();
        for (_, node) in &self.failed {
            *nodes.entry(node.clone()).or_default() += 1;
        }
        nodes
    }
}
