//! The service: builds the rooms in order, runs them, drains them in order.

mod pages;
mod term;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use launchwatch_alerts::{Engine, Incident};
use launchwatch_probes::Ledger;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::config::Config;
use crate::edges::Edges;
use crate::inbox::{self, Letter, Orders, Ourselves};
use crate::observation::Observation;
use crate::ourselves::{self, Pulse, Question, SelfWatch, Witnesses};
use crate::pings::{self, Pings};
use crate::pipeline::agents::{self, Agents};
use crate::pipeline::backlog::Backlog;
use crate::pipeline::board::SharedBoard;
use crate::pipeline::recorder::Recorder;
use crate::pipeline::reported::Reported;
use crate::pipeline::{dead_man, deliveries, history, janitor, mails, orders};
use crate::runbooks::Runbooks;
use crate::scheduler::{self, Asks, InFlight, Learned, Permits, Shared, Standing};
use crate::store::{self, Store};
use crate::tasks::{OnExit, Stop, Tasks};
use crate::telemetry::Metrics;
use crate::web;
use crate::{exchange, hearing};

pub use self::term::Term;

/// Time left, of the grace, for writing down what the last runs found.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A service, built and not yet running.
pub struct App {
    config: Config,
    edges: Edges,
    store: Arc<dyn Store>,
    tasks: Tasks,
    board: SharedBoard,
    metrics: Metrics,
    listener: Option<TcpListener>,
    setup: Arc<web::Setup>,
    more: Option<axum::Router>,
    extra: web::Extra,
    status: web::Status,
    reload: Option<deliveries::Reload>,
    inbox: Option<(inbox::Inbox, tokio::sync::mpsc::Receiver<Letter>)>,
    orders: Orders,
    token: Option<web::Token>,
    public: web::Public,
    runbooks: Arc<Runbooks>,
    without_memory: Option<String>,
    keeper: Arc<web::Keeper>,
    term: Term,
    pings: Arc<Pings>,
    agents: Agents,
    rates: Arc<web::Rates>,
}

impl App {
    /// Builds the service. With a `listener`, pages and metrics are served on it.
    ///
    /// # Errors
    /// The metrics cannot be registered.
    pub fn build(
        config: Config,
        edges: Edges,
        store: Arc<dyn Store>,
        listener: Option<TcpListener>,
    ) -> anyhow::Result<Self> {
        let folder = config.service.runbooks.as_deref();
        let runbooks =
            folder.map(Runbooks::read).transpose().context("cannot read the runbooks")?.unwrap_or_default();
        let metrics = Metrics::new(&config.probes).context("cannot register metrics")?;
        let board = SharedBoard::new(&config);
        let setup = Arc::new(web::Setup::new(&config, edges.clock.now()));
        let inbox = inbox::inbox();
        let keeper = pages::keeper(&config, &edges);
        store.hide(config.pages.hide.iter().cloned().collect());
        let status = web::Status::new(&config);
        let pings = pages::pings(&config, &edges, &inbox.0.orders(), &store, &board);
        Ok(Self {
            pings: Arc::new(pings),
            keeper: Arc::new(keeper),
            status,
            public: web::Public::of(&config),
            agents: Agents::of(&config, edges.clock.now()),
            rates: Arc::default(),
            config,
            edges,
            store,
            tasks: Tasks::new(),
            board,
            metrics,
            listener,
            setup,
            more: None,
            extra: Arc::new(|| maud::html! {}),
            reload: None,
            orders: inbox.0.orders(),
            inbox: Some(inbox),
            token: None,
            without_memory: None,
            runbooks: Arc::new(runbooks),
            term: Term::default(),
        })
    }

    /// Lets channels pick up secrets that change while the service runs: `reload` reads them again.
    #[must_use]
    pub fn with_reload(mut self, reload: deliveries::Reload) -> Self {
        self.reload = Some(reload);
        self
    }

    /// Says that nothing outlives this process, and why: on `/readyz`, and to people.
    #[must_use]
    pub fn without_memory(mut self, why: String) -> Self {
        self.without_memory = Some(why);
        self
    }

    /// The tasks: stopping them stops the service.
    pub fn tasks(&self) -> Tasks {
        self.tasks.clone()
    }

    /// How everything stands.
    pub fn board(&self) -> SharedBoard {
        self.board.clone()
    }

    /// Figures.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Runs until it is asked to stop, then drains: no new runs, running ones get their grace, what they found is
    /// written down, the rest stays on disk.
    ///
    /// # Errors
    /// The store cannot be read at the start, or a task ended that the service cannot do without.
    pub async fn run(self) -> anyhow::Result<()> {
        self.lead().await.map(drop)
    }

    /// The same; gives what was found and could not be written down any more: somebody else leads.
    ///
    /// # Errors
    /// As [`App::run`].
    pub async fn lead(mut self) -> anyhow::Result<Vec<Observation>> {
        let started = self.edges.clock.now();
        let memory = self.store.memory().await.context("cannot read what was known before")?;
        let open = memory.incidents.clone();
        let mut engine = Engine::new(self.config.plan(self.config.rules.clone(), started), memory);
        let learned = Learned::default();
        self.look_back(&mut engine, &learned, open, started).await.context("cannot read the last hours")?;
        self.pings.take_up(started).await.context("cannot read what others told")?;
        let (inbox, letters) = self.inbox.take().context("the service has run already")?;
        let owed = Arc::new(Notify::new());
        let shared = self.shared(inbox, learned);
        let question = self.watch_ourselves(&shared);
        if let Some(summary) = self.without_memory.clone() {
            let word = Ourselves { probe: "store-folder".into(), good: false, summary };
            // It is the first letter: there is room.
            let _put = shared.inbox.put(Letter::Ourselves(word));
        }
        // The recorder is the last to end: it has tasks of its own, drained after all the others.
        let recording = Tasks::new();
        let writer = self.recorder(engine, &shared, question, &owed);
        let unwritten = self.start_recorder(&recording, writer, letters);
        self.start_web();
        self.start_letter_box(&shared.inbox);
        self.start_deliveries(shared.inbox.clone(), owed).await.context("cannot read what is owed")?;
        hearing::start(&self.desk(), &self.config.channels);
        exchange::start(&self.for_exports(&shared.inbox));
        let targets = self.config.targets.iter().map(|t| t.name.clone()).collect();
        let janitor = janitor::run(Arc::clone(&shared), Arc::clone(&self.store), started, targets);
        self.tasks.spawn("janitor", OnExit::Fine, janitor);
        let (pings, clock) = (Arc::clone(&self.pings), self.edges.clock.clone());
        let silence = pings::watch(pings, clock, shared.inbox.clone(), self.tasks.clone());
        self.tasks.spawn("pings", OnExit::Fine, silence);
        scheduler::start(&shared, &self.config.probes);
        drop(shared); // the inbox closes when the last runner has ended
        tracing::info!(probes = self.config.probes.len(), channels = self.config.channels.len(), "watching");
        self.wait_and_drain(&recording).await?;
        Ok(unwritten.await.unwrap_or_default())
    }

    /// Shows the past to all who go by it.
    async fn look_back(
        &self,
        engine: &mut Engine,
        learned: &Learned,
        open: Vec<Incident>,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        history::fill(&self.board, self.store.as_ref(), open, now).await?;
        if self.agents.all().next().is_some() {
            self.agents.recall(&self.store.last_slots().await?, now, &self.metrics);
        }
        let past =
            history::Past { engine, learned, board: &self.board, location: &self.config.service.location };
        past.recall(self.store.as_ref(), &self.config.probes, now).await
    }

    /// Starts what watches ourselves.
    fn watch_ourselves(&self, shared: &Shared) -> Question {
        let (inbox, metrics, tasks) = (&shared.inbox, &self.metrics, &self.tasks);
        let beat = ourselves::beat(shared.pulse.clone(), inbox.clone(), metrics.clone(), tasks.clone());
        tasks.spawn("pulse", OnExit::Stop, beat);
        if self.agents.all().next().is_some() {
            let watch =
                agents::watch(self.agents.clone(), self.edges.clock.clone(), inbox.clone(), tasks.clone());
            tasks.spawn("agents", OnExit::Stop, watch);
        }
        let question = Question::default();
        let witnesses = Witnesses {
            net: Arc::clone(&self.edges.net),
            urls: self.config.service.witnesses.clone(),
            user_agent: Arc::clone(&shared.user_agent),
            question: question.clone(),
            inbox: inbox.clone(),
            metrics: metrics.clone(),
        };
        tasks.spawn("witnesses", OnExit::Fine, witnesses.run(tasks.clone()));
        question
    }

    async fn wait_and_drain(&self, recording: &Tasks) -> anyhow::Result<()> {
        let why = tokio::select! {
            biased; // two replays must agree
            why = self.tasks.stopped() => why,
            why = recording.stopped() => why,
        };
        tracing::info!("stopping");
        self.tasks.stop();
        if !self.tasks.drain(self.config.service.grace).await {
            tracing::warn!("some tasks had to be cut off; their launches are cleaned up at the next start");
        }
        recording.drain(LAST_WORDS).await;
        match why {
            Stop::Asked => Ok(()),
            Stop::Lost(task) => anyhow::bail!("the task `{task}` ended unexpectedly; see the log above"),
        }
    }

    /// What exports need.
    fn for_exports<'a>(&'a self, inbox: &'a inbox::Inbox) -> exchange::Desk<'a> {
        let Self { config, edges, store, metrics, tasks, .. } = self;
        exchange::Desk { config, edges, store, metrics, tasks, inbox }
    }

    /// What listening to people needs.
    fn desk(&self) -> hearing::Desk {
        hearing::Desk {
            edges: self.edges.clone(),
            store: Arc::clone(&self.store),
            orders: self.orders.clone(),
            tasks: self.tasks.clone(),
        }
    }

    fn shared(&self, inbox: inbox::Inbox, learned: Learned) -> Arc<Shared> {
        let service = &self.config.service;
        let contact = service.public_url.as_ref().map_or_else(String::new, |u| format!(" (+{u})"));
        Arc::new(Shared {
            edges: self.edges.clone(),
            ledger: Arc::clone(&self.store) as Arc<dyn Ledger>,
            inbox,
            permits: Permits::new(service.limits, &self.config.targets),
            in_flight: InFlight::default(),
            standing: Standing::default(),
            asks: Asks::of(&self.config.probes),
            learned,
            pulse: Pulse::new(self.edges.clock.clone()),
            missed_at_most: scheduler::missed_at_most(self.config.probes.len()),
            metrics: self.metrics.clone(),
            tasks: self.tasks.clone(),
            location: Arc::clone(&service.location),
            user_agent: format!("launchwatch/{}{contact}", env!("CARGO_PKG_VERSION")).into(),
            grace: service.grace.saturating_sub(LAST_WORDS),
        })
    }

    async fn start_deliveries(
        &mut self,
        inbox: inbox::Inbox,
        owed: Arc<Notify>,
    ) -> Result<(), crate::store::Error> {
        let stuck = deliveries::Stuck::default();
        let desk = deliveries::Desk {
            tasks: self.tasks.clone(),
            edges: self.edges.clone(),
            store: Arc::clone(&self.store),
            metrics: self.metrics.clone(),
            owed,
            mails: Arc::clone(&self.public.owed),
            inbox,
            reload: self.reload.take(),
            stuck: stuck.clone(),
            board: self.board.clone(),
            right: self.term.right.clone(),
        };
        let current = deliveries::start(desk, &self.config.channels).await?;
        mails::start(&self.config, Arc::clone(&self.public.owed), current);
        if let Some(dead_man) = self.config.service.dead_man.clone() {
            let caller = dead_man::Caller {
                dead_man,
                clock: self.edges.clock.clone(),
                post: Arc::clone(&self.edges.post),
                board: self.board.clone(),
                stuck,
                metrics: self.metrics.clone(),
                tasks: self.tasks.clone(),
            };
            self.tasks.spawn("dead-man", OnExit::Fine, caller.run());
        }
        Ok(())
    }

    fn recorder(&self, engine: Engine, shared: &Shared, question: Question, owed: &Arc<Notify>) -> Recorder {
        let witnessed = !self.config.service.witnesses.is_empty();
        Recorder {
            clock: self.edges.clock.clone(),
            engine,
            store: Arc::clone(&self.store),
            board: self.board.clone(),
            standing: shared.standing.clone(),
            asks: shared.asks.clone(),
            ourselves: SelfWatch::new(witnessed, question, shared.inbox.drops()),
            location: Arc::clone(&self.config.service.location),
            reported: Reported::of(&self.config.probes, self.edges.clock.now()),
            orders: orders::Orders::default(),
            backlog: Backlog::default(),
            direct: self.direct(),
            tasks: self.tasks.clone(),
            metrics: self.metrics.clone(),
            public_url: self.config.service.public_url.clone(),
            owed: Arc::clone(owed),
        }
    }

    fn start_recorder(
        &self,
        tasks: &Tasks,
        recorder: Recorder,
        letters: tokio::sync::mpsc::Receiver<Letter>,
    ) -> tokio::sync::oneshot::Receiver<Vec<Observation>> {
        let others = self.tasks.clone();
        let (unwritten, left) = tokio::sync::oneshot::channel();
        tasks.spawn("recorder", OnExit::Fine, async move {
            // Nobody may want it.
            drop(unwritten.send(recorder.run(letters).await));
            if !others.stopping() {
                others.lose("recorder");
            }
        });
        left
    }
}
