//! From the journal to blocks: when enough has gathered for blocks to be worth it.

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Inner, fail, hours};
use crate::store::Error;
use crate::store::compact::{self, MOST, Made, Row, TAIL, make};

impl Inner {
    /// Makes blocks of the journal if there is enough in it (or in any case). True if it did.
    pub(super) fn compact(&self, in_any_case: bool) -> Result<bool, Error> {
        let (probes, journaled) = {
            let writer = self.writer();
            (writer.last.len() as u64, writer.journaled)
        };
        if !in_any_case && !compact::worth_it(journaled, probes) {
            return Ok(false);
        }
        // Rows of the journal never change and are deleted only here, so blocks are made while the writer goes on.
        let (rows, made, bad) = self.read(|db, live| {
            let most = if in_any_case { MOST } else { journaled.saturating_sub(TAIL).min(MOST) };
            let rows = rows(db, most)?;
            let (made, bad) = make(&rows, &live.names, &self.damaged);
            Ok((rows, made, bad))
        })?;
        self.write(|writer| {
            let what = "make blocks of results";
            let tx =
                writer.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail(what))?;
            put(&tx, &rows, &made, &bad)?;
            tx.commit().map_err(fail(what))?;
            let done: usize = made.iter().map(|m| m.count).sum();
            writer.journaled = writer.journaled.saturating_sub(done as u64);
            Ok(true)
        })
    }
}

/// The oldest rows, up to so many results; one row at least, whatever is in it.
fn rows(db: &Connection, most: u64) -> Result<Vec<Row>, Error> {
    let what = "read the journal";
    let mut statement =
        db.prepare_cached("SELECT id, data, count FROM journal ORDER BY id").map_err(fail(what))?;
    let mut found = statement.query([]).map_err(fail(what))?;
    let (mut rows, mut results) = (Vec::new(), 0);
    while results <= most.cast_signed() {
        let Some(row) = found.next().map_err(fail(what))? else { break };
        results += row.get::<_, i64>(2).map_err(fail(what))?;
        if rows.is_empty() || results <= most.cast_signed() {
            rows.push((row.get(0).map_err(fail(what))?, row.get(1).map_err(fail(what))?));
        }
    }
    Ok(rows)
}

fn put(db: &Connection, rows: &[Row], made: &[Made], bad: &[i64]) -> Result<(), Error> {
    let what = "make blocks of results";
    let mut delete = db.prepare_cached("DELETE FROM journal WHERE id = ?1").map_err(fail(what))?;
    for (id, data) in rows {
        if bad.contains(id) {
            hours::set_aside(db, "journal", data)?;
        }
        delete.execute(params![id]).map_err(fail(what))?;
    }
    let mut insert = db
        .prepare_cached(
            "INSERT INTO block (probe, first, last, count, bad, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .map_err(fail(what))?;
    for m in made {
        insert
            .execute(params![m.probe, m.first, m.last, i64::try_from(m.count).unwrap_or(0), m.bad, m.data])
            .map_err(fail(what))?;
    }
    Ok(())
}
