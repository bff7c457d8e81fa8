//! Debts of launches: written before a launch is asked for, so that also a crash leaves nothing behind.

use launchwatch_probes::{CleanUp, DebtId};
use rusqlite::{Connection, params};

use super::damage::Damaged;
use super::seal::Seal;
use super::{date, fail};
use crate::store::{Debt, DebtState, Error};

pub(super) fn begun(db: &Connection, id: &DebtId, what: &str, now: i64) -> Result<(), Error> {
    db.execute(
        "INSERT OR IGNORE INTO debt (id, what, since, changed, state) VALUES (?1, ?2, ?3, ?3, 'begun')",
        params![id.0, what, now],
    )
    .map(|_| ())
    .map_err(fail("begin a debt"))
}

/// Also a debt that was never begun is owed once a server was named.
pub(super) fn told(
    db: &Connection,
    seal: &Seal,
    id: &DebtId,
    cleanup: &CleanUp,
    now: i64,
) -> Result<(), Error> {
    let sealed = seal.seal(&id.0, cleanup).ok_or_else(|| Error::Corrupt {
        what: "a debt to be kept",
        detail: "it could not be sealed: the system gives no random bytes".into(),
    })?;
    db.execute(
        "INSERT INTO debt (id, what, since, changed, state, sealed) VALUES (?1, ?2, ?3, ?3, 'told', ?4)
         ON CONFLICT (id) DO UPDATE SET state = 'told', changed = excluded.changed, sealed = excluded.sealed",
        params![id.0, cleanup.what(), now, sealed],
    )
    .map(|_| ())
    .map_err(fail("keep how to pay a debt"))
}

/// Ends a debt, and forgets its secret.
pub(super) fn end(db: &Connection, id: &DebtId, state: &str, now: i64) -> Result<(), Error> {
    db.execute(
        "UPDATE debt SET state = ?2, changed = ?3, sealed = NULL WHERE id = ?1 AND state IN ('begun', 'told')",
        params![id.0, state, now],
    )
    .map(|_| ())
    .map_err(fail("end a debt"))
}

/// Open debts, oldest first. One whose seal does not open (another key) is told as begun: that it is owed is known.
pub(super) fn open(db: &Connection, seal: &Seal, damaged: &Damaged) -> Result<Vec<Debt>, Error> {
    let what = "read debts";
    let mut rows = db
        .prepare_cached(
            "SELECT rowid, id, what, since, sealed FROM debt WHERE state IN ('begun', 'told') ORDER BY since, rowid",
        )
        .map_err(fail(what))?;
    let rows = rows
        .query_map([], |r| {
            Ok((r.get(0)?, r.get::<_, String>(1)?, r.get(2)?, r.get(3)?, r.get::<_, Option<Vec<u8>>>(4)?))
        })
        .map_err(fail(what))?;
    let mut debts = Vec::new();
    for row in rows {
        let (row, id, what, since, sealed) = row.map_err(fail(what))?;
        let cleanup = sealed.as_ref().and_then(|bytes| seal.unseal(&id, bytes));
        if sealed.is_some() && cleanup.is_none() {
            damaged.note("debt", (row, 0), &"its seal does not open with this key");
        }
        let state = cleanup.map_or(DebtState::Begun, DebtState::Told);
        debts.push(Debt { id: DebtId(id), what, since: date(since), state });
    }
    Ok(debts)
}

pub(super) fn abandoned(db: &Connection) -> Result<u64, Error> {
    db.query_row("SELECT count(*) FROM debt WHERE state = 'abandoned'", [], |r| r.get(0))
        .map(i64::unsigned_abs)
        .map_err(fail("count abandoned debts"))
}
