//! The embedded store: one `SQLite` file, used only inside `spawn_blocking`.
//!
//! # Why
//! * **Two forms of a result.** What repeats goes into the *journal* (a row a batch) and from there, when there is
//!   enough of it, into *blocks* (many results of one probe, squeezed). What failed, or says something of its own, is
//!   kept in full, a row each. Slots are kept to the microsecond, durations of compact results to 1 %.
//! * **Buckets cost nothing while they are open.** Hours are counted in memory and written when they are over;
//!   `flushed` says up to where. After a crash the open ones are counted again from the results. Minutes are never
//!   written: the results are there (so minutes last as long as the results do), and 60 of them make a minute cheap.
//! * **One writer, some readers.** The write-ahead log lets readers see the state before a transaction while it runs.
//!   A reader takes its snapshot and the open hours together, so that an hour is never counted twice or not at all.

mod accounts;
mod compact;
mod connect;
mod copy;
mod debts;
mod deploys;
mod hours;
mod incidents;
mod letters;
mod load;
mod names;
mod outbox;
mod prune;
mod record;
mod runs;
mod scan;
mod schema;
mod series;
mod settle;
mod silences;
mod stands;
mod store;
mod subscribers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;
use rusqlite::Connection;

use self::damage::Damaged;
use self::names::Names;
use self::seal::Seal;
pub(in crate::store) use self::store::Touch;
use super::accept::Last;
use super::open::HourOf;
use super::{Error, Retention, damage, files, seal};

/// Says which operation failed.
fn fail(what: &'static str) -> impl FnOnce(rusqlite::Error) -> Error {
    move |source| Error::Database { what, source: Box::new(source) }
}

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn date(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}

type Date = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything launchwatch keeps, in one `SQLite` file.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
    door: Option<store::Door>,
}

struct Inner {
    writer: Mutex<Writer>,
    /// Empty in memory: there the writer's connection is the only one.
    readers: Vec<Mutex<Connection>>,
    live: RwLock<Live>,
    seal: Seal,
    retention: Retention,
    damaged: Damaged,
    clock: OnceLock<Date>,
    /// The latest date that was handed in, in microseconds.
    latest: AtomicI64,
    /// Targets of which subscribers are not told.
    hidden: RwLock<BTreeSet<String>>,
    /// Another process may write: what is in memory is read anew for each read.
    beside: bool,
    /// Works where it is asked, without another thread.
    at_once: bool,
    /// Held for as long as the store is open.
    _lock: Option<files::Held>,
}

/// What only the writer needs.
struct Writer {
    db: Connection,
    /// By number of probe.
    last: Vec<Last>,
    /// Results in the journal.
    journaled: u64,
    /// True when memory may differ from the file: it is read again before the next write.
    stale: bool,
}

/// What is in memory and not in the file, or there as well: always as of the last transaction.
#[derive(Clone)]
struct Live {
    names: Arc<Names>,
    /// Hours that are not written yet, by their start.
    hours: BTreeMap<i64, HourOf>,
    /// Hours that start before this second are in the file, whole.
    flushed: i64,
}

impl Inner {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(|poisoned| {
            let mut writer = poisoned.into_inner();
            writer.stale = true;
            writer
        })
    }

    /// Runs work that writes; if it fails, memory is read anew before the next.
    fn write<T>(&self, work: impl FnOnce(&mut Writer) -> Result<T, Error>) -> Result<T, Error> {
        let mut writer = self.writer();
        if writer.stale {
            load::reload(self, &mut writer)?;
        }
        let result = work(&mut writer);
        writer.stale |= result.is_err();
        result
    }

    /// Runs work on a snapshot, with the open hours that belong to it.
    fn read<T>(&self, work: impl FnOnce(&Connection, &Live) -> Result<T, Error>) -> Result<T, Error> {
        match self.reader() {
            Some(reader) => self.read_on(&reader, work),
            None => self.read_on(&self.writer().db, work),
        }
    }

    /// A free one, or else the first to wait for.
    fn reader(&self) -> Option<MutexGuard<'_, Connection>> {
        let free = self.readers.iter().find_map(|r| r.try_lock().ok());
        let first = || self.readers.first().map(|r| r.lock().unwrap_or_else(PoisonError::into_inner));
        free.or_else(first)
    }

    fn read_on<T>(
        &self,
        db: &Connection,
        work: impl FnOnce(&Connection, &Live) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let what = "begin to read the store";
        let gate = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let tx = db.unchecked_transaction().map_err(fail(what))?;
        // The snapshot is taken at the first read, not at the beginning: so read something behind the gate.
        tx.query_row("SELECT COUNT(*) FROM meta", [], |_| Ok(())).map_err(fail(what))?;
        let mut live = gate.clone();
        drop(gate);
        if self.beside {
            live.names = Arc::new(Names::load(&tx)?);
        }
        work(&tx, &live)
    }

    fn hidden(&self) -> BTreeSet<String> {
        self.hidden.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes a date that was handed in.
    fn note(&self, now: Timestamp) {
        self.latest.fetch_max(micros(now), Ordering::Relaxed);
    }

    /// The date, for the ledger, whose calls bring none.
    fn now(&self) -> i64 {
        self.clock.get().map_or_else(|| self.latest.load(Ordering::Relaxed), |clock| micros(clock()))
    }
}
