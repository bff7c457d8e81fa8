//! What is in memory, made again from the file: at opening, and after a write that failed.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use super::damage::Damaged;
use super::names::Names;
use super::scan::{self, Raw, Which};
use super::{Inner, Last, Live, Writer, fail, hours};
use crate::store::Error;
use crate::store::accept::place;
use crate::store::pack::journal;

/// Names, open hours, the last slot of every probe, and how much is in the journal.
pub(super) fn load(db: &Connection, damaged: &Damaged) -> Result<(Live, Vec<Last>, u64), Error> {
    let names = Names::load(db)?;
    let flushed = meta(db, "flushed")?.unwrap_or(i64::MIN);
    let (last, journaled) = last(db, &names)?;
    let mut live = Live { names: Arc::new(names), hours: BTreeMap::new(), flushed };
    let names = Arc::clone(&live.names);
    let which = Which { probes: None, from: flushed.saturating_mul(1_000_000), to: i64::MAX };
    scan::each(db, &names, &which, damaged, |probe, slot, raw| {
        if names.probe(probe).is_none() {
            return;
        }
        let bucket = hours::bucket(&mut live.hours, probe, slot);
        match raw {
            Raw::Plain(plain) => {
                names.shapes.get(plain.shape).into_iter().for_each(|s| bucket.count_plain(&plain, s))
            }
            Raw::Full(full) => bucket.count(&full.outcome),
        }
    })?;
    Ok((live, last, journaled))
}

/// Puts memory right after a write that failed.
pub(super) fn reload(inner: &Inner, writer: &mut Writer) -> Result<(), Error> {
    let mut live = inner.live.write().unwrap_or_else(PoisonError::into_inner);
    let (fresh, last, journaled) = load(&writer.db, &inner.damaged)?;
    *live = fresh;
    (writer.last, writer.journaled, writer.stale) = (last, journaled, false);
    Ok(())
}

/// A number that the store keeps about itself.
pub(super) fn meta(db: &Connection, key: &str) -> Result<Option<i64>, Error> {
    db.query_row("SELECT value FROM meta WHERE key = ?1", params![key], |r| r.get(0))
        .optional()
        .map_err(fail("read what the store keeps about itself"))
}

pub(super) fn set_meta(db: &Connection, key: &str, value: i64) -> Result<(), Error> {
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", params![key, value])
        .map(|_| ())
        .map_err(fail("write what the store keeps about itself"))
}

/// What somebody noted under a name.
pub(super) fn noted(db: &Connection, name: &str) -> Result<Option<String>, Error> {
    db.query_row("SELECT value FROM meta WHERE key = 'note:' || ?1", params![name], |r| r.get(0))
        .optional()
        .map_err(fail("read what was noted"))
}

pub(super) fn note(db: &Connection, name: &str, text: &str) -> Result<(), Error> {
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('note:' || ?1, ?2)", params![name, text])
        .map(|_| ())
        .map_err(fail("note something"))
}

fn last(db: &Connection, names: &Names) -> Result<(Vec<Last>, u64), Error> {
    let what = "read the last slots";
    let mut last: Vec<Last> = Vec::new();
    let mut newest = db
        .prepare_cached(
            "SELECT max(ifnull((SELECT max(last) FROM block WHERE probe = ?1), -1 << 63),
                        ifnull((SELECT max(slot) FROM run WHERE probe = ?1), -1 << 63))",
        )
        .map_err(fail(what))?;
    for (_, number) in names.probes() {
        let slot = newest.query_row(params![number], |r| r.get(0)).map_err(fail(what))?;
        place(&mut last, number).slot = slot;
    }
    let mut journaled = 0;
    let mut rows = db.prepare_cached("SELECT data FROM journal").map_err(fail(what))?;
    let mut rows = rows.query([]).map_err(fail(what))?;
    while let Some(row) = rows.next().map_err(fail(what))? {
        let data = row.get_ref(0).and_then(|d| Ok(d.as_blob()?)).map_err(fail(what))?;
        let mut entries = Vec::new();
        // A damaged row counts for nothing here either; who reads results says so.
        if journal::scan(data, |e| entries.push((e.probe, e.slot))).is_ok() {
            journaled += entries.len() as u64;
            for (probe, slot) in entries.into_iter().filter(|(p, _)| names.probe(*p).is_some()) {
                let place = place(&mut last, probe);
                place.slot = place.slot.max(slot);
            }
        }
    }
    Ok((last, journaled))
}
