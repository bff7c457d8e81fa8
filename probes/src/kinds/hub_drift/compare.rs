//! The comparison: pods as they were a moment before the servers, and what earlier looks left in mind. Pure.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::memory::{Due, Memory};
use crate::cluster::Pod;
use crate::hub::{HubServer, Pending};

/// User and name of a server.
pub(super) type Key = (String, String);

/// An orphan is older than a start and a stop may take together.
const ORPHAN_AGE: SignedDuration = SignedDuration::from_secs(600);
/// Two looks that far apart must agree.
const ORPHAN_SEEN: SignedDuration = SignedDuration::from_secs(120);
/// A server may be without a pod for so long: the Hub looks after its servers every 30 s.
const GHOST_SEEN: SignedDuration = SignedDuration::from_secs(120);
/// From a ready pod to a ready server: 30 s for the first contact, 30 s for the route, and slack.
const NOTICED: SignedDuration = SignedDuration::from_secs(75);
/// A healthy Hub has noticed by then.
const DUE: SignedDuration = SignedDuration::from_secs(10);
/// Clocks may be apart by so much.
const CLOCKS: SignedDuration = SignedDuration::from_secs(60);
/// Old enough that it must be in both lists.
const SETTLED: SignedDuration = SignedDuration::from_secs(120);
/// So many settled pods and servers, and not one of them on both sides, are no coincidence.
const STRANGERS: usize = 3;

/// What one comparison found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Drift {
    pub(super) pods: usize,
    /// Pods that have not ended.
    pub(super) living: usize,
    pub(super) servers: usize,
    pub(super) matched: usize,
    /// Names of pods.
    pub(super) orphans: Vec<String>,
    pub(super) leftovers: usize,
    /// Names of pods.
    pub(super) stuck: Vec<String>,
    pub(super) ghosts: usize,
    /// Nodes on which pods were ready and could not be reached in the last minutes.
    pub(super) unreachable_on: BTreeMap<String, usize>,
    pub(super) waiting_room: usize,
    pub(super) waiting_node: usize,
}

/// Compares. What cannot be true changes nothing in `memory`.
///
/// # Errors
/// Why the two lists do not belong together.
pub(super) fn compare(
    pods: &[Pod],
    servers: &[HubServer],
    memory: &mut Memory,
    now: Timestamp,
) -> Result<Drift, String> {
    let world = World::new(pods, servers, now);
    world.same_clock()?;
    world.same_world()?;
    let (room, node) = world.waiting();
    Ok(Drift {
        pods: pods.len(),
        living: pods.iter().filter(|p| !p.is_finished()).count(),
        servers: servers.len(),
        matched: world.matched(),
        orphans: world.orphans(memory),
        leftovers: world.without_server().filter(|p| p.is_finished() && !p.is_terminating()).count(),
        stuck: world.stuck(),
        ghosts: world.ghosts(memory),
        unreachable_on: world.unreachable(memory),
        waiting_room: room,
        waiting_node: node,
    })
}

struct World<'a> {
    /// Pods that say whose they are.
    pods: Vec<(Key, &'a Pod)>,
    /// Pods that do not.
    nobodys: usize,
    servers: BTreeMap<Key, &'a HubServer>,
    by_key: BTreeMap<Key, Vec<&'a Pod>>,
    now: Timestamp,
}

impl<'a> World<'a> {
    fn new(pods: &'a [Pod], servers: &'a [HubServer], now: Timestamp) -> Self {
        let keyed: Vec<_> = pods.iter().filter_map(|pod| Some((key_of(pod)?, pod))).collect();
        let mut by_key: BTreeMap<Key, Vec<&Pod>> = BTreeMap::new();
        for (key, pod) in &keyed {
            by_key.entry(key.clone()).or_default().push(pod);
        }
        Self {
            nobodys: pods.iter().filter(|p| key_of(p).is_none() && !p.is_finished()).count(),
            pods: keyed,
            servers: servers.iter().map(|s| ((s.user.clone(), s.name.clone()), s)).collect(),
            by_key,
            now,
        }
    }

    /// Ages mean something only when all clocks show the same.
    fn same_clock(&self) -> Result<(), String> {
        let ahead = |at: Timestamp| at.duration_since(self.now);
        let pod = self.pods.iter().filter_map(|(_, p)| p.metadata.creation_timestamp).map(ahead).max();
        let server = self.servers.values().filter_map(|s| s.started).map(ahead).max();
        for (whose, ahead) in [("the cluster", pod), ("the Hub", server)] {
            if let Some(ahead) = ahead.filter(|a| *a > CLOCKS) {
                let seconds = ahead.as_secs();
                return Err(format!("clocks apart: something began in {whose} {seconds} s in the future"));
            }
        }
        Ok(())
    }

    /// Another namespace or another Hub would make everything an orphan or a ghost.
    fn same_world(&self) -> Result<(), String> {
        if self.matched() > 0 {
            return Ok(());
        }
        let old = |at: Option<Timestamp>| at.is_some_and(|at| self.now.duration_since(at) > SETTLED);
        let settled = |p: &Pod| old(p.metadata.creation_timestamp) && !p.is_terminating() && !p.is_finished();
        let pods = self.pods.iter().filter(|(_, pod)| settled(pod)).count() + self.nobodys;
        let servers = self.servers.values().filter(|s| s.ready && old(s.started)).count();
        if pods + servers < STRANGERS {
            return Ok(());
        }
        let all = format!("{} pods and {} servers", self.pods.len() + self.nobodys, self.servers.len());
        Err(format!("of {all} not one belongs to another: probably another namespace, or another Hub"))
    }

    fn matched(&self) -> usize {
        self.pods.iter().filter(|(key, _)| self.servers.contains_key(key)).count()
    }

    fn without_server(&self) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().filter(|(key, _)| !self.servers.contains_key(key)).map(|(_, pod)| *pod)
    }

    fn orphans(&self, memory: &mut Memory) -> Vec<String> {
        let old = |pod: &Pod| {
            let created = pod.metadata.creation_timestamp;
            created.is_some_and(|at| self.now.duration_since(at) > ORPHAN_AGE)
        };
        let alive = |pod: &Pod| matches!(pod.status.phase.as_str(), "Pending" | "Running" | "Unknown");
        let candidates: Vec<_> =
            self.without_server().filter(|p| alive(p) && !p.is_terminating() && old(p)).collect();
        memory.orphans.see(candidates.iter().map(|p| p.metadata.uid.clone()), self.now);
        let sure = |p: &&&Pod| memory.orphans.how_long(&p.metadata.uid, self.now) >= ORPHAN_SEEN;
        candidates.iter().filter(sure).map(|p| name_of(p)).collect()
    }

    fn ghosts(&self, memory: &mut Memory) -> usize {
        let believed = |s: &HubServer| s.pending == Pending::Stop || (s.ready && s.pending != Pending::Spawn);
        let candidates: Vec<_> = self
            .servers
            .iter()
            .filter(|(key, server)| believed(server) && !self.by_key.contains_key(*key))
            .map(|(key, server)| (key.clone(), server.started))
            .collect();
        memory.ghosts.see(candidates.iter().cloned(), self.now);
        let sure = candidates.iter().filter(|c| memory.ghosts.how_long(c, self.now) > GHOST_SEEN).count();
        // A pod that does not say whose it is may be that of any of them.
        sure.saturating_sub(self.nobodys)
    }

    /// Servers that start, each with its pods.
    fn starting(&self) -> impl Iterator<Item = (&Key, &HubServer, &[&'a Pod])> {
        let starting = self.servers.iter().filter(|(_, s)| s.pending == Pending::Spawn);
        starting.map(|(key, server)| (key, *server, self.by_key.get(key).map_or(&[][..], Vec::as_slice)))
    }

    /// For how long the Hub could have noticed this pod; `None` for one that is not ready or belongs to an earlier
    /// start of the same server.
    fn ready_for(&self, server: &HubServer, pod: &Pod) -> Option<SignedDuration> {
        let ready = pod.condition("Ready").filter(|c| c.status == "True" && pod.is_running_for_the_hub())?;
        let since = ready.last_transition_time?;
        let later = |started: Timestamp| started.duration_since(since) > CLOCKS;
        (!server.started.is_some_and(later)).then(|| self.now.duration_since(since))
    }

    fn stuck(&self) -> Vec<String> {
        let long_ready = self.starting().filter_map(|(_, server, pods)| {
            pods.iter().find(|pod| self.ready_for(server, pod).is_some_and(|long| long > NOTICED))
        });
        long_ready.map(|pod| name_of(pod)).collect()
    }

    /// Starts that were due and are gone: the Hub saw the pod and could not reach it.
    fn unreachable(&self, memory: &mut Memory) -> BTreeMap<String, usize> {
        let gone = |key: &Key, due: &Due| self.servers.get(key).is_none_or(|s| s.started != due.started);
        for (key, due) in std::mem::take(&mut memory.due) {
            if gone(&key, &due) {
                memory.note_failed(due.node, self.now);
            }
        }
        memory.due = self
            .starting()
            .filter_map(|(key, server, pods)| {
                let due = |long: SignedDuration| long > DUE && long <= NOTICED;
                let pod = pods.iter().find(|pod| self.ready_for(server, pod).is_some_and(due))?;
                let node = pod.spec.node_name.clone();
                Some((key.clone(), Due { started: server.started, node }))
            })
            .collect();
        memory.failed_on(self.now)
    }

    /// Servers whose pods wait for room on some node, and those whose pods wait on their node.
    fn waiting(&self) -> (usize, usize) {
        let scheduled = |status: &str| {
            let waits = |pod: &&Pod| {
                pod.status.phase == "Pending"
                    && !pod.is_terminating()
                    && pod.condition("PodScheduled").is_some_and(|c| c.status == status)
            };
            self.starting().filter(|(_, _, pods)| pods.iter().any(waits)).count()
        };
        (scheduled("False"), scheduled("True"))
    }
}

/// By the annotations: names of pods are not the names of users.
fn key_of(pod: &Pod) -> Option<Key> {
    let user = pod.annotation("hub.jupyter.org/username")?;
    Some((user.to_owned(), pod.annotation("hub.jupyter.org/servername").unwrap_or_default().to_owned()))
}

/// Name and node, for people.
fn name_of(pod: &Pod) -> String {
    match pod.spec.node_name.as_str() {
        "" => pod.metadata.name.clone(),
        node => format!("{} on {node}", pod.metadata.name),
    }
}

impl Drift {
    /// Orphans among the pods that have not ended.
    pub(super) fn orphans_ratio(&self) -> f64 {
        if self.living == 0 { 0.0 } else { self.orphans.len() as f64 / self.living as f64 }
    }

    /// All measurements.
    pub(super) fn numbers(&self) -> [(&'static str, f64); 11] {
        [
            ("drift_pods", self.pods as f64),
            ("drift_servers", self.servers as f64),
            ("drift_matched", self.matched as f64),
            ("drift_orphans", self.orphans.len() as f64),
            ("drift_orphans_ratio", self.orphans_ratio()),
            ("drift_leftovers", self.leftovers as f64),
            ("drift_stuck", self.stuck.len() as f64),
            ("drift_ghosts", self.ghosts as f64),
            ("drift_unreachable", self.unreachable_on.values().sum::<usize>() as f64),
            ("drift_waiting_room", self.waiting_room as f64),
            ("drift_waiting_node", self.waiting_node as f64),
        ]
    }

    /// What is apart, in words.
    pub(super) fn words(&self) -> String {
        let said = [
            (
                self.stuck.len(),
                "1 server waits for a pod that is ready",
                "servers wait for pods that are ready",
            ),
            (self.orphans.len(), "1 pod has no server", "pods have no server"),
            (self.ghosts, "1 server has no pod", "servers have no pod"),
        ];
        let words = said.iter().filter(|(count, ..)| *count > 0).map(|(count, one, many)| match count {
            1 => (*one).to_owned(),
            _ => format!("{count} {many}"),
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
