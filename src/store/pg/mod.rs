//! The store in PostgreSQL, for several replicas of the service: one leads and writes, the others read.
//!
//! # Why
//! * **The same forms as in the embedded store.** What repeats goes into the *journal* (a row a batch) and from there
//!   into *blocks* (many results of one probe, squeezed); what failed is a row each. A row a result would cost ten
//!   times the disk. Blocks and rows lie in partitions by day, which are dropped whole.
//! * **No memory is shared.** Hours that are over are written, open ones are counted from the results in the same
//!   snapshot; what was counted once is remembered by the number of its batch, so that only what is new is counted.
//! * **One writer.** Batches are numbered by a row that each of them locks, so that they come to be seen in the order
//!   of their numbers. The writing connection is one, so that writes of a process keep their order.
//! * **Fenced.** Who leads has an epoch, and every transaction that writes knowledge, deliveries or debts begins by
//!   looking whether the lease still names it, and holds on to that row: whoever takes the lead waits until it is over,
//!   and afterwards the old leader gets [`super::Error::Deposed`] and writes nothing. Sessions, tokens and wishes of
//!   subscribers any replica may write.
//! * **Nothing waits for ever.** Connecting, every statement, every lock and every piece of work has its limit; a
//!   connection on which something went wrong is not used again.

mod accounts;
mod compact;
mod connect;
mod copy;
mod debts;
mod deploys;
mod hours;
mod incidents;
mod lane;
mod letters;
mod load;
mod notes;
mod old;
mod outbox;
mod owe;
mod prune;
mod queues;
mod record;
mod runs;
mod scan;
mod schema;
mod series;
mod settle;
mod silences;
mod sql;
mod stands;
mod store;
mod subscribers;
#[cfg(test)]
pub(super) mod tests;
pub(super) mod together;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use deadpool_postgres::Pool;
use jiff::Timestamp;

use self::sql::micros;
use super::Retention;
use super::damage::Damaged;
use super::seal::Seal;

pub use connect::PgOptions;

type Date = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything launchwatch keeps, in a PostgreSQL database.
#[derive(Clone)]
pub struct PgStore {
    inner: Arc<Inner>,
}

struct Inner {
    /// For reading, and for what any replica may write.
    readers: Pool,
    /// One connection: writes keep their order.
    writer: Pool,
    /// One connection for the lease alone: it waits for nothing else.
    lease: Pool,
    /// What the writer knows of what it wrote.
    known: tokio::sync::Mutex<load::Known>,
    /// What readers have counted of open hours.
    open: Mutex<Arc<load::Open>>,
    /// What every write of knowledge shows; 0 where nobody else can write.
    epoch: AtomicI64,
    seal: Arc<Seal>,
    retention: Retention,
    damaged: Damaged,
    clock: OnceLock<Date>,
    /// The latest date that was handed in, in microseconds.
    latest: AtomicI64,
    /// Targets of which subscribers are not told.
    hidden: RwLock<BTreeSet<String>>,
}

impl PgStore {
    /// From now on every write of knowledge, deliveries and debts holds only while the lease `leader` has this epoch;
    /// 0: nobody else can write.
    pub fn fence(&self, epoch: i64) {
        self.inner.epoch.store(epoch, Ordering::SeqCst);
    }

    /// The epoch that writes show.
    pub fn epoch(&self) -> i64 {
        self.inner.epoch.load(Ordering::SeqCst)
    }

    /// Gives the ledger a clock (its calls bring no date). Without one, a debt is dated by the latest date that any
    /// other call brought.
    #[must_use]
    pub fn with_clock(self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        // The first one stays.
        drop(self.inner.clock.set(Arc::new(now)));
        self
    }

    /// What is counted of open hours; to be taken before a snapshot is.
    fn open_hours(&self) -> Arc<load::Open> {
        Arc::clone(&self.inner.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers what was counted.
    fn counted(&self, open: &Arc<load::Open>) {
        let mut place = self.inner.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_newer(&place) {
            *place = Arc::clone(open);
        }
    }

    /// Rows that could not be read since the store was opened, and were left out.
    pub fn unreadable(&self) -> u64 {
        self.inner.damaged.count()
    }
}

impl Inner {
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
