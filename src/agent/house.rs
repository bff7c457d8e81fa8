//! What runs have around them here: witnesses, a pulse, an inbox and the one who empties it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use launchwatch_probes::Ledger;
use url::Url;

use super::collector::Collector;
use super::crew::no_places;
use super::doubts::Doubts;
use super::figures::Figures;
use super::outgoing::Outgoing;
use crate::config::{Limits, Service, WITNESSES};
use crate::edges::Edges;
use crate::inbox;
use crate::ourselves::{self, Pulse, Question, SelfWatch, Witnesses};
use crate::scheduler::{self, Asks, InFlight, Learned, Shared, Standing};
use crate::tasks::{OnExit, Tasks};
use crate::telemetry::Metrics;

/// How an agent behaves.
#[derive(Debug, Clone)]
pub struct House {
    /// Asked whether our own network works.
    pub witnesses: Vec<Url>,
    /// How many runs at once.
    pub limits: Limits,
    /// How long runs may go on after a stop signal, the last report included.
    pub grace: Duration,
}

impl House {
    /// As a configuration says.
    pub fn of(service: &Service) -> Self {
        Self { witnesses: service.witnesses.clone(), limits: service.limits, grace: service.grace }
    }
}

impl Default for House {
    fn default() -> Self {
        let witnesses = WITNESSES.iter().filter_map(|text| text.parse().ok()).collect();
        Self { witnesses, limits: Limits::default(), grace: Duration::from_secs(25) }
    }
}

/// What it takes to open the house.
pub(super) struct Room {
    pub(super) edges: Edges,
    /// Runs, and what watches us.
    pub(super) tasks: Tasks,
    /// The one who takes what runs found: the last to end.
    pub(super) gathering: Tasks,
    pub(super) house: House,
}

impl Room {
    /// Starts what watches ourselves and the one who takes what runs find; answers what runs share.
    pub(super) fn open(
        self,
        ledger: Arc<dyn Ledger>,
        location: Arc<str>,
        out: Outgoing,
        figures: &Figures,
    ) -> anyhow::Result<Arc<Shared>> {
        let Self { edges, tasks, gathering, house } = self;
        let (inbox, letters) = inbox::inbox();
        let metrics = Metrics::new(&[]).context("cannot register metrics")?;
        let shared = Arc::new(Shared {
            ledger,
            inbox: inbox.clone(),
            permits: no_places(house.limits),
            in_flight: InFlight::default(),
            standing: Standing::default(),
            asks: Asks::default(),
            learned: Learned::default(),
            pulse: Pulse::new(edges.clock.clone()),
            missed_at_most: scheduler::missed_at_most(0),
            metrics: metrics.clone(),
            tasks: tasks.clone(),
            location,
            user_agent: concat!("launchwatch-agent/", env!("CARGO_PKG_VERSION")).into(),
            // Of the whole grace a part is needed for writing and sending.
            grace: house.grace.saturating_sub(super::LAST_WORDS + Duration::from_secs(2)),
            edges,
        });
        let question = Question::default();
        let witnessed = !house.witnesses.is_empty();
        let witnesses = Witnesses {
            net: Arc::clone(&shared.edges.net),
            urls: house.witnesses,
            user_agent: Arc::clone(&shared.user_agent),
            question: question.clone(),
            inbox: inbox.clone(),
            metrics: metrics.clone(),
        };
        let beat = ourselves::beat(shared.pulse.clone(), inbox.clone(), metrics, tasks.clone());
        tasks.spawn("pulse", OnExit::Fine, beat);
        tasks.spawn("witnesses", OnExit::Fine, witnesses.run(tasks.clone()));
        let collector = Collector {
            clock: shared.edges.clock.clone(),
            ourselves: SelfWatch::new(witnessed, question, inbox.drops()),
            standing: shared.standing.clone(),
            out,
            figures: figures.clone(),
            doubts: Doubts::default(),
        };
        let others = tasks;
        gathering.spawn("collector", OnExit::Fine, async move {
            collector.run(letters).await;
            if !others.stopping() {
                others.lose("collector");
            }
        });
        Ok(shared)
    }
}
