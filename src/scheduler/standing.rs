//! Which targets are known to be down: written by the recorder, read by the runners.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

/// Targets with an open incident.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<RwLock<BTreeMap<String, Timestamp>>>);

impl Standing {
    /// Since when the target has been down, as far as we know.
    pub fn down_since(&self, target: &str) -> Option<Timestamp> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(target).copied()
    }

    /// Notes of some targets since when they have been down; `None` if they are not.
    pub fn set<'a>(&self, news: impl Iterator<Item = (&'a String, Option<Timestamp>)>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (target, since) in news {
            match since {
                Some(since) => known.insert(target.clone(), since),
                None => known.remove(target),
            };
        }
    }
}
