//! Every kept result of a time, in whatever form it lies: for counting, and for seeing whether one is there.

use rusqlite::{Connection, Row, Rows, Statement, params};

use super::damage::Damaged;
use super::fail;
use super::names::Names;
use crate::store::Error;
pub(super) use crate::store::full::{Full, Packed, Raw, Which};
use crate::store::pack::plain::Plain;

impl Packed {
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { id: row.get(0)?, probe: row.get(1)?, first: row.get(2)?, data: row.get(3)? })
    }
}

const JOURNAL: &str = "SELECT id, NULL, first, data FROM journal WHERE last >= ?1 AND first < ?2";
const BLOCKS: &str = "SELECT id, probe, first, data FROM block WHERE last >= ?1 AND first < ?2";
const BLOCKS_OF: &str =
    "SELECT id, probe, first, data FROM block WHERE probe = ?3 AND last >= ?1 AND first < ?2";
const RUNS: &str = "SELECT probe, slot, data FROM run WHERE slot >= ?1 AND slot < ?2";
const RUNS_OF: &str = "SELECT probe, slot, data FROM run WHERE probe = ?3 AND slot >= ?1 AND slot < ?2";

/// Visits every wanted result with its probe and slot, in no order.
pub(super) fn each(
    db: &Connection,
    names: &Names,
    which: &Which<'_>,
    damaged: &Damaged,
    mut visit: impl FnMut(u32, i64, Raw),
) -> Result<(), Error> {
    let mut plain = |p: Plain| visit(p.probe, p.slot, Raw::Plain(p));
    packed(db, JOURNAL, (which.from, which.to, None), |row| row.each(names, which, damaged, &mut plain))?;
    match which.probes {
        None => packed(db, BLOCKS, (which.from, which.to, None), |row| {
            row.each(names, which, damaged, &mut plain)
        })?,
        Some(probes) => {
            for probe in probes {
                let of = (which.from, which.to, Some(*probe));
                packed(db, BLOCKS_OF, of, |row| row.each(names, which, damaged, &mut plain))?;
            }
        }
    }
    match which.probes {
        None => runs(db, RUNS, (which.from, which.to, None), damaged, &mut visit),
        Some(probes) => probes
            .iter()
            .try_for_each(|p| runs(db, RUNS_OF, (which.from, which.to, Some(*p)), damaged, &mut visit)),
    }
}

type Of = (i64, i64, Option<u32>);

/// Asks for a stretch of time, of one probe where it is named.
fn ask<'s>(statement: &'s mut Statement<'_>, (from, to, probe): Of) -> rusqlite::Result<Rows<'s>> {
    match probe {
        Some(probe) => statement.query(params![from, to, probe]),
        None => statement.query(params![from, to]),
    }
}

fn packed(db: &Connection, sql: &str, of: Of, mut visit: impl FnMut(&Packed)) -> Result<(), Error> {
    let what = "read results";
    let mut rows = db.prepare_cached(sql).map_err(fail(what))?;
    let mut rows = ask(&mut rows, of).map_err(fail(what))?;
    while let Some(row) = rows.next().map_err(fail(what))? {
        visit(&Packed::of(row).map_err(fail(what))?);
    }
    Ok(())
}

fn runs(
    db: &Connection,
    sql: &str,
    of: Of,
    damaged: &Damaged,
    visit: &mut impl FnMut(u32, i64, Raw),
) -> Result<(), Error> {
    let what = "read runs";
    let mut rows = db.prepare_cached(sql).map_err(fail(what))?;
    let mut rows = ask(&mut rows, of).map_err(fail(what))?;
    while let Some(row) = rows.next().map_err(fail(what))? {
        let (probe, slot): (u32, i64) = (row.get(0).map_err(fail(what))?, row.get(1).map_err(fail(what))?);
        let data = row.get_ref(2).and_then(|d| Ok(d.as_blob()?)).map_err(fail(what))?;
        match serde_json::from_slice(data) {
            Ok(full) => visit(probe, slot, Raw::Full(Box::new(full))),
            Err(e) => damaged.note("run", (i64::from(probe), slot), &e),
        }
    }
    Ok(())
}
