//! Opening: directory, lock, connections, schema, key, and what was open when the process ended.

use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::damage::Damaged;
use super::files::{self, Held};
use super::seal::{Seal, SealKey};
use super::{Inner, SqliteStore, Writer, fail, load, schema};
use crate::store::{Error, Retention};

/// Readers at a time; more wait for one another, never for the writer.
const READERS: usize = 3;

/// Rows of results fill such a page well, chunks of buckets fit into a quarter of it (more would take a page of their
/// own), and a small store stays small.
const PAGE: u32 = 8_192;

impl SqliteStore {
    /// Opens the store in a directory (made with mode 0700 if it is not there). The key for secrets is the file `key`
    /// in it, made at the first opening.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process holds the directory, [`Error::TooNew`] if a newer version wrote to it.
    pub fn open(dir: &Path, retention: Retention) -> Result<Self, Error> {
        let lock = files::hold(dir)?;
        let key = files::key(dir, Seal::new_key)?;
        Self::open_held(dir, retention, &key, lock)
    }

    /// The same with a key from elsewhere: then none is written beside the data.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with_key(dir: &Path, retention: Retention, key: &SealKey) -> Result<Self, Error> {
        let lock = files::hold(dir)?;
        Self::open_held(dir, retention, &key.0, lock)
    }

    /// Opens the store in a directory for reading only, also while another process holds it: that one is not disturbed,
    /// for each read is a short one of its own. Runs, incidents and what else lies open can be read; of buckets, only
    /// those that were over when it was opened; what is sealed, cannot.
    ///
    /// # Errors
    /// If there is no store, or [`Error::TooNew`] if a newer version wrote to it.
    pub fn open_beside(dir: &Path, retention: Retention) -> Result<Self, Error> {
        let db = reader(&files::path(dir)).map_err(fail("open the store for reading"))?;
        schema::check(&db)?;
        let key = Seal::new_key().ok_or_else(no_key)?;
        let mut store = Self::with(db, retention, &key, None)?;
        if let Some(inner) = Arc::get_mut(&mut store.inner) {
            inner.beside = true;
        }
        Ok(store)
    }

    /// A store that ends with the process: for rehearsals and tests.
    ///
    /// # Errors
    /// If the system gives no memory or no random bytes.
    pub fn in_memory(retention: Retention) -> Result<Self, Error> {
        let db = Connection::open_in_memory().map_err(fail("open a store in memory"))?;
        let key = Seal::new_key().ok_or_else(no_key)?;
        Self::begin(db, retention, &key, None)
    }

    /// Gives the ledger a clock (its calls bring no date). Without one, a debt is dated by the latest date that any
    /// other call brought.
    #[must_use]
    pub fn with_clock(self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        // The first one stays.
        drop(self.inner.clock.set(Box::new(now)));
        self
    }

    /// Does its work where it is asked, and not in another thread: in simulated time nobody else has anything to do
    /// meanwhile, and the order of things depends on no scheduler.
    #[must_use]
    pub fn at_once(mut self) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.at_once = true;
        }
        self
    }

    /// Rows that could not be read since the store was opened, and were left out.
    pub fn unreadable(&self) -> u64 {
        self.inner.damaged.count()
    }

    fn open_held(dir: &Path, retention: Retention, key: &[u8; 32], lock: Held) -> Result<Self, Error> {
        let path = files::database(dir)?;
        let db = Connection::open(&path).map_err(fail("open the store"))?;
        db.busy_timeout(Duration::from_secs(10)).map_err(fail("set up the store"))?;
        schema::check(&db)?;
        set_up(&db).map_err(fail("set up the store"))?;
        let mut store = Self::begin(db, retention, key, Some(lock))?;
        if let Some(inner) = Arc::get_mut(&mut store.inner) {
            for _ in 0..READERS {
                inner.readers.push(Mutex::new(reader(&path).map_err(fail("open the store for reading"))?));
            }
        }
        Ok(store)
    }

    fn begin(
        mut db: Connection,
        retention: Retention,
        key: &[u8; 32],
        lock: Option<Held>,
    ) -> Result<Self, Error> {
        schema::migrate(&mut db)?;
        Self::with(db, retention, key, lock)
    }

    fn with(db: Connection, retention: Retention, key: &[u8; 32], lock: Option<Held>) -> Result<Self, Error> {
        db.set_prepared_statement_cache_capacity(64);
        let damaged = Damaged::default();
        let (live, last, journaled) = load::load(&db, &damaged)?;
        let inner = Inner {
            writer: Mutex::new(Writer { db, last, journaled, stale: false }),
            readers: Vec::new(),
            live: RwLock::new(live),
            seal: Seal::new(key).ok_or_else(no_key)?,
            retention,
            damaged,
            clock: OnceLock::new(),
            latest: AtomicI64::new(0),
            hidden: RwLock::default(),
            beside: false,
            at_once: false,
            _lock: lock,
        };
        Ok(Self { inner: Arc::new(inner), door: None })
    }
}

fn no_key() -> Error {
    Error::Corrupt { what: "the key", detail: "no usable random bytes".into() }
}

fn set_up(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "page_size", PAGE)?;
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: what is acknowledged survives loss of power, not only of the process.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", 512)?;
    db.pragma_update(None, "journal_size_limit", 8_388_608)?;
    db.pragma_update(None, "cache_size", -16_000)?;
    db.pragma_update(None, "temp_store", "MEMORY")
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.pragma_update(None, "cache_size", -16_000)?;
    db.set_prepared_statement_cache_capacity(32);
    Ok(db)
}
