//! One of several replicas: leads for a term, or follows for a while.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use launchwatch_alerts::Engine;

use super::App;
use crate::edges::gate::Gated;
use crate::follower::board::{self, Shown};
use crate::follower::forward::Forward;
use crate::follower::obey::Obey;
use crate::inbox::Inbox;
use crate::lead::{Lead, Right};
use crate::pipeline::direct::Direct;
use crate::scheduler::Learned;
use crate::store::{Error, Together};
use crate::tasks::{OnExit, Stop};

/// How long those who are served by a follower may take to end.
const FAREWELL: Duration = Duration::from_secs(1);
/// While the store cannot be read, a follower tries again after this.
const AGAIN: Duration = Duration::from_secs(1);

/// How the service stands among others on the same store.
#[derive(Clone)]
pub struct Term {
    /// What may be done, and for how long.
    pub right: Right,
    /// What is known of who leads.
    pub lead: Lead,
    /// Where the others are met, and under which epoch we lead, if we do; `None` where there are none.
    pub with: Option<(Arc<dyn Together>, Option<i64>)>,
}

impl Default for Term {
    /// There is nobody else.
    fn default() -> Self {
        Self { right: Right::alone(), lead: Lead::alone(), with: None }
    }
}

impl App {
    /// Makes it one of several.
    #[must_use]
    pub fn with_term(mut self, term: Term) -> Self {
        self.edges.post = Arc::new(Gated::new(Arc::clone(&self.edges.post), term.right.clone()));
        self.metrics.show_lead(&term.lead);
        self.term = term;
        self
    }

    /// Follows until it is asked to stop: shows what the leader found, and hands over what it is asked for.
    ///
    /// # Errors
    /// It is not one of several, or pages can no longer be served.
    pub async fn follow(mut self) -> anyhow::Result<()> {
        let (together, _) = self.term.with.clone().context("there is nobody to follow")?;
        // As long as it is held, letters can be put in.
        let (inbox, letters) = self.inbox.take().context("the service has run already")?;
        let shown = (self.board.clone(), Arc::clone(&self.store), self.edges.clock.clone());
        let (dice, tasks) = (self.edges.dice.clone(), self.tasks.clone());
        let forward = Forward { together: Arc::clone(&together), dice, tasks, shown: Some(shown) };
        self.tasks.spawn("forward", OnExit::Fine, forward.run(letters));
        self.start_web();
        self.tasks.spawn("board", OnExit::Fine, self.watch_leader(together)?);
        let why = self.tasks.stopped().await;
        drop(inbox);
        self.tasks.drain(FAREWELL).await;
        match why {
            Stop::Asked => Ok(()),
            Stop::Lost(task) => anyhow::bail!("the task `{task}` ended unexpectedly; see the log above"),
        }
    }

    /// Fills the board as soon as the store can be read, and keeps it.
    fn watch_leader(
        &self,
        together: Arc<dyn Together>,
    ) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
        let shown = Shown {
            board: self.board.clone(),
            agents: self.agents.clone(),
            metrics: self.metrics.clone(),
            store: Arc::clone(&self.store),
            together,
            clock: self.edges.clock.clone(),
            tasks: self.tasks.clone(),
        };
        // Judges nothing: it says how far back there is something to show.
        let plan = self.config.plan(self.config.rules.clone(), self.edges.clock.now());
        let mut engine = Engine::new(plan, launchwatch_alerts::Memory::default());
        let location = Arc::clone(&self.config.service.location);
        let probes = self.config.probes.clone();
        let learned = Learned::default();
        Ok(async move {
            let cursor = loop {
                let now = shown.clock.now();
                let read = async {
                    let cursor = shown.together.since(None, 0).await?.cursor;
                    let open = board::open(shown.store.as_ref()).await?;
                    crate::pipeline::history::fill(&shown.board, shown.store.as_ref(), open, now).await?;
                    let (engine, learned) = (&mut engine, &learned);
                    let past = crate::pipeline::history::Past {
                        engine,
                        learned,
                        board: &shown.board,
                        location: &location,
                    };
                    past.recall(shown.store.as_ref(), &probes, now).await?;
                    Ok::<_, Error>(cursor)
                };
                match read.await {
                    Ok(cursor) => break cursor,
                    Err(error) => tracing::error!(%error, "the store cannot be read yet"),
                }
                tokio::select! {
                    biased; // two replays must agree
                    _ = shown.tasks.stopped() => return,
                    () = tokio::time::sleep(AGAIN) => {}
                }
            };
            shown.run(Some(cursor)).await;
        })
    }

    /// Starts to take what the followers leave for us.
    pub(super) fn start_letter_box(&self, inbox: &Inbox) {
        let Some((together, Some(epoch))) = self.term.with.clone() else { return };
        let obey = Obey {
            together,
            epoch,
            inbox: inbox.clone(),
            agents: self.agents.clone(),
            metrics: self.metrics.clone(),
            clock: self.edges.clock.clone(),
            tasks: self.tasks.clone(),
        };
        self.tasks.spawn("letter-box", OnExit::Fine, obey.run());
    }

    /// Who is told while nothing can be written: nobody if another one may lead, for it would tell the same.
    pub(super) fn direct(&self) -> Direct {
        let channels = if self.term.right.is_shared() { Vec::new() } else { self.config.channels.clone() };
        Direct { channels, post: Arc::clone(&self.edges.post) }
    }
}
