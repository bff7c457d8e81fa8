//! The probes that run: begun and retired as the plan changes; what has not changed goes on undisturbed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::work::Work;
use crate::config::{Limits, ProbeConfig, Target};
use crate::observation::ProbeId;
use crate::scheduler::{self, Asks, Life, Permits, Shared};

/// Those that run.
pub(super) struct Crew {
    shared: Arc<Shared>,
    lives: BTreeMap<ProbeId, (String, Life)>,
}

impl Crew {
    /// Nobody yet. What they share has places for no target.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, lives: BTreeMap::new() }
    }

    /// Runs what is asked for, and nothing else.
    pub(super) fn follow(&mut self, work: &Work) {
        let probes: Vec<ProbeConfig> = work.probes.iter().map(|(_, probe)| probe.clone()).collect();
        self.shared = Arc::new(with(&self.shared, &work.targets, &probes));
        let mut before = std::mem::take(&mut self.lives);
        for (made_of, probe) in &work.probes {
            let life = match before.remove(&probe.id) {
                Some((same, life)) if same == *made_of => life,
                Some((_, other)) => scheduler::begin(&self.shared, probe, Some(other.retire())),
                None => scheduler::begin(&self.shared, probe, None),
            };
            self.lives.insert(probe.id.clone(), (made_of.clone(), life));
        }
        for (_, life) in before.into_values() {
            drop(life.retire());
        }
    }

    /// How many.
    pub(super) fn count(&self) -> usize {
        self.lives.len()
    }
}

/// What runners share, for these probes: places that are held go on counting.
pub(super) fn with(before: &Shared, targets: &[Target], probes: &[ProbeConfig]) -> Shared {
    Shared {
        edges: before.edges.clone(),
        ledger: Arc::clone(&before.ledger),
        inbox: before.inbox.clone(),
        permits: before.permits.grown(targets),
        in_flight: before.in_flight.clone(),
        standing: before.standing.clone(),
        asks: Asks::of(probes),
        learned: before.learned.clone(),
        pulse: before.pulse.clone(),
        missed_at_most: scheduler::missed_at_most(probes.len()),
        metrics: before.metrics.clone(),
        tasks: before.tasks.clone(),
        location: Arc::clone(&before.location),
        user_agent: Arc::clone(&before.user_agent),
        grace: before.grace,
    }
}

/// Places for nobody yet.
pub(super) fn no_places(limits: Limits) -> Permits {
    Permits::new(limits, &[])
}
