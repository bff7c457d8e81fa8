//! The time series: written buckets and open hours as one; minutes counted from the results.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use super::damage::Damaged;
use super::load::meta;
use super::scan::{self, Raw, Which};
use super::{Live, fail};
use crate::observation::ProbeId;
use crate::store::pack::bucket as packed;
use crate::store::{Bucket, Error, SeriesQuery, Tier};

pub(super) type Series = Vec<(ProbeId, Vec<Bucket>)>;

pub(super) fn series(
    db: &Connection,
    live: &Live,
    query: &SeriesQuery,
    stages: bool,
    damaged: &Damaged,
) -> Result<Series, Error> {
    let probes: BTreeMap<&ProbeId, u32> = if query.probes.is_empty() {
        live.names.probes().collect()
    } else {
        query.probes.iter().filter_map(|p| Some((p, live.names.number(p)?))).collect()
    };
    if query.tier == Tier::Minute {
        let mut series = minutes(db, live, query, &probes, damaged)?;
        if !stages {
            series.iter_mut().flat_map(|(_, buckets)| buckets).for_each(|b| b.stages.clear());
        }
        return Ok(series);
    }
    let mut series = Vec::with_capacity(probes.len());
    for (probe, number) in probes {
        let mut buckets = written(db, query, number, stages, damaged)?;
        for (start, hour) in &live.hours {
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

fn written(
    db: &Connection,
    query: &SeriesQuery,
    probe: u32,
    stages: bool,
    damaged: &Damaged,
) -> Result<Vec<Bucket>, Error> {
    let what = "read buckets";
    let tier = query.tier;
    let mut rows = db
        .prepare_cached(
            "SELECT chunk, data FROM bucket WHERE tier = ?1 AND probe = ?2 AND chunk > ?3 AND chunk < ?4 ORDER BY chunk",
        )
        .map_err(fail(what))?;
    let first = query.from.saturating_sub(packed::width(tier));
    let mut rows = rows.query(params![tier.seconds(), probe, first, query.to]).map_err(fail(what))?;
    let mut buckets = Vec::new();
    while let Some(row) = rows.next().map_err(fail(what))? {
        let chunk = row.get(0).map_err(fail(what))?;
        let data = row.get_ref(1).and_then(|d| Ok(d.as_blob()?)).map_err(fail(what))?;
        match packed::range(data, tier, chunk, query.from..query.to, stages) {
            Ok(mut found) => buckets.append(&mut found),
            Err(e) => damaged.note("bucket", (i64::from(probe), chunk), &e),
        }
    }
    Ok(buckets)
}

fn minutes(
    db: &Connection,
    live: &Live,
    query: &SeriesQuery,
    probes: &BTreeMap<&ProbeId, u32>,
    damaged: &Damaged,
) -> Result<Series, Error> {
    // Results may be kept for longer than minutes are wanted.
    let from = query.from.max(meta(db, "minutes")?.unwrap_or(i64::MIN));
    // Only buckets that start within the range, but these whole.
    let ceil = |second: i64| Tier::Minute.floor(second.saturating_add(59)).saturating_mul(1_000_000);
    let numbers: BTreeSet<u32> = probes.values().copied().collect();
    let all = query.probes.is_empty();
    let which = Which { probes: (!all).then_some(&numbers), from: ceil(from), to: ceil(query.to) };
    let mut counted: BTreeMap<u32, BTreeMap<i64, Bucket>> = BTreeMap::new();
    scan::each(db, &live.names, &which, damaged, |probe, slot, raw| {
        let start = Tier::Minute.floor(slot.div_euclid(1_000_000));
        let of = counted.entry(probe).or_default().entry(start).or_insert_with(|| Bucket::at(start));
        match raw {
            Raw::Full(full) => of.count(&full.outcome),
            Raw::Plain(plain) => {
                live.names.shapes.get(plain.shape).into_iter().for_each(|s| of.count_plain(&plain, s));
            }
        }
    })?;
    let mut of = |number| counted.remove(&number).map(|b| b.into_values().collect());
    Ok(probes.iter().filter_map(|(probe, number)| Some(((*probe).clone(), of(*number)?))).collect())
}
