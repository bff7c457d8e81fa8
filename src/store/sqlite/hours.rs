//! Open hours in memory, closed ones in the file.

use rusqlite::{Connection, OptionalExtension, params};

use super::damage::Damaged;
use super::load::set_meta;
use super::{Live, fail};
pub(super) use crate::store::open::{bucket, due, start};
use crate::store::pack::bucket as packed;
use crate::store::{Bucket, Error, Tier};

/// Writes the hours that start before a second.
pub(super) fn close(db: &Connection, live: &Live, until: i64, damaged: &Damaged) -> Result<(), Error> {
    for hour in live.hours.range(..until).map(|(_, hour)| hour) {
        for (probe, bucket) in (0..).zip(hour) {
            if let Some(bucket) = bucket {
                merge(db, probe, bucket, damaged)?;
            }
        }
    }
    set_meta(db, "flushed", until)
}

/// Merges the bucket of an hour into what is written of the hour and of its day.
pub(super) fn merge(db: &Connection, probe: u32, hour: &Bucket, damaged: &Damaged) -> Result<(), Error> {
    put(db, Tier::Hour, probe, hour, damaged)?;
    let day = Bucket { start: Tier::Day.floor(hour.start), ..hour.clone() };
    put(db, Tier::Day, probe, &day, damaged)
}

fn put(db: &Connection, tier: Tier, probe: u32, bucket: &Bucket, damaged: &Damaged) -> Result<(), Error> {
    let what = "write buckets";
    let chunk = packed::chunk(tier, bucket.start);
    let key = params![tier.seconds(), probe, chunk];
    let there: Option<Vec<u8>> = db
        .prepare_cached("SELECT data FROM bucket WHERE tier = ?1 AND probe = ?2 AND chunk = ?3")
        .and_then(|mut s| s.query_row(key, |r| r.get(0)).optional())
        .map_err(fail(what))?;
    let there = there.unwrap_or_default();
    let merged = match packed::merge(&there, tier, bucket) {
        Ok(merged) => merged,
        Err(e) => {
            damaged.note("bucket", (i64::from(probe), chunk), &e);
            set_aside(db, "bucket", &there)?;
            packed::merge(&[], tier, bucket)
                .map_err(|e| Error::Corrupt { what: "a bucket", detail: e.to_string() })?
        }
    };
    db.prepare_cached("INSERT OR REPLACE INTO bucket (tier, probe, chunk, data) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut s| s.execute(params![tier.seconds(), probe, chunk, merged]))
        .map(|_| ())
        .map_err(fail(what))
}

/// Keeps damaged bytes for whoever can make something of them.
pub(super) fn set_aside(db: &Connection, origin: &str, data: &[u8]) -> Result<(), Error> {
    db.execute("INSERT INTO damaged (origin, data) VALUES (?1, ?2)", params![origin, data])
        .map(|_| ())
        .map_err(fail("set damaged bytes aside"))
}
