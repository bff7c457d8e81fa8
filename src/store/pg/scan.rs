//! Every kept result of a time, in whatever form it lies: for counting, and for seeing whether one is there.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::sql::{self, Values, column};
use crate::store::Error;
use crate::store::damage::Damaged;
use crate::store::full::{Packed, Raw, Which};
use crate::store::names::{Names, number};

const JOURNAL: &str = "SELECT id, NULL::bigint, first, data FROM journal WHERE last >= $1 AND first < $2";
const JOURNAL_SINCE: &str = "SELECT id, NULL::bigint, first, data FROM journal WHERE last >= $1 AND first < $2 AND id > $3 AND id <= $4";
const BLOCKS: &str = "SELECT id, probe, first, data FROM block WHERE last >= $1 AND first < $2";
const BLOCKS_OF: &str =
    "SELECT id, probe, first, data FROM block WHERE last >= $1 AND first < $2 AND probe = ANY($3)";
const RUNS: &str = "SELECT probe, slot, data FROM run WHERE slot >= $1 AND slot < $2";
const RUNS_OF: &str = "SELECT probe, slot, data FROM run WHERE slot >= $1 AND slot < $2 AND probe = ANY($3)";
const RUNS_SINCE: &str =
    "SELECT probe, slot, data FROM run WHERE slot >= $1 AND slot < $2 AND batch > $3 AND batch <= $4";

/// A row of the journal or of blocks.
pub(super) fn packed(row: &Row, what: &'static str) -> Result<Packed, Error> {
    let probe = column::<Option<i64>>(row, 1, what)?.map(|probe| number(probe, "probe")).transpose()?;
    Ok(Packed { id: column(row, 0, what)?, probe, first: column(row, 2, what)?, data: column(row, 3, what)? })
}

/// Visits every wanted result with its probe and slot, in no order.
pub(super) async fn each(
    db: &impl GenericClient,
    names: &Names,
    which: &Which<'_>,
    damaged: &Damaged,
    mut visit: impl FnMut(u32, i64, Raw) + Send,
) -> Result<(), Error> {
    let time: Values<'_> = &[&which.from, &which.to];
    let plain = |p: crate::store::pack::plain::Plain, visit: &mut (dyn FnMut(u32, i64, Raw) + Send)| {
        visit(p.probe, p.slot, Raw::Plain(p));
    };
    let what = "read results";
    let numbers: Option<Vec<i64>> = which.probes.map(|all| all.iter().map(|p| i64::from(*p)).collect());
    let of: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = match &numbers {
        Some(numbers) => vec![&which.from, &which.to, numbers],
        None => time.to_vec(),
    };
    for row in sql::rows(db, what, JOURNAL, time).await? {
        packed(&row, what)?.each(names, which, damaged, |p| plain(p, &mut visit));
    }
    let blocks = if numbers.is_some() { BLOCKS_OF } else { BLOCKS };
    for row in sql::rows(db, what, blocks, &of).await? {
        packed(&row, what)?.each(names, which, damaged, |p| plain(p, &mut visit));
    }
    let runs = if numbers.is_some() { RUNS_OF } else { RUNS };
    for row in sql::rows(db, what, runs, &of).await? {
        full(&row, damaged, &mut visit)?;
    }
    Ok(())
}

/// Visits the wanted results of batches after one and up to another, of which no blocks were made yet.
pub(super) async fn batches(
    db: &impl GenericClient,
    names: &Names,
    which: &Which<'_>,
    (after, upto): (i64, i64),
    damaged: &Damaged,
    mut visit: impl FnMut(u32, i64, Raw) + Send,
) -> Result<(), Error> {
    let what = "read new results";
    let of: Values<'_> = &[&which.from, &which.to, &after, &upto];
    for row in sql::rows(db, what, JOURNAL_SINCE, of).await? {
        packed(&row, what)?.each(names, which, damaged, |p| visit(p.probe, p.slot, Raw::Plain(p)));
    }
    for row in sql::rows(db, what, RUNS_SINCE, of).await? {
        full(&row, damaged, &mut visit)?;
    }
    Ok(())
}

/// A row of results in full: probe, slot, bytes.
pub(super) fn full(row: &Row, damaged: &Damaged, visit: &mut impl FnMut(u32, i64, Raw)) -> Result<(), Error> {
    let what = "read runs";
    let (probe, slot): (i64, i64) = (column(row, 0, what)?, column(row, 1, what)?);
    match serde_json::from_slice(column(row, 2, what)?) {
        Ok(full) => visit(number(probe, "probe")?, slot, Raw::Full(Box::new(full))),
        Err(e) => damaged.note("run", (probe, slot), &e),
    }
    Ok(())
}
