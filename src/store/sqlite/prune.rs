//! Housekeeping: closes hours, makes blocks, and drops what is older than its retention, a bounded part a call.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::load::{meta, set_meta};
use super::{Inner, accounts, fail, letters, record, subscribers};
use crate::store::pack::bucket as packed;
use crate::store::{Batch, Error, Pruned, Tier};

/// Rows of a table that one call drops at most, so that it never holds the writer up for long.
const AT_ONCE: i64 = 1_000;

/// Pages given back to the system a call; a quarter of that is not worth it.
const PAGES: u32 = 64;

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn prune(inner: &Inner, now: Timestamp) -> Result<Pruned, Error> {
    // An empty batch closes the hours that are over.
    record::record(inner, &Batch { now, ..Batch::default() })?;
    inner.compact(false)?;
    inner.write(|writer| {
        let what = "drop what is old";
        let tx = writer.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail(what))?;
        let (runs, journaled) = results(&tx, before(now, inner.retention.runs))?;
        let buckets = buckets(inner, &tx, now)?;
        owed(&tx, now, before(now, inner.retention.hours), before(now, DAY))?;
        accounts::drop_old(&tx, now, before(now, inner.retention.hours), AT_ONCE)?;
        tx.commit().map_err(fail(what))?;
        writer.journaled = writer.journaled.saturating_sub(journaled);
        shrink(&writer.db)?;
        Ok(Pruned { runs, buckets })
    })
}

/// The moment before which things are too old, in microseconds.
fn before(now: Timestamp, keep: Duration) -> i64 {
    now.as_microsecond().saturating_sub(i64::try_from(keep.as_micros()).unwrap_or(i64::MAX))
}

/// Drops results; says how many, and how many of them from the journal.
fn results(db: &Connection, before: i64) -> Result<(u64, u64), Error> {
    let blocks = packed_results(db, "block", before)?;
    let journal = packed_results(db, "journal", before)?;
    let runs = "DELETE FROM run WHERE id IN (SELECT id FROM run WHERE slot < ?1 ORDER BY slot LIMIT ?2)";
    let runs = db.execute(runs, params![before, AT_ONCE]).map_err(fail("drop old runs"))?;
    Ok((blocks + journal + runs as u64, journal))
}

fn packed_results(db: &Connection, table: &str, before: i64) -> Result<u64, Error> {
    let what = "drop old results";
    let old = format!("(SELECT id FROM {table} WHERE last < ?1 ORDER BY last LIMIT ?2)");
    let values = params![before, AT_ONCE];
    let count = db
        .query_row(&format!("SELECT ifnull(sum(count), 0) FROM {table} WHERE id IN {old}"), values, |r| {
            r.get(0)
        })
        .map(i64::unsigned_abs)
        .map_err(fail(what))?;
    db.execute(&format!("DELETE FROM {table} WHERE id IN {old}"), values).map_err(fail(what))?;
    Ok(count)
}

/// Drops chunks of which every bucket is too old; the minutes only need to be told from when on they count.
fn buckets(inner: &Inner, db: &Connection, now: Timestamp) -> Result<u64, Error> {
    set_meta(db, "minutes", Tier::Minute.floor(before(now, inner.retention.minutes) / 1_000_000))?;
    let mut dropped = 0;
    for (tier, keep, key) in
        [(Tier::Hour, inner.retention.hours, "hours"), (Tier::Day, inner.retention.days, "days")]
    {
        let chunk = packed::chunk(tier, before(now, keep).div_euclid(1_000_000));
        if meta(db, key)? == Some(chunk) {
            continue;
        }
        // By probe, as the key wants it; a new chunk becomes too old once a day at most.
        dropped += db
            .execute(
                "DELETE FROM bucket WHERE tier = ?1 AND probe IN (SELECT id FROM probe) AND chunk < ?2",
                params![tier.seconds(), chunk],
            )
            .map_err(fail("drop old buckets"))? as u64;
        set_meta(db, key, chunk)?;
    }
    Ok(dropped)
}

/// Drops what was told long ago, and debts that were settled.
fn owed(db: &Connection, now: Timestamp, told: i64, settled: i64) -> Result<(), Error> {
    let what = "drop old notifications";
    let old = "SELECT id FROM delivery WHERE at < ?1 AND state <> 'owed' ORDER BY at LIMIT ?2";
    db.execute(&format!("DELETE FROM delivery WHERE id IN ({old})"), params![told, AT_ONCE])
        .map_err(fail(what))?;
    db.execute(
        "DELETE FROM notification WHERE at < ?1
         AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.notification = notification.id)",
        params![told],
    )
    .map_err(fail(what))?;
    subscribers::forget(db, now)?;
    letters::prune(db, told)?;
    db.execute("DELETE FROM debt WHERE state = 'settled' AND changed < ?1", params![settled])
        .map_err(fail("drop settled debts"))?;
    let old = "DELETE FROM deploy WHERE id IN (SELECT id FROM deploy WHERE at < ?1 ORDER BY at LIMIT ?2)";
    db.execute(old, params![told, AT_ONCE]).map_err(fail("drop old deployments"))?;
    let old = "DELETE FROM hidden WHERE id IN (SELECT id FROM hidden WHERE at < ?1 ORDER BY at LIMIT ?2)";
    db.execute(old, params![told, AT_ONCE]).map_err(fail("drop what was not told long ago"))?;
    Ok(())
}

/// Gives free pages back when a good part of the file is free.
fn shrink(db: &Connection) -> Result<(), Error> {
    let what = "give space back";
    let free: i64 = db.query_row("PRAGMA freelist_count", [], |r| r.get(0)).map_err(fail(what))?;
    let all: i64 = db.query_row("PRAGMA page_count", [], |r| r.get(0)).map_err(fail(what))?;
    if free > all / 8 && free > i64::from(PAGES / 4) {
        // Each step gives back one page.
        let mut steps = db.prepare(&format!("PRAGMA incremental_vacuum({PAGES})")).map_err(fail(what))?;
        let mut steps = steps.query([]).map_err(fail(what))?;
        while steps.next().map_err(fail(what))?.is_some() {}
    }
    Ok(())
}
