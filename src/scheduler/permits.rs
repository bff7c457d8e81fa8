//! How many runs at once: launches per target and in all, other runs in all.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::{Limits, Target};

/// What a run holds while it goes on; a followed launch goes on holding it.
#[derive(Debug)]
pub struct Permit(
    #[expect(dead_code, reason = "held, not read: dropping it gives the places back")]
    Vec<OwnedSemaphorePermit>,
);

/// The places there are.
#[derive(Debug)]
pub struct Permits {
    runs: Arc<Semaphore>,
    launches: Arc<Semaphore>,
    by_target: BTreeMap<String, Arc<Semaphore>>,
    limits: Limits,
}

impl Permits {
    /// Places as configured.
    pub fn new(limits: Limits, targets: &[Target]) -> Self {
        let of_target = |t: &Target| (t.name.clone(), Arc::new(Semaphore::new(limits.launches_per_target)));
        Self {
            runs: Arc::new(Semaphore::new(limits.runs)),
            launches: Arc::new(Semaphore::new(limits.launches)),
            by_target: targets.iter().map(of_target).collect(),
            limits,
        }
    }

    /// The same places, with those of targets that are new. What is held goes on counting.
    #[must_use]
    pub fn grown(&self, targets: &[Target]) -> Self {
        let new = || Arc::new(Semaphore::new(self.limits.launches_per_target));
        let of_target =
            |t: &Target| (t.name.clone(), self.by_target.get(&t.name).cloned().unwrap_or_else(new));
        Self {
            runs: Arc::clone(&self.runs),
            launches: Arc::clone(&self.launches),
            by_target: targets.iter().map(of_target).collect(),
            limits: self.limits,
        }
    }

    /// Waits for the places of a run. `None` only if a place can never be had (an unknown target).
    pub async fn take(&self, target: &str, launches: bool) -> Option<Permit> {
        if !launches {
            return Some(Permit(vec![Arc::clone(&self.runs).acquire_owned().await.ok()?]));
        }
        let of_target = Arc::clone(self.by_target.get(target)?).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.launches).acquire_owned().await.ok()?;
        Some(Permit(vec![of_target, of_all]))
    }

    /// The places of a run, if they are free now.
    pub fn free(&self, target: &str, launches: bool) -> Option<Permit> {
        let one = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
        if !launches {
            return Some(Permit(vec![one(&self.runs)?]));
        }
        let of_target = one(self.by_target.get(target)?)?;
        Some(Permit(vec![of_target, one(&self.launches)?]))
    }

    /// Launches in flight at a target, those followed in the background included.
    pub fn launches_in_flight(&self, target: &str) -> usize {
        let free = self.by_target.get(target).map_or(0, |s| s.available_permits());
        self.limits.launches_per_target.saturating_sub(free)
    }
}
