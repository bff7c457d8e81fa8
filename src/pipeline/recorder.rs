//! The one writer: inbox or next tick → engine → store → board.

mod names;
mod say;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::{AlertState, Change, Engine, IncidentId, OURSELVES};
use launchwatch_probes::{Reason, Verdict};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use self::names::{SeriesNames, ours};
use self::say::say;
use super::backlog::{Attempt, Backlog};
use super::direct::Direct;
use super::orders::Orders;
use super::reported::{Reported, Sorted};
use super::tape::Event;
use super::{board::SharedBoard, sample};
use crate::clock::Clock;
use crate::inbox::{Letter, Ourselves};
use crate::observation::{Observation, ProbeId};
use crate::ourselves::{self, SelfWatch};
use crate::scheduler::{Asks, Standing};
use crate::store::{self, Store};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

pub use self::names::series;

/// Results are gathered this long after the first one, so that one flush to disk serves many.
const GATHER: Duration = Duration::from_millis(40);
/// At most this many letters go into one batch.
const BATCH: usize = 16_384;
/// How often the board shows that the recorder lives, with nothing else to do.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Who goes round so long after the last time was paused: a disk that hangs shows up the same way, and does no harm.
const PAUSED: jiff::SignedDuration = jiff::SignedDuration::from_secs(15);

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
    /// Tells the runners which targets are down and which probes are in doubt.
    pub standing: Standing,
    /// Tells the runners of looks that are wanted out of their time.
    pub asks: Asks,
    /// Knows how we ourselves stand.
    pub ourselves: SelfWatch,
    /// Where we look from.
    pub location: Arc<str>,
    /// Knows what others have told already.
    pub reported: Reported,
    /// What is to be written.
    pub backlog: Backlog,
    /// What people want, and who waits for what came of it.
    pub orders: Orders,
    /// Tells people while nothing can be written.
    pub direct: Direct,
    /// Counts.
    pub metrics: Metrics,
    /// Root of links in messages.
    pub public_url: Option<url::Url>,
    /// Wakes the deliveries.
    pub owed: Arc<Notify>,
    /// All others: they end when somebody else leads.
    pub tasks: Tasks,
}

impl Recorder {
    /// Runs until the inbox is closed: everything that was handed over is written down before it ends. Gives the results
    /// of which that cannot be said.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Letter>) -> Vec<Observation> {
        let mut names = SeriesNames::default();
        let now = self.clock.now();
        let changes = self.engine.start(now);
        // Also after a restart in the middle of an outage: figures show it, and launches stay rare.
        let known: BTreeSet<String> = self.engine.open().flat_map(|i| i.targets.clone()).collect();
        let inherited = self.engine.alerts().filter(|a| a.key.series.target == OURSELVES);
        let inherited = inherited.filter(|a| a.state != AlertState::Calm).map(|a| a.key.series.probe.clone());
        self.ourselves.inherit(inherited, now);
        self.keep(Vec::new(), changes).await;
        self.show_incidents(&known);
        let mut round_at = now;
        loop {
            let mut letters = Vec::new();
            let wake = self.wake();
            tokio::select! {
                biased; // letters first: a tick must judge with everything that is known
                count = inbox.recv_many(&mut letters, BATCH) => {
                    if count == 0 {
                        return self.end(&mut names).await;
                    }
                    gather(&mut inbox, &mut letters).await;
                }
                () = tokio::time::sleep(wake) => {}
            }
            let now = self.clock.now();
            if now.duration_since(round_at) > PAUSED {
                self.engine.paused(now);
            }
            round_at = now;
            let doubted = |probe: &str| self.engine.doubted(&ours(probe, &self.location));
            let ourselves::Sorted { letters, words, waiting } = self.ourselves.sort(letters, now, doubted);
            self.standing.doubt(waiting.iter().map(|probe| (probe, true)));
            self.round(letters, words, &mut names).await;
        }
    }

    /// The service stops: what waited for witnesses is judged and written as it is, and what could not be written gets
    /// one last try.
    async fn end(mut self, names: &mut SeriesNames) -> Vec<Observation> {
        let left = self.ourselves.last_words();
        self.round(left, Vec::new(), names).await;
        if !self.backlog.is_empty() {
            self.try_to_write(Attempt::Last).await;
        }
        self.backlog.left()
    }

    async fn round(&mut self, letters: Vec<Letter>, words: Vec<Ourselves>, names: &mut SeriesNames) {
        let now = self.clock.now();
        for word in words {
            self.hear(&word, now);
        }
        let mut observations = Vec::with_capacity(letters.len());
        let mut seen_of = BTreeSet::new();
        for letter in letters {
            match letter {
                Letter::Observation(seen) => {
                    self.judge(&seen, names, &mut seen_of, now);
                    observations.push(seen);
                }
                Letter::Suspect(suspect) => {
                    let (series, _) = names.of(&self.engine, &suspect.probe, &suspect.location);
                    self.engine.see(&sample::of_suspect(series, &suspect, now), now);
                }
                Letter::Reported { observations: told, answer } => {
                    // What cannot be compared with what is known is not taken: whoever waits is not answered.
                    let sorted = self.reported.sort(told, self.store.as_ref(), now).await;
                    let Ok(Sorted { news, new }) = sorted.inspect_err(|error| {
                        tracing::error!(%error, "cannot say what of a report is known already");
                    }) else {
                        continue;
                    };
                    for (seen, _) in news.iter().filter(|(_, judged)| *judged) {
                        self.judge(seen, names, &mut seen_of, now);
                    }
                    observations.extend(news.into_iter().map(|(seen, _)| seen));
                    self.reported.awaits(answer, new);
                }
                Letter::Command { command, caller, answer } => {
                    self.orders.obey(&mut self.engine, (command, caller), answer, now);
                }
                Letter::Why { most, answer } => drop(answer.send(self.engine.why(most, now))),
                // Sorted out before.
                Letter::Ourselves(_) | Letter::Witnesses(_) => {}
                // Who leads was told already.
                Letter::Heard { .. } => {}
            }
        }
        let mut changes = self.engine.tick(now);
        self.doubt(&seen_of, names);
        self.orders.obey_afterwards(&mut self.engine, self.store.as_ref(), &mut changes, now).await;
        self.backlog.note(self.orders.noted());
        if self.keep(observations, changes).await {
            self.orders.answer();
            self.reported.answer();
        }
    }

    /// Judges what a run found.
    fn judge(
        &mut self,
        seen: &Observation,
        names: &mut SeriesNames,
        seen_of: &mut BTreeSet<ProbeId>,
        now: Timestamp,
    ) {
        let (series, curious) = names.of(&self.engine, &seen.probe, &seen.location);
        seen_of.insert(seen.probe.clone());
        if our_fault(seen) {
            self.engine.forgive(&series, now);
        }
        self.engine.see(&sample::of_observation(series, curious, seen), now);
    }

    /// Judges what is said about ourselves.
    fn hear(&mut self, word: &Ourselves, now: Timestamp) {
        tracing::warn!(ourselves.probe = %word.probe, ourselves.good = word.good, "{}", word.summary);
        let series = Arc::new(ours(&word.probe, &self.location));
        self.engine.see(&sample::of_ourselves(series, word, now), now);
    }

    /// Tells the runners which of these probes are in doubt: at once, for a slow disk must not hold up a second look.
    fn doubt(&self, probes: &BTreeSet<ProbeId>, names: &SeriesNames) {
        let doubted = |p: &ProbeId| names.known(p).is_some_and(|series| self.engine.doubted(series));
        self.standing.doubt(probes.iter().map(|p| (p, doubted(p))));
    }

    /// Keeps and shows what came of a round. True when all of it is durable.
    async fn keep(&mut self, observations: Vec<Observation>, mut changes: Vec<Change>) -> bool {
        let now = self.clock.now();
        self.ask(&mut changes);
        self.board.write(|board| {
            board.alive_at = Some(now);
            for seen in &observations {
                board.saw(seen);
            }
        });
        let happened = observations.iter().map(Event::seen).chain(changes.iter().filter_map(Event::changed));
        self.board.tape().write(happened);
        for seen in &observations {
            self.metrics.run_ended(&seen.probe, &seen.outcome, seen.ended());
        }
        if observations.is_empty() && changes.is_empty() && self.backlog.is_empty() {
            return true;
        }
        self.furnish(&mut changes, now);
        let moved = self.engine.moved();
        for change in &changes {
            say(change);
        }
        self.standing.set(moved.iter().map(|target| (target, self.engine.down_since(target))));
        self.backlog.add(observations, changes);
        if self.backlog.due() {
            self.try_to_write(Attempt::Now).await;
        }
        self.show_incidents(&moved);
        self.backlog.is_empty()
    }

    /// Hands looks that are wanted to the runners: they are for the moment, and not written down as such.
    fn ask(&self, changes: &mut Vec<Change>) {
        changes.retain(|change| {
            let Change::Look(ask) = change else { return true };
            self.asks.ask(&ProbeId::of(&ask.series, &self.location), &ask.why);
            false
        });
    }

    /// Adds to notifications what the engine does not know: the last hours, and the link.
    fn furnish(&self, changes: &mut [Change], now: Timestamp) {
        for change in changes {
            if let Change::Notify(n) = change {
                n.facts.strips = self.board.read().strips(&n.facts.target, now);
                n.facts.link = self.public_url.as_ref().and_then(|root| page_of(root, &n.incident));
            }
        }
    }

    /// Tries to write what is to be written. Nothing of what is owed is lost: what cannot be written stays in memory
    /// and is tried again, while judging goes on.
    async fn try_to_write(&mut self, attempt: Attempt) {
        let now = self.clock.now();
        let batch = self.backlog.batch(now);
        let owes = batch.changes.iter().any(|c| matches!(c, Change::Notify(_)));
        let began = Instant::now();
        let word = match self.store.record(batch).await {
            Ok(()) => {
                let now = self.clock.now();
                self.metrics.committed(now, began.elapsed());
                self.board.write(|b| b.committed_at = Some(now));
                self.backlog.written();
                self.ourselves.writing(None, now)
            }
            Err(store::Error::Deposed) => {
                tracing::warn!("somebody else leads: nothing is written any more");
                self.backlog.failed(now);
                self.tasks.stop();
                return;
            }
            Err(error) => {
                self.metrics.store_error();
                let why = error.to_string();
                let (since, pause, lost) = self.backlog.failed(now);
                (0..lost).for_each(|_| self.metrics.letter_dropped());
                if attempt == Attempt::Last {
                    tracing::error!(%error, "cannot write down the last results; they are lost");
                } else {
                    tracing::error!(%error, "cannot write down results; trying again in {pause:?}");
                }
                self.complain(since, &why, now);
                return self.tell_unwritten(attempt, now).await;
            }
        };
        if let Some(word) = word {
            self.hear(&word, now);
        }
        if owes {
            self.owed.notify_one();
        }
    }

    /// While nothing can be written people are told all the same, by nobody but us, so that nothing is told twice.
    async fn tell_unwritten(&mut self, attempt: Attempt, now: Timestamp) {
        if let Some(owed) = self.backlog.overdue(now).filter(|_| attempt == Attempt::Now) {
            let told = self.direct.tell(&owed).await;
            self.backlog.told(&told);
        }
    }

    fn complain(&mut self, since: Timestamp, why: &str, now: Timestamp) {
        if let Some(word) = self.ourselves.writing(Some((since, why)), now) {
            self.hear(&word, now);
        }
    }

    /// Shows how the incidents of these targets stand. Only theirs: with thousands of targets down, showing all of
    /// them at every move would hold up everything else.
    fn show_incidents(&self, moved: &BTreeSet<String>) {
        if moved.is_empty() {
            return;
        }
        let of_moved = moved.iter().filter_map(|t| Some((t.clone(), self.engine.incident_of(t)?.part(t))));
        let open: BTreeMap<String, _> = of_moved.collect();
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
        let next = self.engine.next_tick().into_iter().chain(self.ourselves.next()).min();
        let retry = self.backlog.wait().unwrap_or(HEARTBEAT);
        next.map_or(HEARTBEAT, until).min(HEARTBEAT).min(retry)
    }
}

/// The page of an incident; of what is none, ours.
fn page_of(root: &url::Url, incident: &IncidentId) -> Option<String> {
    let mut page = root.join("./").ok()?;
    let ours = incident.0.starts_with("silence-") || incident.0.starts_with("test-");
    if !ours && let Ok(mut segments) = page.path_segments_mut() {
        segments.pop_if_empty().extend(["incidents", incident.0.as_str()]);
    }
    Some(page.into())
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

/// Whether a run could not look through our own fault, and not for want of a run.
fn our_fault(seen: &Observation) -> bool {
    use Reason::{ProbeAuth, Prober, ProberIsolated};
    seen.outcome.verdict == Verdict::Unknown
        && matches!(seen.outcome.reason, Some(ProbeAuth | Prober | ProberIsolated))
}

#[cfg(test)]
mod tests;
