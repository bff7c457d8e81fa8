//! A follower's board: what the leader has recorded, read from the store as it comes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::{Change, Incident};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::observation::{Observation, ProbeId};
use crate::pipeline::agents::Agents;
use crate::pipeline::board::SharedBoard;
use crate::pipeline::tape::Event;
use crate::store::{Error, IncidentQuery, Store, Together};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// Without a bell it is looked this often.
const LOOK: Duration = Duration::from_secs(1);
/// However often the bell rings, no sooner than this.
const NO_SOONER: Duration = Duration::from_millis(200);
/// How often it is read how the channels stand.
const CHANNELS: Duration = Duration::from_secs(5);
/// Results read at once.
const AT_ONCE: usize = 5_000;
/// Open incidents shown.
const OPEN: usize = 10_000;

/// Who keeps it.
pub struct Shown {
    /// The board.
    pub board: SharedBoard,
    /// Those who look from elsewhere: they may report to other replicas.
    pub agents: Agents,
    /// Figures.
    pub metrics: Metrics,
    /// The store, as a follower has it.
    pub store: Arc<dyn Store>,
    /// What was recorded since.
    pub together: Arc<dyn Together>,
    /// The date.
    pub clock: Clock,
    /// All tasks.
    pub tasks: Tasks,
}

/// The incidents that are open.
///
/// # Errors
/// The store cannot be read.
pub async fn open(store: &dyn Store) -> Result<Vec<Incident>, Error> {
    store.find_incidents(&IncidentQuery { open: Some(true), before: None, limit: OPEN }).await
}

impl Shown {
    /// Keeps it until the service stops; it shows what was recorded up to this cursor.
    pub async fn run(self, mut cursor: Option<i64>) {
        let (mut looked, mut said) = (None, String::new());
        loop {
            match self.round(&mut cursor, &mut looked).await {
                Ok(()) => said.clear(),
                Err(error) => {
                    let why = error.to_string();
                    if said != why {
                        tracing::error!("what the leader records cannot be read: {why}");
                        said = why;
                    }
                }
            }
            // Whether the store answers is another question.
            self.board.write(|board| board.alive_at = Some(self.clock.now()));
            tokio::select! {
                biased; // two replays must agree
                _ = self.tasks.stopped() => return,
                () = self.rung() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn rung(&self) {
        tokio::time::sleep(NO_SOONER).await;
        self.together.bell().await;
    }

    async fn round(&self, cursor: &mut Option<i64>, looked: &mut Option<Instant>) -> Result<(), Error> {
        loop {
            let since = self.together.since(*cursor, AT_ONCE).await?;
            let more = since.observations.len() >= AT_ONCE;
            self.show(since.observations);
            *cursor = Some(since.cursor);
            if !more {
                break;
            }
        }
        show_open(&self.board, self.store.as_ref(), self.clock.now()).await?;
        if looked.is_none_or(|at| at.elapsed() >= CHANNELS) {
            let stands = self.store.stands().await?;
            self.board.write(|board| board.channels = stands);
            if self.agents.all().next().is_some() {
                self.agents.recall(&self.store.last_slots().await?, self.clock.now(), &self.metrics);
            }
            *looked = Some(Instant::now());
        }
        Ok(())
    }

    fn show(&self, mut observations: Vec<Observation>) {
        let newest = {
            let board = self.board.read();
            let shown = |probe: &ProbeId| board.probes.get(probe).and_then(|row| row.slot);
            // What the board was filled with may come once more.
            observations.retain(|seen| shown(&seen.probe).is_none_or(|slot| slot < seen.slot));
            observations.iter().map(Observation::ended).max()
        };
        let Some(newest) = newest else { return };
        self.board.write(|board| {
            observations.iter().for_each(|seen| board.saw(seen));
            board.committed_at = board.committed_at.max(Some(newest));
        });
        self.board.tape().write(observations.iter().map(Event::seen));
    }
}

/// Shows which incidents are open now, and how they stand.
///
/// # Errors
/// The store cannot be read.
pub async fn show_open(board: &SharedBoard, store: &dyn Store, now: Timestamp) -> Result<(), Error> {
    let incidents = open(store).await?;
    let parts = incidents.iter().flat_map(|i| i.targets.iter().map(|t| (t.clone(), i.part(t))));
    let shown: BTreeMap<String, Incident> = parts.collect();
    let before = board.read().open.clone();
    if before == shown {
        return Ok(());
    }
    let moved = incidents.iter().filter(|i| before.get(&i.target) != shown.get(&i.target));
    let mut events: Vec<Event> = moved.filter_map(told).collect();
    let over = before.values().filter(|was| !incidents.iter().any(|i| i.id == was.id));
    let over: BTreeMap<_, _> = over.map(|was| (was.id.clone(), ended(was, now))).collect();
    events.extend(over.values().filter_map(told));
    board.write(|board| board.open = shown);
    board.tape().write(events);
    Ok(())
}

fn told(incident: &Incident) -> Option<Event> {
    Event::changed(&Change::Incident(incident.clone()))
}

/// It is open no more: as of when exactly, its page says.
fn ended(was: &Incident, now: Timestamp) -> Incident {
    let mut incident = was.clone();
    incident.state = launchwatch_alerts::IncidentState::Resolved;
    incident.resolved_at = Some(now);
    incident
}
