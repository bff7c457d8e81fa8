//! World: what the stand-in knows while it runs: faults, users, servers, builds; all behind one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::counts::Counts;
use super::dice::Dice;
use super::fault::Fault;
use super::settings::{Edges, Settings};
use super::tape::Tape;

pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) edges: Edges,
    state: Mutex<State>,
}

/// Everything that changes.
pub(crate) struct State {
    pub(crate) dice: Dice,
    pub(crate) global: Fault,
    pub(crate) by_spec: BTreeMap<String, Fault>,
    pub(crate) users: BTreeMap<String, User>,
    /// Images in the registry that were not there from the start.
    pub(crate) images: BTreeSet<String>,
    /// Builds under way, by image.
    pub(crate) builds: BTreeMap<String, Arc<Tape<BuildLine>>>,
    /// Rate limit: when each client's window ends (epoch seconds), and what is left in it.
    pub(crate) allowance: BTreeMap<IpAddr, (i64, i64)>,
    pub(crate) counts: Counts,
}

/// A user of the hub.
pub(crate) struct User {
    pub(crate) created: jiff::Timestamp,
    /// Made by BinderHub for one launch.
    pub(crate) passing: bool,
    pub(crate) server: Option<Server>,
    /// Progress of the latest start, kept after it failed.
    pub(crate) progress: Option<Arc<Tape<Progress>>>,
    /// Starts asked for so far.
    pub(crate) starts: u32,
}

/// A single-user server as the hub and the proxy know it.
pub(crate) struct Server {
    /// What a fault prefix is matched with: `<provider>/<spec>`, or `hub/<user>` for a direct start.
    pub(crate) spec: String,
    /// The notebook token. Never printed.
    pub(crate) token: String,
    pub(crate) stage: Stage,
    pub(crate) started: jiff::Timestamp,
    pub(crate) last_activity: jiff::Timestamp,
    pub(crate) active_at: tokio::time::Instant,
    pub(crate) kernels: BTreeMap<String, Kernel>,
    /// Rung when the stage changes.
    pub(crate) bell: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Starting,
    Running,
    /// The hub was told to stop it.
    Stopping,
    /// Its process ended by itself; the hub has not noticed yet.
    Ended,
}

pub(crate) struct Kernel {
    pub(crate) name: String,
    pub(crate) started: jiff::Timestamp,
}

/// A line of the hub's progress stream.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) percent: u64,
    pub(crate) message: String,
    /// Set on the last line: `Ok` when the server is ready.
    pub(crate) end: Option<Result<(), ()>>,
}

/// What happens while an image is built.
#[derive(Debug, Clone)]
pub(crate) enum BuildLine {
    /// A line of the build log, as JSON.
    Log(String),
    /// An event of BinderHub about the build pod, as JSON.
    Pod(String),
    Built,
}

impl World {
    pub(crate) fn new(settings: Settings, edges: Edges) -> Self {
        let state = State {
            dice: Dice::new(edges.seed),
            global: Fault::None,
            by_spec: BTreeMap::new(),
            users: BTreeMap::new(),
            images: BTreeSet::new(),
            builds: BTreeMap::new(),
            allowance: BTreeMap::new(),
            counts: Counts::default(),
        };
        Self { settings, edges, state: Mutex::new(state) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        (self.edges.now)()
    }

    /// `seconds` of the played world as real (or simulated) time.
    pub(crate) fn span(&self, seconds: f64) -> Duration {
        Duration::try_from_secs_f64(seconds / self.settings.speed).unwrap_or(Duration::ZERO)
    }

    pub(crate) async fn wait(&self, seconds: f64) {
        tokio::time::sleep(self.span(seconds)).await;
    }

    /// What is wrong with `spec` now; the longest prefix that was set wins.
    pub(crate) fn fault(&self, spec: &str) -> Fault {
        let state = self.state();
        let hit = state.by_spec.iter().filter(|(prefix, _)| spec.starts_with(prefix.as_str()));
        hit.max_by_key(|(prefix, _)| prefix.len()).map_or(state.global, |(_, fault)| *fault)
    }

    /// What is wrong with everything.
    pub(crate) fn global_fault(&self) -> Fault {
        self.state().global
    }

    /// A generator of its own for the next launch or start.
    pub(crate) fn dice(&self) -> Dice {
        let mut state = self.state();
        let label = state.dice.next();
        state.dice.fork(label)
    }

    pub(crate) fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        (self.edges.spawn)(name, Box::pin(task));
    }
}

impl State {
    pub(crate) fn server(&mut self, user: &str) -> Option<&mut Server> {
        self.users.get_mut(user)?.server.as_mut()
    }

    /// Servers with a pod that runs or starts.
    pub(crate) fn pods(&self) -> usize {
        self.servers().filter(|s| s.stage != Stage::Ended).count()
    }

    pub(crate) fn servers(&self) -> impl Iterator<Item = &Server> {
        self.users.values().filter_map(|u| u.server.as_ref())
    }
}
