//! Those who look from elsewhere: what each is to look at, what was last heard of it, and whether it is silent.

mod stand;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::config::{AgentConfig, Config, RunBy};
use crate::observation::ProbeId;
use crate::telemetry::Metrics;
use crate::wire::Report;

pub use stand::{Heard, Stand, State};
pub use watch::watch;

/// Reports that are taken in at once: each may hold megabytes.
const AT_ONCE: usize = 8;

/// Everybody who looks from elsewhere. Cheap to clone.
#[derive(Clone)]
pub struct Agents(Arc<Inner>);

struct Inner {
    agents: BTreeMap<Arc<str>, Agent>,
    heard: Mutex<BTreeMap<Arc<str>, Heard>>,
    /// How long runs are kept: what is older need not be told.
    retention: SignedDuration,
    room: Semaphore,
}

/// What the configuration says of one.
#[derive(Debug)]
pub struct Agent {
    /// The name of its location.
    pub name: Arc<str>,
    /// Without a word for so long, it counts as silent.
    pub silent_after: SignedDuration,
    /// What it is to look at.
    pub configuration: Value,
    /// Changes when that does.
    pub version: String,
    /// Its probes, as series: `target/probe@location`.
    pub probes: BTreeSet<ProbeId>,
}

impl Default for Agents {
    fn default() -> Self {
        Self::made(&[], |_| BTreeSet::new(), SignedDuration::from_hours(24), Timestamp::UNIX_EPOCH)
    }
}

impl Agents {
    /// Those of this configuration, of whom nothing was heard yet.
    pub fn of(config: &Config, now: Timestamp) -> Self {
        let its = |agent: &AgentConfig| {
            let its = |by: &RunBy| matches!(by, RunBy::Agent(name) if *name == agent.name);
            config.probes.iter().filter(|p| its(&p.by)).map(|p| p.id.clone()).collect()
        };
        let retention = SignedDuration::try_from(config.service.retention.runs);
        Self::made(&config.agents, its, retention.unwrap_or(SignedDuration::MAX), now)
    }

    fn made(
        agents: &[AgentConfig],
        its: impl Fn(&AgentConfig) -> BTreeSet<ProbeId>,
        retention: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let made = |agent: &AgentConfig| Agent {
            name: Arc::clone(&agent.name),
            silent_after: SignedDuration::try_from(agent.silent_after).unwrap_or(SignedDuration::MAX),
            configuration: agent.configuration.clone(),
            version: agent.version.clone(),
            probes: its(agent),
        };
        let heard = agents.iter().map(|a| (Arc::clone(&a.name), Heard::nothing(now))).collect();
        let agents = agents.iter().map(|a| (Arc::clone(&a.name), made(a))).collect();
        Self(Arc::new(Inner { agents, heard: Mutex::new(heard), retention, room: Semaphore::new(AT_ONCE) }))
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Agent> {
        self.0.agents.get(name)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Agent> {
        self.0.agents.values()
    }

    /// How long runs are kept.
    pub fn retention(&self) -> SignedDuration {
        self.0.retention
    }

    /// Room for a report; who cannot have it waits.
    pub fn room(&self) -> &Semaphore {
        &self.0.room
    }

    /// After a start: what is on record says when each was last heard of. Time in which we ourselves did not listen, as
    /// far as the record tells, counts for nobody's silence.
    pub fn recall(&self, last_slots: &BTreeMap<ProbeId, Timestamp>, now: Timestamp, metrics: &Metrics) {
        let Some(listened) = last_slots.values().max().copied().map(|at| at.min(now)) else { return };
        let mut heard = self.heard();
        for agent in self.all() {
            let last =
                last_slots.range(..).filter(|(id, _)| agent.probes.contains(*id)).map(|(_, slot)| *slot);
            let (Some(last), Some(of)) = (last.max(), heard.get_mut(&agent.name)) else { continue };
            of.last = of.last.max(Some(last.min(now)));
            metrics.agent(&agent.name, last.min(now), None, 0, 0);
            of.counted = now - listened.duration_since(last).max(SignedDuration::ZERO);
        }
    }

    /// A word of one of them has come in.
    pub fn heard_of(&self, name: &str, report: &Report, now: Timestamp, metrics: &Metrics) {
        let mut heard = self.heard();
        let Some(of) = heard.get_mut(name) else { return };
        of.take(report, now);
        metrics.agent(name, now, of.clock_ahead, of.waiting, of.lost_since_start);
    }

    /// How one of them stands.
    pub fn stand(&self, name: &str, now: Timestamp) -> Option<Stand> {
        let agent = self.get(name)?;
        Some(self.heard().get(name)?.stand(agent, now))
    }

    fn heard(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Heard>> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
