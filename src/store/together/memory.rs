//! Replicas that share a store in memory, each by a line of its own that can be cut: for tests in simulated time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Fate, Kind, Lease, Left, STALE, Since, Together};
use crate::store::sqlite::Touch;
use crate::store::{Error, RunQuery, SqliteStore, Store};

/// What they share.
#[derive(Clone)]
pub struct Shared {
    store: Arc<SqliteStore>,
    inner: Arc<Mutex<Inner>>,
    bell: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    holder: String,
    epoch: i64,
    until: Option<Instant>,
    letters: VecDeque<Letter>,
}

struct Letter {
    left: Left,
    at: Instant,
    taken: Option<i64>,
    answer: Option<Value>,
}

/// One replica's line to what they share.
#[derive(Clone)]
pub struct Line {
    shared: Shared,
    cut: Arc<AtomicBool>,
}

impl Shared {
    /// Over this store; nobody leads yet.
    pub fn new(store: Arc<SqliteStore>) -> Self {
        Self { store, inner: Arc::default(), bell: watch::Sender::new(0) }
    }

    /// A line of its own for one more.
    pub fn line(&self) -> Line {
        Line { shared: self.clone(), cut: Arc::default() }
    }

    /// The epoch of the lease.
    pub fn epoch(&self) -> i64 {
        self.inner().epoch
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.bell.send_modify(|n| *n += 1);
    }
}

impl Line {
    /// Cuts the line, or mends it.
    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }

    fn through(&self) -> Result<MutexGuard<'_, Inner>, Error> {
        if self.cut.load(Ordering::Relaxed) { Err(gone()) } else { Ok(self.shared.inner()) }
    }

    fn lead(&self, epoch: i64) -> Result<MutexGuard<'_, Inner>, Error> {
        let inner = self.through()?;
        if inner.epoch == epoch { Ok(inner) } else { Err(Error::Deposed) }
    }
}

fn gone() -> Error {
    Error::Database { what: "reach the database", source: "the line is cut".into() }
}

#[async_trait]
impl Together for Line {
    async fn lease(&self, holder: &str, held: Option<i64>, length: Duration) -> Result<Lease, Error> {
        let mut inner = self.through()?;
        let now = Instant::now();
        let ours = inner.holder == holder && held == Some(inner.epoch);
        match inner.until.filter(|until| *until > now) {
            Some(until) if !ours => {
                return Ok(Lease::Theirs { holder: inner.holder.clone(), left: until - now });
            }
            _ => {}
        }
        if !ours {
            inner.epoch += 1;
            inner.holder = holder.to_owned();
        }
        inner.until = Some(now + length);
        Ok(Lease::Ours { epoch: inner.epoch })
    }

    async fn give_back(&self, holder: &str, epoch: i64) -> Result<(), Error> {
        let mut inner = self.through()?;
        if inner.holder == holder && inner.epoch == epoch {
            inner.until = None;
        }
        drop(inner);
        self.shared.ring();
        Ok(())
    }

    fn store(&self, epoch: Option<i64>) -> Arc<dyn Store> {
        let line = self.clone();
        Arc::new(self.shared.store.behind(Arc::new(move |touch| {
            let inner = line.through()?;
            if touch == Touch::Write && Some(inner.epoch) != epoch {
                return Err(Error::Deposed);
            }
            drop(inner);
            if touch == Touch::Write {
                line.shared.ring();
            }
            Ok(())
        })))
    }

    async fn leave(&self, letter: &Left) -> Result<(), Error> {
        let mut inner = self.through()?;
        if !inner.letters.iter().any(|l| l.left.id == letter.id) {
            let left = letter.clone();
            inner.letters.push_back(Letter { left, at: Instant::now(), taken: None, answer: None });
        }
        drop(inner);
        self.shared.ring();
        Ok(())
    }

    async fn collect(&self, epoch: i64, limit: usize) -> Result<Vec<Left>, Error> {
        let mut inner = self.lead(epoch)?;
        let wanted = |l: &&mut Letter| match l.left.kind {
            Kind::Report => l.answer.is_none() && l.taken != Some(epoch),
            Kind::Command | Kind::Question => l.taken.is_none() && l.at.elapsed() <= STALE,
        };
        let take = |l: &mut Letter| {
            l.taken = Some(epoch);
            l.left.clone()
        };
        Ok(inner.letters.iter_mut().filter(wanted).take(limit).map(take).collect())
    }

    async fn answer(&self, epoch: i64, id: &str, answer: &Value) -> Result<(), Error> {
        let mut inner = self.lead(epoch)?;
        if let Some(letter) = inner.letters.iter_mut().find(|l| l.left.id == id) {
            letter.answer = Some(answer.clone());
        }
        drop(inner);
        self.shared.ring();
        Ok(())
    }

    async fn fate(&self, id: &str) -> Result<Fate, Error> {
        let inner = self.through()?;
        let Some(letter) = inner.letters.iter().find(|l| l.left.id == id) else { return Ok(Fate::Gone) };
        Ok(match (&letter.answer, letter.taken) {
            (Some(answer), _) => Fate::Answered(answer.clone()),
            (None, None) => Fate::Waiting,
            (None, Some(epoch)) if epoch == inner.epoch => Fate::Taken,
            (None, Some(_)) if letter.left.kind == Kind::Report => Fate::Waiting,
            (None, Some(_)) => Fate::Lost,
        })
    }

    async fn withdraw(&self, id: &str) -> Result<bool, Error> {
        let mut inner = self.through()?;
        let before = inner.letters.len();
        inner.letters.retain(|l| l.left.id != id || l.taken.is_some());
        Ok(inner.letters.len() < before)
    }

    async fn since(&self, cursor: Option<i64>, limit: usize) -> Result<Since, Error> {
        drop(self.through()?);
        // Rough, as a player of the part may be: by slot.
        let newest = self.shared.store.last_slots().await?.into_values().max();
        let newest = newest.map_or(i64::MIN, |slot| slot.as_microsecond());
        let Some(cursor) = cursor else { return Ok(Since { observations: Vec::new(), cursor: newest }) };
        let from = jiff::Timestamp::from_microsecond(cursor.saturating_add(1)).unwrap_or_default();
        let query = RunQuery { from: Some(from), limit: usize::MAX, ..RunQuery::default() };
        let mut observations = self.shared.store.runs(&query).await?;
        observations.reverse();
        observations.truncate(limit);
        let last = observations.last().map_or(cursor, |seen| seen.slot.as_microsecond());
        Ok(Since { observations, cursor: last })
    }

    async fn bell(&self) {
        // Only what rings from now on: whoever waits has just looked.
        let _ = self.shared.bell.subscribe().changed().await;
    }

    async fn tidy(&self, epoch: i64) -> Result<(), Error> {
        let owed = |l: &Letter| l.left.kind == Kind::Report && l.answer.is_none();
        self.lead(epoch)?.letters.retain(|l| owed(l) || l.at.elapsed() <= super::KEPT);
        Ok(())
    }
}
