//! From the journal to blocks: when enough has gathered for blocks to be worth it.

use std::collections::BTreeMap;

use rusqlite::{Connection, TransactionBehavior, params};

use super::damage::Damaged;
use super::names::Names;
use super::{Inner, Live, fail, hours, record};
use crate::store::Error;
use crate::store::pack::plain::Plain;
use crate::store::pack::{block, journal};

/// Results that should lie in the journal for each probe before blocks are made of them: fewer make poor blocks.
const PER_PROBE: u64 = 192;

/// However few or many probes: not for less than this, and no more than this at once.
const LEAST: u64 = 16_384;
const MOST: u64 = 655_360;

/// Results that housekeeping leaves in the journal: the newest runs of all probes are read from there at once, not
/// from a block of each.
const TAIL: u64 = 1_024;

/// A block that is ready to be written.
struct Made {
    probe: u32,
    first: i64,
    last: i64,
    count: usize,
    bad: i64,
    data: Vec<u8>,
}

/// A row of the journal: its id, what cannot be read if it is damaged, and its blob.
type Row = (i64, Vec<u8>);

impl Inner {
    /// Makes blocks of the journal if there is enough in it (or in any case). True if it did.
    pub(super) fn compact(&self, in_any_case: bool) -> Result<bool, Error> {
        let (probes, journaled) = {
            let writer = self.writer();
            (writer.last.len() as u64, writer.journaled)
        };
        if !in_any_case && journaled < (PER_PROBE * probes).clamp(LEAST, MOST) {
            return Ok(false);
        }
        // Rows of the journal never change and are deleted only here, so blocks are made while the writer goes on.
        let (rows, made, bad) = self.read(|db, live| {
            let most = if in_any_case { MOST } else { journaled.saturating_sub(TAIL).min(MOST) };
            let rows = rows(db, most)?;
            let (made, bad) = make(&rows, live, &self.damaged);
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

/// Blocks of all results, and the rows that cannot be read.
fn make(rows: &[Row], live: &Live, damaged: &Damaged) -> (Vec<Made>, Vec<i64>) {
    let mut bad = Vec::new();
    let mut entries: BTreeMap<u32, Vec<(i64, usize, journal::Entry)>> = BTreeMap::new();
    for (at, (id, data)) in rows.iter().enumerate() {
        let mut of = Vec::new();
        match journal::scan(data, |e| of.push(e)) {
            Ok(()) => of.into_iter().for_each(|e| entries.entry(e.probe).or_default().push((e.slot, at, e))),
            Err(e) => {
                damaged.note("journal", (*id, 0), &e);
                bad.push(*id);
            }
        }
    }
    let mut made = Vec::new();
    for (probe, mut entries) in entries {
        entries.sort_unstable_by_key(|e| e.0);
        for part in entries.chunks(even(entries.len())) {
            let read = |(_, at, entry): &(i64, usize, journal::Entry)| {
                let (id, data) = rows.get(*at)?;
                let plain = journal::read(data, *entry, &live.names.shapes);
                plain.inspect_err(|e| damaged.note("journal", (*id, entry.slot), e)).ok()
            };
            let plains: Vec<Plain> = part.iter().filter_map(read).collect();
            made.extend(one(probe, &plains, &live.names));
        }
    }
    (made, bad)
}

/// Parts of nearly the same length, none longer than a block may be.
fn even(len: usize) -> usize {
    len.div_ceil(len.div_ceil(block::MOST).max(1)).max(1)
}

fn one(probe: u32, plains: &[Plain], names: &Names) -> Option<Made> {
    let (first, last) = (plains.first()?.slot, plains.last()?.slot);
    let (count, bad) = (plains.len(), record::bad(plains, names));
    Some(Made { probe, first, last, count, bad, data: block::encode(plains) })
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
