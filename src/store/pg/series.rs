//! The time series: written buckets and open hours as one; minutes counted from the results.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::GenericClient;

use super::load::{Open, meta};
use super::sql::{self, column};
use super::{PgStore, scan};
use crate::observation::ProbeId;
use crate::store::damage::Damaged;
use crate::store::full::{Raw, Which};
use crate::store::names::number;
use crate::store::pack::bucket as packed;
use crate::store::{Bucket, Error, SeriesQuery, Tier};

type Series = Vec<(ProbeId, Vec<Bucket>)>;

pub(super) async fn series(store: &PgStore, query: &SeriesQuery, stages: bool) -> Result<Series, Error> {
    let mut lane = store.reader().await?;
    // Before the snapshot, so that it is not of a later batch.
    let counted = store.open_hours();
    let tx = lane.snapshot().await?;
    let damaged = &store.inner.damaged;
    let made = if query.tier == Tier::Minute {
        let names = store.names_on(&tx).await?;
        let open = Open { names, ..Open::default() };
        let mut series = minutes(&tx, &open, query, damaged).await?;
        if !stages {
            series.iter_mut().flat_map(|(_, buckets)| buckets).for_each(|b| b.stages.clear());
        }
        series
    } else {
        let open = counted.on(&tx, None, damaged).await?;
        store.counted(&open);
        both(&tx, &open, query, stages, damaged).await?
    };
    drop(tx);
    lane.done();
    Ok(made)
}

fn wanted<'a>(open: &'a Open, query: &'a SeriesQuery) -> BTreeMap<&'a ProbeId, u32> {
    if query.probes.is_empty() {
        open.names.probes().collect()
    } else {
        query.probes.iter().filter_map(|p| Some((p, open.names.number(p)?))).collect()
    }
}

/// Written buckets and open hours.
async fn both(
    db: &impl GenericClient,
    open: &Open,
    query: &SeriesQuery,
    stages: bool,
    damaged: &Damaged,
) -> Result<Series, Error> {
    let probes = wanted(open, query);
    let mut written = written(db, query, probes.values().copied(), stages, damaged).await?;
    let mut series = Vec::with_capacity(probes.len());
    for (probe, number) in probes {
        let mut buckets = written.remove(&number).unwrap_or_default();
        for (start, hour) in &open.hours {
            let start = query.tier.floor(*start);
            let bucket = hour.get(number as usize).and_then(Option::as_ref);
            if let Some(bucket) = bucket.filter(|_| (query.from..query.to).contains(&start)) {
                let open = if stages { Bucket::clone(bucket) } else { bucket.totals() };
                add(&mut buckets, Bucket { start, ..open });
            }
        }
        if !buckets.is_empty() {
            series.push((probe.clone(), buckets));
        }
    }
    Ok(series)
}

/// Adds an open hour to buckets that ascend.
fn add(buckets: &mut Vec<Bucket>, open: Bucket) {
    match buckets.binary_search_by_key(&open.start, |b| b.start) {
        Ok(at) => buckets.iter_mut().skip(at).take(1).for_each(|b| b.merge(&open)),
        Err(at) => buckets.insert(at, open),
    }
}

async fn written(
    db: &impl GenericClient,
    query: &SeriesQuery,
    probes: impl Iterator<Item = u32>,
    stages: bool,
    damaged: &Damaged,
) -> Result<BTreeMap<u32, Vec<Bucket>>, Error> {
    let what = "read buckets";
    let tier = query.tier;
    let probes: Vec<i64> = probes.map(i64::from).collect();
    let first = query.from.saturating_sub(packed::width(tier));
    let read = "SELECT probe, chunk, data FROM bucket
         WHERE tier = $1 AND probe = ANY($2) AND chunk > $3 AND chunk < $4 ORDER BY probe, chunk";
    let mut buckets: BTreeMap<u32, Vec<Bucket>> = BTreeMap::new();
    for row in sql::rows(db, what, read, &[&tier.seconds(), &probes, &first, &query.to]).await? {
        let (probe, chunk): (i64, i64) = (column(&row, 0, what)?, column(&row, 1, what)?);
        match packed::range(column(&row, 2, what)?, tier, chunk, query.from..query.to, stages) {
            Ok(mut found) => buckets.entry(number(probe, "probe")?).or_default().append(&mut found),
            Err(e) => damaged.note("bucket", (probe, chunk), &e),
        }
    }
    Ok(buckets)
}

async fn minutes(
    db: &impl GenericClient,
    open: &Open,
    query: &SeriesQuery,
    damaged: &Damaged,
) -> Result<Series, Error> {
    let probes = wanted(open, query);
    // Results may be kept for longer than minutes are wanted.
    let from = query.from.max(meta(db, "minutes").await?.unwrap_or(i64::MIN));
    // Only buckets that start within the range, but these whole.
    let ceil = |second: i64| Tier::Minute.floor(second.saturating_add(59)).saturating_mul(1_000_000);
    let numbers: BTreeSet<u32> = probes.values().copied().collect();
    let all = query.probes.is_empty();
    let which = Which { probes: (!all).then_some(&numbers), from: ceil(from), to: ceil(query.to) };
    let mut counted: BTreeMap<u32, BTreeMap<i64, Bucket>> = BTreeMap::new();
    scan::each(db, &open.names, &which, damaged, |probe, slot, raw| {
        let start = Tier::Minute.floor(slot.div_euclid(1_000_000));
        let of = counted.entry(probe).or_default().entry(start).or_insert_with(|| Bucket::at(start));
        match raw {
            Raw::Full(full) => of.count(&full.outcome),
            Raw::Plain(plain) => {
                open.names.shapes.get(plain.shape).into_iter().for_each(|s| of.count_plain(&plain, s));
            }
        }
    })
    .await?;
    let mut of = |number| counted.remove(&number).map(|b| b.into_values().collect());
    Ok(probes.iter().filter_map(|(probe, number)| Some(((*probe).clone(), of(*number)?))).collect())
}
