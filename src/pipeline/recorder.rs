//! The one writer: inbox or next tick → engine → store → board.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::{Change, Engine, SeriesId};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::{board::SharedBoard, orders::Orders, sample};
use crate::clock::Clock;
use crate::inbox::Letter;
use crate::observation::{Observation, ProbeId};
use crate::scheduler::Standing;
use crate::store::{Batch, Store};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// Results are gathered this long after the first one, so that one flush to disk serves many.
const GATHER: Duration = Duration::from_millis(40);
/// At most this many letters go into one batch.
const BATCH: usize = 16_384;
/// How often the board shows that the recorder lives, with nothing else to do.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// First and longest pause before a batch that could not be written is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// What the recorder works with.
pub struct Recorder {
    /// The date.
    pub clock: Clock,
    /// Judges.
    pub engine: Engine,
    /// Keeps.
    pub store: Arc<dyn Store>,
    /// Shows.
    pub board: SharedBoard,
    /// Tells the runners which targets are down.
    pub standing: Standing,
    /// Counts.
    pub metrics: Metrics,
    /// Root of links in messages.
    pub public_url: Option<url::Url>,
    /// Wakes the deliveries.
    pub owed: Arc<Notify>,
    /// All tasks.
    pub tasks: Tasks,
}

impl Recorder {
    /// Runs until the inbox is closed: everything that was handed over is written down before it ends.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Letter>) {
        let mut names = SeriesNames::default();
        let changes = self.engine.start(self.clock.now());
        // Also after a restart in the middle of an outage: figures show it, and launches stay rare.
        let known: BTreeSet<String> = self.engine.open().flat_map(|i| i.targets.clone()).collect();
        self.keep(Vec::new(), changes).await;
        self.show_incidents(&known);
        loop {
            let mut letters = Vec::new();
            let wake = self.wake();
            tokio::select! {
                biased; // letters first: a tick must judge with everything that is known
                count = inbox.recv_many(&mut letters, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    gather(&mut inbox, &mut letters).await;
                }
                () = tokio::time::sleep(wake) => {}
            }
            self.round(letters, &mut names).await;
        }
    }

    async fn round(&mut self, letters: Vec<Letter>, names: &mut SeriesNames) {
        let now = self.clock.now();
        let mut observations = Vec::with_capacity(letters.len());
        let mut orders = Orders::default();
        for letter in letters {
            match letter {
                Letter::Observation(seen) => {
                    let series = names.of(&seen.probe, &seen.location);
                    let curious = self.engine.curious(&series);
                    let sample = sample::of_observation(series, curious, &seen);
                    self.engine.see(&sample, now);
                    observations.push(seen);
                }
                Letter::Suspect(suspect) => {
                    let series = names.of(&suspect.probe, &suspect.location);
                    let sample = sample::of_suspect(series, &suspect, now);
                    self.engine.see(&sample, now);
                }
                Letter::Ourselves(part) => self.engine.see(&sample::of_ourselves(part, now), now),
                Letter::Command { command, answer } => orders.obey(&mut self.engine, command, answer, now),
            }
        }
        let mut changes = self.engine.tick(now);
        orders.obey_afterwards(self.store.as_ref(), &mut changes, now).await;
        if self.keep(observations, changes).await {
            orders.answer();
        }
    }

    /// True when it is durable.
    async fn keep(&mut self, observations: Vec<Observation>, mut changes: Vec<Change>) -> bool {
        let now = self.clock.now();
        self.board.write(|board| {
            board.alive_at = Some(now);
            for seen in &observations {
                board.saw(seen);
            }
        });
        for seen in &observations {
            self.metrics.run_ended(&seen.probe, &seen.outcome, seen.ended());
        }
        if observations.is_empty() && changes.is_empty() {
            return true;
        }
        self.furnish(&mut changes, now);
        let owes = changes.iter().any(|c| matches!(c, Change::Notify(_)));
        let moved = self.engine.moved();
        for change in &changes {
            say(change);
        }
        let durable = self.write(Batch { observations, changes, now }).await;
        self.show_incidents(&moved);
        if owes {
            self.owed.notify_one();
        }
        durable
    }

    /// Adds to notifications what the engine does not know: the last hours, and the link.
    fn furnish(&self, changes: &mut [Change], now: Timestamp) {
        for change in changes {
            if let Change::Notify(n) = change {
                n.facts.strips = self.board.read().strips(&n.facts.target, now);
                n.facts.link = self.public_url.as_ref().and_then(|u| u.join("./").ok()).map(Into::into);
            }
        }
    }

    /// Writes a batch, again and again until it is written: what is owed must not be lost. Meanwhile the inbox fills;
    /// on a stop the batch gets one last try. True when it is durable.
    async fn write(&self, batch: Batch) -> bool {
        let mut pause = RETRY.0;
        loop {
            let began = Instant::now();
            match self.store.record(batch.clone()).await {
                Ok(()) => {
                    let now = self.clock.now();
                    self.metrics.committed(now, began.elapsed());
                    self.board.write(|b| b.committed_at = Some(now));
                    return true;
                }
                Err(error) => {
                    self.metrics.store_error();
                    tracing::error!(%error, "cannot write down results; trying again in {pause:?}");
                    if self.tasks.stopping() {
                        return false;
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY.1);
                }
            }
        }
    }

    /// Shows how the incidents of these targets stand. Only theirs: with thousands of targets down, showing all of
    /// them at every move would hold up everything else.
    fn show_incidents(&self, moved: &BTreeSet<String>) {
        if moved.is_empty() {
            return;
        }
        let of_moved = moved.iter().filter_map(|t| Some((t.clone(), self.engine.incident_of(t)?.clone())));
        let open: BTreeMap<String, _> = of_moved.collect();
        self.standing.set(moved.iter().map(|target| (target, self.engine.down_since(target))));
        for target in moved {
            self.metrics.incident(target, open.contains_key(target));
        }
        self.board.write(|board| {
            board.open.retain(|target, _| !moved.contains(target));
            board.open.extend(open);
        });
    }

    /// How long to sleep when no letter comes.
    fn wake(&self) -> Duration {
        let now = self.clock.now();
        let until = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
        self.engine.next_tick().map_or(HEARTBEAT, until).min(HEARTBEAT)
    }
}

/// Waits a moment for more letters.
async fn gather(inbox: &mut mpsc::Receiver<Letter>, letters: &mut Vec<Letter>) {
    let until = Instant::now() + GATHER;
    while letters.len() < BATCH {
        let room = BATCH - letters.len();
        match tokio::time::timeout_at(until, inbox.recv_many(letters, room)).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
    }
}

fn say(change: &Change) {
    match change {
        Change::Alert(a) => {
            tracing::info!(alert.rule = %a.key.rule, alert.series = %a.key.series, alert.state = ?a.state,
                alert.failures = a.failures, "alert moved");
        }
        Change::Incident(i) => {
            tracing::info!(incident.id = %i.id, incident.state = ?i.state, target.name = %i.target, "incident moved");
        }
        Change::Silence(s) => {
            tracing::info!(silence.id = %s.id, silence.by = %s.by, silence.until = %s.until, "silence moved");
        }
        Change::Hidden(h) => {
            tracing::info!(alert.series = %h.series, alert.rule = %h.rule, "not told: {}", h.by);
        }
        Change::Notify(n) => {
            tracing::info!(notification.id = %n.id, notification.kind = n.kind.as_str(), "notification owed");
        }
    }
}

/// The series of each probe, made once.
#[derive(Default)]
struct SeriesNames(BTreeMap<ProbeId, Arc<SeriesId>>);

impl SeriesNames {
    fn of(&mut self, probe: &ProbeId, location: &str) -> Arc<SeriesId> {
        if let Some(known) = self.0.get(probe).filter(|s| s.location == location) {
            return Arc::clone(known);
        }
        let series = Arc::new(series(probe, location));
        self.0.insert(probe.clone(), Arc::clone(&series));
        series
    }
}

/// The series of a probe at a location.
pub fn series(probe: &ProbeId, location: &str) -> SeriesId {
    SeriesId { target: probe.target().into(), probe: probe.probe().into(), location: location.into() }
}
