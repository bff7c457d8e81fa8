//! The prober's side of a service that is elsewhere: `launchwatch agent` and `launchwatch run --once`.
//!
//! # Why
//! An agent must not share the fate of the service, nor the service that of the agent. So the agent keeps its plan and
//! what it saw on disk, pays its own debts, and asks its own witnesses before it accuses anybody. It only ever calls
//! the service, never the other way round.

mod backoff;
mod bell;
mod client;
mod collector;
mod crew;
mod doubts;
mod figures;
mod house;
mod offset;
mod once;
mod outgoing;
mod pages;
mod planner;
mod sender;
mod spool;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;

pub use self::client::{Bearer, Client, Trouble};
pub use self::figures::{Figures, Said};
pub use self::house::House;
pub use self::once::{Came, Order, Wrong, once};
pub use self::outgoing::Outgoing;
pub use self::spool::{Bounds, Error, Spool, Waiting};
pub use self::work::Work;

use self::bell::Bell;
use self::crew::Crew;
use self::house::Room;
use self::planner::Planner;
use self::sender::{Sender, UnderWay};
use self::work::Kept;
use crate::config::Config;
use crate::edges::Edges;
use crate::pipeline::janitor;
use crate::store::Store;
use crate::tasks::{OnExit, Stop, Tasks};

/// Time left, of the grace, for writing down and sending what the last runs found.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Time for writing it down.
const WRITING: Duration = Duration::from_secs(3);

/// What an agent is made of.
pub struct Setup {
    /// The doors to the outside.
    pub edges: Edges,
    /// Where debts are written.
    pub store: Arc<dyn Store>,
    /// Where observations wait.
    pub spool: Spool,
    /// The way to the service.
    pub client: Client,
    /// Where the plan is kept.
    pub state: PathBuf,
    /// The name of this place, if somebody insists on it.
    pub location: Option<Arc<str>>,
    /// A configuration of our own, instead of the service's plan.
    pub own: Option<Config>,
    /// How we behave.
    pub house: House,
    /// Where health and figures are shown.
    pub listener: Option<TcpListener>,
}

/// An agent, built and not yet running.
pub struct Agent {
    setup: Setup,
    tasks: Tasks,
    gathering: Tasks,
    sending: Tasks,
    figures: Figures,
    outgoing: Outgoing,
}

impl Agent {
    /// Builds it.
    ///
    /// # Errors
    /// The figures cannot be registered.
    pub fn new(setup: Setup) -> anyhow::Result<Self> {
        let figures = Figures::new().context("cannot register figures")?;
        let outgoing = Outgoing::new(Some(setup.spool.clone()), false);
        let (tasks, gathering, sending) = (Tasks::new(), Tasks::new(), Tasks::new());
        Ok(Self { setup, tasks, gathering, sending, figures, outgoing })
    }

    /// The tasks: stopping them stops the agent.
    pub fn tasks(&self) -> Tasks {
        self.tasks.clone()
    }

    /// All there are, in the order in which they end: for who must end them as a crash would.
    pub fn all_tasks(&self) -> [Tasks; 3] {
        [self.tasks.clone(), self.gathering.clone(), self.sending.clone()]
    }

    /// Figures.
    pub fn figures(&self) -> Figures {
        self.figures.clone()
    }

    /// Runs until it is asked to stop: then runs that go on get their grace, and what they found is written down and,
    /// if the service can be reached, sent.
    ///
    /// # Errors
    /// Metrics cannot be registered, or a task ended that the agent cannot do without.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { setup, tasks, gathering, sending, figures, outgoing } = self;
        let Setup { edges, store, client, state, location, own, house, listener, .. } = setup;
        let kept = Kept::of(&state);
        let stored = kept.read();
        let name = location.clone().or_else(|| stored.as_ref().map(|p| p.location.as_str().into()));
        let grace = house.grace;
        let room = Room { edges: edges.clone(), tasks: tasks.clone(), gathering: gathering.clone(), house };
        let ledger = Arc::clone(&store) as _;
        let shared = room.open(ledger, name.unwrap_or_else(|| "agent".into()), outgoing.clone(), &figures)?;
        let started = edges.clock.now();
        tasks.spawn("janitor", OnExit::Fine, janitor::run(Arc::clone(&shared), store, started, Vec::new()));
        let bell = Arc::<Bell>::default();
        let sender = Sender {
            client: client.clone(),
            out: outgoing.clone(),
            clock: edges.clock.clone(),
            dice: edges.dice.clone(),
            figures: figures.clone(),
            bell: Arc::clone(&bell),
            mode: "agent",
            under_way: UnderWay::default(),
        };
        sending.spawn("reports", OnExit::Stop, sender.run(sending.clone()));
        if let Some(listener) = listener {
            let view = pages::View {
                figures: figures.clone(),
                metrics: shared.metrics.clone(),
                client: client.clone(),
                clock: edges.clock.clone(),
                outgoing: outgoing.clone(),
            };
            tasks.spawn("pages", OnExit::Stop, pages::serve(listener, view, tasks.clone()));
        }
        let crew = Crew::new(shared); // the inbox closes when the last runner has ended
        let dice = edges.dice.clone();
        let planner = Planner { client, crew, bell, kept, location, figures, dice };
        tasks.spawn("plan", OnExit::Stop, planner.run(tasks.clone(), stored, own));
        wait_and_drain(&tasks, &gathering, &sending, grace).await
    }
}

async fn wait_and_drain(
    tasks: &Tasks,
    gathering: &Tasks,
    sending: &Tasks,
    grace: Duration,
) -> anyhow::Result<()> {
    let why = tokio::select! {
        biased; // two replays must agree
        why = tasks.stopped() => why,
        why = gathering.stopped() => why,
        why = sending.stopped() => why,
    };
    tracing::info!("stopping");
    tasks.stop();
    if !tasks.drain(grace.saturating_sub(LAST_WORDS)).await {
        tracing::warn!("some runs had to be cut off; their launches are cleaned up at the next start");
    }
    gathering.drain(WRITING).await;
    sending.stop();
    sending.drain(LAST_WORDS.saturating_sub(WRITING)).await;
    match why {
        Stop::Asked => Ok(()),
        Stop::Lost(task) => anyhow::bail!("the task `{task}` ended unexpectedly; see the log above"),
    }
}
