//! How targets and probes stand in the eyes of the engine: written by the recorder, read by the runners.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

use crate::observation::ProbeId;

/// Targets that are known to be down, and probes that are in doubt.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    down: BTreeMap<String, Timestamp>,
    doubted: BTreeSet<ProbeId>,
}

impl Standing {
    /// Since when the target has been down, as far as we know.
    pub fn down_since(&self, target: &str) -> Option<Timestamp> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).down.get(target).copied()
    }

    /// Whether this probe has failed and nothing is decided yet, or it works again and its trouble is not over.
    pub fn doubted(&self, probe: &ProbeId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).doubted.contains(probe)
    }

    /// Notes of some targets since when they have been down; `None` if they are not.
    pub fn set<'a>(&self, news: impl Iterator<Item = (&'a String, Option<Timestamp>)>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (target, since) in news {
            match since {
                Some(since) => known.down.insert(target.clone(), since),
                None => known.down.remove(target),
            };
        }
    }

    /// Notes of some probes whether they are in doubt.
    pub fn doubt<'a>(&self, news: impl Iterator<Item = (&'a ProbeId, bool)>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (probe, doubted) in news {
            if doubted {
                known.doubted.insert(probe.clone());
            } else {
                known.doubted.remove(probe);
            }
        }
    }
}
