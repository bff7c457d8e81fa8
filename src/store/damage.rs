//! What cannot be read: said once, counted, and never in the way of the rest.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

/// Rows that cannot be read, each counted once.
#[derive(Default)]
pub(super) struct Damaged(Mutex<BTreeSet<(&'static str, i64, i64)>>);

impl Damaged {
    /// Notes a row of a table; the key is what tells it from others.
    pub(super) fn note(&self, table: &'static str, key: (i64, i64), why: &dyn Display) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Bounded: after so many the count says enough.
        if rows.len() < 100_000 && rows.insert((table, key.0, key.1)) {
            tracing::warn!(table, row = key.0, part = key.1, error = %why, "a row of the store cannot be read: it is left out");
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}
