//! What others tell us: pings of jobs and alerts of Prometheus become observations, and so does their silence.
//!
//! # Why
//! How a heartbeat or a set of alerts stands follows from what is on record of it and from nothing else: a start, an end, a
//! failure and a silence are observations each, with a slot that names them. So a restart takes up where it was by
//! reading the last of them, and who says something twice says it once. What is answered with *yes* is durable; with
//! anything else the sender says it again.

mod alerts;
mod body;
mod calendar;
mod heartbeat;
mod limit;
mod rows;
#[cfg(test)]
mod tests;
mod told;
mod watch;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::Config;
use crate::inbox::{NotDone, Orders};
use crate::observation::{Observation, ProbeId};
use crate::store::{Digest, Error, RunQuery, Store};

pub use body::Body;
pub use heartbeat::Word;
pub use rows::Standing;
pub use told::{Alert, Unreadable, of_prometheus, of_webhook};
pub use watch::watch;

use rows::{Kind, Row};

/// Runs on record that are read of each probe at the start: starts and ends of a few runs.
const REMEMBERED: usize = 60;
/// Longest that somebody who tells us something waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of something that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is written down, or had been before.
    Yes,
    /// Nobody who may speak has such a key.
    Nobody,
    /// They speak too often: to be said again after this time.
    TooOften(Duration),
    /// It cannot be written down just now: to be said again.
    NotNow,
}

/// All who may tell us something.
#[derive(Default)]
pub struct Pings {
    parts: Option<Parts>,
    rows: Vec<Arc<Row>>,
    /// By the digest of the key: finding it takes the same time for what is nearly a key and what is none.
    by_key: BTreeMap<Digest, Vec<usize>>,
    /// Rung when something changed that the watch goes by.
    moved: Notify,
}

struct Parts {
    clock: Clock,
    orders: Orders,
    location: Arc<str>,
    store: Arc<dyn Store>,
    newest: Newest,
}

/// The last slot of a probe that is known to be on record: also what another replica was told.
pub type Newest = Arc<dyn Fn(&ProbeId) -> Option<Timestamp> + Send + Sync>;

impl Pings {
    /// Those of a configuration; what they say goes through `orders`, and is found again in the store.
    pub fn of(
        config: &Config,
        clock: &Clock,
        orders: &Orders,
        store: Arc<dyn Store>,
        newest: Newest,
    ) -> Self {
        let now = clock.now();
        let (mut rows, mut by_key) = (Vec::new(), BTreeMap::<Digest, Vec<usize>>::new());
        for probe in &config.probes {
            let Some(passive) = probe.probe.passive() else { continue };
            by_key.entry(Digest::of(passive.key().expose_secret())).or_default().push(rows.len());
            rows.push(Arc::new(Row::new(probe, passive, now)));
        }
        let location = Arc::clone(&config.service.location);
        let parts = Some(Parts { clock: clock.clone(), orders: orders.clone(), location, store, newest });
        Self { parts, rows, by_key, moved: Notify::new() }
    }

    /// Takes up from what is on record: nobody is accused of what came to pass while we were not there until they had
    /// their whole grace again.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn take_up(&self, now: Timestamp) -> Result<(), Error> {
        let Some(parts) = &self.parts else { return Ok(()) };
        for row in &self.rows {
            learn(parts, row).await?;
            row.forgive(now);
        }
        Ok(())
    }

    /// A job says something: `rid` names the run.
    pub async fn ping(&self, key: &str, word: Word, rid: Option<&str>, body: &Body) -> Heard {
        let Some(parts) = &self.parts else { return Heard::Nobody };
        let Some(row) = self.found(key).find(|r| matches!(r.kind, Kind::Heartbeat(_))) else {
            return Heard::Nobody;
        };
        if let Err(wait) = row.limit.take() {
            return Heard::TooOften(wait);
        }
        let lines = body.lines(key);
        let said = async {
            // One after the other: what is to be written follows from what is on record.
            let _turn = row.turn.lock().await;
            learn_news(parts, row).await?;
            let found = row.would(word, rid, lines, parts.clock.now());
            self.report(parts, row, found).await
        };
        self.in_time(said).await
    }

    /// Prometheus or Alertmanager tells of alerts.
    pub async fn alerts(&self, key: &str, told: &[Alert]) -> Heard {
        let Some(parts) = &self.parts else { return Heard::Nobody };
        let rows: Vec<_> = self.found(key).filter(|r| matches!(r.kind, Kind::Alerts(_))).cloned().collect();
        if rows.is_empty() {
            return Heard::Nobody;
        }
        let said = async {
            for row in &rows {
                if row.limit.take().is_err() {
                    return Err(NotDone::TryAgain);
                }
                let _turn = row.turn.lock().await;
                learn_news(parts, row).await?;
                let (found, later) = row.told(told, parts.clock.now());
                self.report(parts, row, found).await?;
                row.become_so(later);
                self.moved.notify_one();
            }
            Ok(())
        };
        self.in_time(said).await
    }

    /// What is known of one of them; `None` if it is none.
    pub fn standing(&self, probe: &ProbeId) -> Option<Standing> {
        self.rows.iter().find(|row| row.id == *probe).map(|row| row.standing())
    }

    /// Whether somebody with this key may tell of alerts.
    pub fn knows_alerts(&self, key: &str) -> bool {
        self.found(key).any(|row| matches!(row.kind, Kind::Alerts(_)))
    }

    fn found(&self, key: &str) -> impl Iterator<Item = &Arc<Row>> {
        let found = self.by_key.get(&Digest::of(key));
        found.into_iter().flatten().filter_map(|at| self.rows.get(*at))
    }

    /// Has it written down; then it counts.
    async fn report(
        &self,
        parts: &Parts,
        row: &Row,
        found: Vec<(Timestamp, launchwatch_probes::Outcome)>,
    ) -> Result<(), NotDone> {
        if found.is_empty() {
            return Ok(());
        }
        let seen: Vec<Observation> = found.into_iter().map(|one| row.seen(&parts.location, one)).collect();
        parts.orders.report(seen.clone()).await?;
        row.saw(&seen);
        self.moved.notify_one();
        Ok(())
    }

    async fn in_time(&self, said: impl Future<Output = Result<(), NotDone>>) -> Heard {
        match tokio::time::timeout(PATIENCE, said).await {
            Ok(Ok(())) => Heard::Yes,
            Ok(Err(_)) | Err(_) => Heard::NotNow,
        }
    }
}

/// Reads what is on record of one of them.
async fn learn(parts: &Parts, row: &Row) -> Result<(), Error> {
    let query = RunQuery { probe: Some(row.id.clone()), limit: REMEMBERED, ..RunQuery::default() };
    let known = parts.store.runs(&query).await?;
    row.learn(known.iter().rev());
    row.learned.store(true, Ordering::Relaxed);
    Ok(())
}

/// The same, if something is on record that we did not write: another replica was told.
async fn learn_news(parts: &Parts, row: &Row) -> Result<(), NotDone> {
    if row.learned.load(Ordering::Relaxed) && (parts.newest)(&row.id) <= row.newest() {
        return Ok(());
    }
    learn(parts, row).await.map_err(|error| {
        tracing::warn!(%error, probe = %row.id, "cannot read what others told another replica");
        NotDone::TryAgain
    })
}
