//! Hours that are over, written.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;

use super::load::{Open, set_meta};
use super::sql::{self, column};
use crate::store::damage::Damaged;
use crate::store::names::number;
use crate::store::pack::bucket as packed;
use crate::store::{Bucket, Error, Tier};

/// Chunks that are read and written at once.
const AT_ONCE: usize = 1_000;

/// Buckets by probe and hour.
pub(super) type Hours = BTreeMap<(u32, i64), Bucket>;

/// Writes the hours that start before a second.
pub(super) async fn close(
    db: &impl GenericClient,
    open: &Open,
    until: i64,
    damaged: &Damaged,
) -> Result<(), Error> {
    let mut closed = Hours::new();
    for (start, hour) in open.hours.range(..until) {
        for (probe, bucket) in (0..).zip(hour) {
            if let Some(bucket) = bucket {
                closed.insert((probe, *start), Bucket::clone(bucket));
            }
        }
    }
    merge(db, &closed, damaged).await?;
    set_meta(db, "flushed", until).await
}

/// Merges buckets of hours into what is written of the hours and of their days.
pub(super) async fn merge(db: &impl GenericClient, hours: &Hours, damaged: &Damaged) -> Result<(), Error> {
    let mut chunks: BTreeMap<(i64, i64, i64), Vec<Bucket>> = BTreeMap::new();
    for ((probe, _), hour) in hours {
        for tier in [Tier::Hour, Tier::Day] {
            let bucket = Bucket { start: tier.floor(hour.start), ..hour.clone() };
            let key = (tier.seconds(), i64::from(*probe), packed::chunk(tier, bucket.start));
            chunks.entry(key).or_default().push(bucket);
        }
    }
    let all: Vec<_> = chunks.into_iter().collect();
    for part in all.chunks(AT_ONCE) {
        put(db, part, damaged).await?;
    }
    Ok(())
}

type Chunk = ((i64, i64, i64), Vec<Bucket>);

async fn put(db: &impl GenericClient, chunks: &[Chunk], damaged: &Damaged) -> Result<(), Error> {
    let what = "write buckets";
    let (tiers, probes): (Vec<i64>, Vec<i64>) = chunks.iter().map(|(key, _)| (key.0, key.1)).unzip();
    let starts: Vec<i64> = chunks.iter().map(|(key, _)| key.2).collect();
    let read = "SELECT b.tier, b.probe, b.chunk, b.data FROM bucket b
         JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS k (tier, probe, chunk)
           ON b.tier = k.tier AND b.probe = k.probe AND b.chunk = k.chunk";
    let mut there = BTreeMap::new();
    for row in sql::rows(db, what, read, &[&tiers, &probes, &starts]).await? {
        let key: (i64, i64, i64) = (column(&row, 0, what)?, column(&row, 1, what)?, column(&row, 2, what)?);
        there.insert(key, column::<Vec<u8>>(&row, 3, what)?);
    }
    let mut merged = Vec::with_capacity(chunks.len());
    for (key, buckets) in chunks {
        let (data, broken) = one(*key, there.remove(key).unwrap_or_default(), buckets, damaged)?;
        if let Some(broken) = broken {
            set_aside(db, "bucket", &broken).await?;
        }
        merged.push(data);
    }
    let write = "INSERT INTO bucket (tier, probe, chunk, data)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])
         ON CONFLICT (tier, probe, chunk) DO UPDATE SET data = excluded.data";
    sql::execute(db, what, write, &[&tiers, &probes, &starts, &merged]).await.map(|_| ())
}

/// A chunk with buckets merged into it, and its bytes if they were damaged.
fn one(
    (tier, probe, chunk): (i64, i64, i64),
    there: Vec<u8>,
    buckets: &[Bucket],
    damaged: &Damaged,
) -> Result<(Vec<u8>, Option<Vec<u8>>), Error> {
    let tier = if tier == Tier::Hour.seconds() { Tier::Hour } else { Tier::Day };
    let merge = |to: &[u8]| {
        let first = (to.to_vec(), buckets.iter());
        first.1.clone().try_fold(first.0, |to, bucket| packed::merge(&to, tier, bucket))
    };
    match merge(&there) {
        Ok(data) => Ok((data, None)),
        Err(e) => {
            damaged.note("bucket", (i64::from(number(probe, "probe")?), chunk), &e);
            let data = merge(&[]).map_err(|e| Error::Corrupt { what: "a bucket", detail: e.to_string() })?;
            Ok((data, Some(there)))
        }
    }
}

/// Keeps damaged bytes for whoever can make something of them.
pub(super) async fn set_aside(db: &impl GenericClient, origin: &str, data: &[u8]) -> Result<(), Error> {
    let aside = "INSERT INTO damaged (origin, data) VALUES ($1, $2)";
    sql::execute(db, "set damaged bytes aside", aside, &[&origin, &data]).await.map(|_| ())
}
