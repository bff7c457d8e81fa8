//! Housekeeping: closes hours, makes blocks, makes room for the days to come, and drops what is older than its
//! retention, a bounded part a call.

use std::time::Duration;

use deadpool_postgres::GenericClient;
use jiff::Timestamp;

use super::lane::{within, write_fenced};
use super::load::{self, meta, set_meta};
use super::sql::{self, column, fail};
use super::{PgStore, compact, record};
use crate::store::pack::bucket as packed;
use crate::store::{Batch, Error, Pruned, Tier};

/// Rows of a table that one call drops at most, so that it never holds the writer up for long.
const AT_ONCE: i64 = 1_000;

/// Days of a table that one call drops at most.
const DAYS: usize = 8;

const DAY: Duration = Duration::from_secs(86_400);

pub(super) async fn prune(store: &PgStore, now: Timestamp) -> Result<Pruned, Error> {
    // An empty batch closes the hours that are over.
    within(record::record(store, &Batch { now, ..Batch::default() })).await?;
    within(compact::compact(store, false)).await?;
    let retention = store.inner.retention;
    let runs = write_fenced!(store, |db| async {
        let today = load::day(now.as_microsecond());
        load::add_days(db, &mut std::collections::BTreeSet::new(), [today, today + 1]).await?;
        results(db, before(now, retention.runs)).await
    })?;
    let buckets = write_fenced!(store, |db| async {
        let dropped = buckets(store, db, now).await?;
        let settled = before(now, DAY);
        let old = "DELETE FROM debt WHERE state = 'settled' AND changed < $1";
        sql::execute(db, "drop settled debts", old, &[&settled]).await?;
        super::old::drop_old(db, now, before(now, retention.hours), AT_ONCE).await?;
        Ok(dropped)
    })?;
    Ok(Pruned { runs, buckets })
}

/// The moment before which things are too old, in microseconds.
fn before(now: Timestamp, keep: Duration) -> i64 {
    now.as_microsecond().saturating_sub(i64::try_from(keep.as_micros()).unwrap_or(i64::MAX))
}

/// Drops results: days of which everything is too old.
async fn results(db: &impl GenericClient, before: i64) -> Result<u64, Error> {
    let what = "drop old results";
    // Dropping a day waits for those who read, and they for it: rather again in a minute.
    db.batch_execute("SET LOCAL lock_timeout = '2s'").await.map_err(fail(what))?;
    let old = "WITH old AS (DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE last < $1 ORDER BY last LIMIT $2)
         RETURNING count) SELECT coalesce(sum(count), 0)::bigint FROM old";
    let row = sql::one(db, what, old, &[&before, &AT_ONCE]).await?;
    let mut dropped = column::<i64>(&row, 0, what)?.unsigned_abs();
    for (table, count) in [("block", "coalesce(sum(count), 0)::bigint"), ("run", "count(*)")] {
        for (_, name) in load::old_days(db, table, before).await?.into_iter().take(DAYS) {
            let count =
                db.query_one(&format!("SELECT {count} FROM {name}"), &[]).await.map_err(fail(what))?;
            dropped += column::<i64>(&count, 0, what)?.unsigned_abs();
            db.batch_execute(&format!("DROP TABLE {name}")).await.map_err(fail(what))?;
        }
    }
    Ok(dropped)
}

/// Drops chunks of which every bucket is too old; the minutes only need to be told from when on they count.
async fn buckets(store: &PgStore, db: &impl GenericClient, now: Timestamp) -> Result<u64, Error> {
    let keep = store.inner.retention;
    set_meta(db, "minutes", Tier::Minute.floor(before(now, keep.minutes) / 1_000_000)).await?;
    let mut dropped = 0;
    for (tier, keep, key) in [(Tier::Hour, keep.hours, "hours"), (Tier::Day, keep.days, "days")] {
        let chunk = packed::chunk(tier, before(now, keep).div_euclid(1_000_000));
        if meta(db, key).await? == Some(chunk) {
            continue;
        }
        // By probe, as the key wants it; a new chunk becomes too old once a day at most.
        let old = "DELETE FROM bucket WHERE tier = $1 AND probe IN (SELECT id FROM probe) AND chunk < $2";
        dropped += sql::execute(db, "drop old buckets", old, &[&tier.seconds(), &chunk]).await?;
        set_meta(db, key, chunk).await?;
    }
    Ok(dropped)
}
