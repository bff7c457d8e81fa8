//! What the embedded store promises beyond what every store does.

mod damage;
mod kill;
mod open;
mod storm;
mod truth;
mod write;

use crate::store::{Retention, SqliteStore};

mod memory {
    use super::*;
    use crate::store::conformance::conformance_tests;
    crate::store::conformance::conformance! { SqliteStore::in_memory(Retention::default()).unwrap() }
}

mod file {
    use super::*;
    use crate::store::conformance::conformance_tests;

    thread_local! {
        /// Directories go when the thread of their test ends.
        static DIRS: std::cell::RefCell<Vec<tempfile::TempDir>> = const { std::cell::RefCell::new(Vec::new()) };
    }

    fn store() -> SqliteStore {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path(), Retention::default()).unwrap();
        DIRS.with_borrow_mut(|dirs| dirs.push(dir));
        store
    }
    crate::store::conformance::conformance! { store() }
}

/// Opens the store of a test.
fn open(dir: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::open(dir.path(), Retention::default()).unwrap()
}

/// A second connection, for what only a test may do.
fn beside(dir: &tempfile::TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.path().join("launchwatch.db")).unwrap()
}

impl SqliteStore {
    /// Lets every write fail, as a disk without room does, until it may be written again.
    pub(crate) fn refuse_writes(&self, refuse: bool) {
        let writer = self.inner.writer.lock().unwrap();
        writer.db.pragma_update(None, "query_only", refuse).unwrap();
    }
}
