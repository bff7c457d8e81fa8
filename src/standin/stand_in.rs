//! Stand-in: the handle that tests and the demo hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;

use super::counts::Snapshot;
use super::fault::Fault;
use super::router;
use super::settings::{Edges, Settings};
use super::world::{Stage, World};

/// A BinderHub with its JupyterHub and user servers. Clones share one world.
#[derive(Clone)]
pub struct StandIn {
    world: Arc<World>,
}

impl StandIn {
    /// A stand-in in which all is well.
    #[must_use]
    pub fn new(settings: Settings, edges: Edges) -> Self {
        Self { world: Arc::new(World::new(settings, edges)) }
    }

    /// Everything under one origin: `/build`, `/v2`, `/health`, `/versions`, `/metrics`, `/hub`, `/user`.
    pub fn router(&self) -> Router {
        router::router(Arc::clone(&self.world))
    }

    /// Breaks or heals something from now on, launches under way included.
    ///
    /// `spec`: a prefix of `<provider>/<spec>` (`hub/<user>` for servers started through the hub's API); the longest
    /// prefix wins, also with [`Fault::None`]. Without prefix: everything, and what was set for prefixes stays.
    pub fn set_fault(&self, spec: Option<&str>, fault: Fault) {
        let mut state = self.world.state();
        match spec {
            Some(prefix) => {
                state.by_spec.insert(prefix.to_owned(), fault);
            }
            None => state.global = fault,
        }
    }

    /// Heals everything.
    pub fn clear_faults(&self) {
        let mut state = self.world.state();
        state.global = Fault::None;
        state.by_spec.clear();
    }

    /// Puts a running server under `user`, as if a launch of `spec` had just brought it up.
    pub fn adopt(&self, user: &str, token: &str, spec: &str) {
        self.world.adopt(user, token, spec);
    }

    /// What has happened so far.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let state = self.world.state();
        let counts = &state.counts;
        let requests: BTreeMap<String, u64> =
            counts.requests.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect();
        Snapshot {
            fault: state.global,
            faults: state.by_spec.clone(),
            users: state.users.len(),
            servers_running: state
                .servers()
                .filter(|s| matches!(s.stage, Stage::Running | Stage::Stopping))
                .count(),
            servers_starting: state.servers().filter(|s| s.stage == Stage::Starting).count(),
            servers_started: counts.servers_started,
            peak_servers: counts.peak_servers,
            launches_begun: counts.begun,
            launches_ready: counts.ready,
            launches_failed: counts.failed,
            launches_abandoned: counts.abandoned,
            launches_in_flight: counts.in_flight,
            peak_launches: counts.peak,
            requests,
        }
    }
}
