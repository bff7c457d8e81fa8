//! The schema, step by step: steps are added, never edited.

use rusqlite::{Connection, TransactionBehavior};

use super::fail;
use crate::store::Error;

const STEPS: &[&str] = &[
    include_str!("001.sql"),
    include_str!("002.sql"),
    include_str!("003.sql"),
    include_str!("004.sql"),
    include_str!("005.sql"),
    include_str!("006.sql"),
];

/// Brings the schema up to date, in one transaction.
///
/// # Errors
/// [`Error::TooNew`] if the store was written by a newer version; then nothing was touched.
pub(super) fn migrate(db: &mut Connection) -> Result<(), Error> {
    apply(db, STEPS)
}

/// What the file says, if we may go on.
pub(super) fn version(db: &Connection, known: u32) -> Result<u32, Error> {
    let found = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(fail("read the version of the store"))?;
    if found > known { Err(Error::TooNew { found, known }) } else { Ok(found) }
}

/// Refuses a store of a newer version before anything is written to it.
pub(super) fn check(db: &Connection) -> Result<(), Error> {
    version(db, known(STEPS)).map(|_| ())
}

fn known(steps: &[&str]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

fn apply(db: &mut Connection, steps: &[&str]) -> Result<(), Error> {
    let what = "bring the store up to date";
    let known = known(steps);
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail(what))?;
    let found = version(&tx, known)?;
    for step in steps.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        tx.execute_batch(step).map_err(fail(what))?;
    }
    if found < known {
        tx.pragma_update(None, "user_version", known).map_err(fail(what))?;
    }
    tx.commit().map_err(fail(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_leaves_everything_as_it_was() {
        let mut db = Connection::open_in_memory().unwrap();
        apply(&mut db, &["CREATE TABLE a (x)"]).unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x)", "nonsense"];
        assert!(apply(&mut db, &steps).is_err());
        assert_eq!(version(&db, 9).unwrap(), 1);
        assert!(db.prepare("SELECT * FROM b").is_err());
        apply(&mut db, &steps[..2]).unwrap();
        assert_eq!(version(&db, 9).unwrap(), 2);
    }
}
