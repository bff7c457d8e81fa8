//! Spawn: the hub starts a server and looks after it until it is gone; goes on whoever has stopped watching.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

use super::fault::Fault;
use super::plan::{self, Ending, Start};
use super::tape::Tape;
use super::wire;
use super::world::{Progress, Server, Stage, User, World};

/// What the hub is asked to start.
pub(crate) struct Order {
    pub(crate) user: String,
    pub(crate) spec: String,
    pub(crate) image: String,
    pub(crate) token: String,
    /// Which attempt of a launch this is; none: the user's own count.
    pub(crate) attempt: Option<u32>,
}

/// Seconds between the hub's looks at its servers.
const POLL: f64 = 30.0;

impl World {
    /// Adds a user; false if there is one of that name. A passing one is removed some time after its server.
    pub(crate) fn add_user(&self, name: &str, passing: bool) -> bool {
        let created = self.now();
        let mut state = self.state();
        if state.users.contains_key(name) {
            return false;
        }
        state
            .users
            .insert(name.to_owned(), User { created, passing, server: None, progress: None, starts: 0 });
        true
    }

    /// Starts a server for an existing user without one; returns its progress.
    pub(crate) fn start(self: &Arc<Self>, order: Order) -> Option<Arc<Tape<Progress>>> {
        let mut dice = self.dice();
        let fault = self.fault(&order.spec);
        let tape = Arc::new(Tape::new());
        let bell = Arc::new(Notify::new());
        let mut state = self.state();
        let user = state.users.get_mut(&order.user).filter(|u| u.server.is_none())?;
        user.starts += 1;
        user.progress = Some(Arc::clone(&tape));
        user.server = Some(self.fresh(&order, Arc::clone(&bell)));
        let attempt = order.attempt.unwrap_or(user.starts);
        state.counts.servers_started += 1;
        state.counts.peak_servers = state.counts.peak_servers.max(state.pods());
        drop(state);
        let start = Start { user: &order.user, image: &order.image, attempt };
        let plan = plan::plan(&start, fault, &self.settings, &mut dice);
        let (world, progress) = (Arc::clone(self), Arc::clone(&tape));
        self.spawn("stand-in server", async move { world.live(order.user, plan, progress, bell).await });
        Some(tape)
    }

    fn fresh(&self, order: &Order, bell: Arc<Notify>) -> Server {
        Server {
            spec: order.spec.clone(),
            token: order.token.clone(),
            stage: Stage::Starting,
            started: self.now(),
            last_activity: self.now(),
            active_at: tokio::time::Instant::now(),
            kernels: BTreeMap::new(),
            bell,
        }
    }

    /// The whole life of a server.
    async fn live(
        self: Arc<Self>,
        user: String,
        plan: plan::Plan,
        tape: Arc<Tape<Progress>>,
        bell: Arc<Notify>,
    ) {
        let up = tokio::select! {
            biased;
            up = self.play(&user, plan, &tape) => up,
            () = bell.notified() => self.fail(&user, &tape, "Spawn cancelled"),
        };
        tape.end();
        if up {
            self.watch_over(&user, &bell).await;
        }
        self.forget(&user).await;
    }

    /// Plays the plan; false if the start failed.
    async fn play(&self, user: &str, plan: plan::Plan, tape: &Tape<Progress>) -> bool {
        for step in plan.steps {
            self.wait(step.wait).await;
            if step.message.is_empty() {
                continue;
            }
            let message = match step.event {
                Some(kind) => format!("{} [{kind}] {}", wire::stamp(self.now()), step.message),
                None => step.message,
            };
            tape.push(Progress { percent: step.percent, message, end: None });
        }
        match plan.ending {
            Ending::Failed(why) => self.fail(user, tape, &why),
            Ending::Ready => {
                if let Some(server) = self.state().server(user) {
                    server.stage = Stage::Running;
                    server.active_at = tokio::time::Instant::now();
                }
                let message = format!("Server ready at /user/{user}/");
                tape.push(Progress { percent: 100, message, end: Some(Ok(())) });
                true
            }
        }
    }

    fn fail(&self, user: &str, tape: &Tape<Progress>, why: &str) -> bool {
        if let Some(user) = self.state().users.get_mut(user) {
            user.server = None;
        }
        tape.push(Progress { percent: 100, message: why.to_owned(), end: Some(Err(())) });
        false
    }

    /// Waits until the server was idle for too long, ended by itself or was stopped; then removes it.
    async fn watch_over(&self, user: &str, bell: &Notify) {
        loop {
            let seen = self.state().server(user).map(|s| (s.stage, s.active_at, s.spec.clone()));
            let Some((stage, active_at, spec)) = seen else {
                return;
            };
            match stage {
                Stage::Starting | Stage::Running => {
                    let mut idle_at = active_at + self.span(self.settings.cull_seconds);
                    if tokio::time::Instant::now() >= idle_at {
                        if self.fault(&spec) != Fault::TeardownStuck {
                            self.state().users.remove(user);
                            return;
                        }
                        idle_at = tokio::time::Instant::now() + self.span(self.settings.cull_seconds);
                    }
                    tokio::select! {
                        biased;
                        () = tokio::time::sleep_until(idle_at) => {}
                        () = bell.notified() => {}
                    }
                }
                Stage::Ended | Stage::Stopping => {
                    self.wait(if stage == Stage::Ended { POLL / 2.0 } else { 1.0 }).await;
                    if let Some(user) = self.state().users.get_mut(user) {
                        user.server = None;
                    }
                    return;
                }
            }
        }
    }

    /// The culler removes BinderHub's users a while after their server; other users are people and stay.
    async fn forget(&self, name: &str) {
        let gone = |user: &User| user.passing && user.server.is_none();
        if self.state().users.get(name).is_some_and(gone) {
            self.wait(self.settings.cull_seconds).await;
            let mut state = self.state();
            if state.users.get(name).is_some_and(gone) {
                state.users.remove(name);
            }
        }
    }

    /// Puts a running server under `user`, as if it had been launched.
    pub(crate) fn adopt(self: &Arc<Self>, user: &str, token: &str, spec: &str) {
        self.add_user(user, !spec.starts_with("hub/"));
        let bell = Arc::new(Notify::new());
        let (user, token, spec) = (user.to_owned(), token.to_owned(), spec.to_owned());
        let order = Order { user, spec, image: String::new(), token, attempt: None };
        let mut server = self.fresh(&order, Arc::clone(&bell));
        server.stage = Stage::Running;
        let mut state = self.state();
        if let Some(known) = state.users.get_mut(&order.user) {
            known.server = Some(server);
        }
        state.counts.servers_started += 1;
        state.counts.peak_servers = state.counts.peak_servers.max(state.pods());
        drop(state);
        let world = Arc::clone(self);
        self.spawn("stand-in server", async move {
            world.watch_over(&order.user, &bell).await;
            world.forget(&order.user).await;
        });
    }
}
