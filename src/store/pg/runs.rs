//! Runs for people, newest first, from wherever they lie, without reading much more than is asked for.

use std::collections::BTreeSet;

use deadpool_postgres::GenericClient;
use launchwatch_probes::Verdict;

use super::sql::{self, column, micros};
use super::{PgStore, scan};
use crate::observation::Observation;
use crate::store::damage::Damaged;
use crate::store::full::{Raw, Which};
use crate::store::names::Names;
use crate::store::newest::{Newest, tell};
use crate::store::pack::plain::Plain;
use crate::store::{Error, RunQuery};

pub(super) async fn runs(store: &PgStore, query: &RunQuery) -> Result<Vec<Observation>, Error> {
    if query.limit == 0 {
        return Ok(Vec::new());
    }
    let mut lane = store.reader().await?;
    let tx = lane.snapshot().await?;
    let names = store.names_on(&tx).await?;
    let found = find(&tx, &names, query, &store.inner.damaged).await?;
    drop(tx);
    lane.done();
    Ok(found.map(|found| found.told(&names)).unwrap_or_default())
}

/// `None`: nothing is known of the probe.
async fn find(
    db: &impl GenericClient,
    names: &Names,
    query: &RunQuery,
    damaged: &Damaged,
) -> Result<Option<Newest>, Error> {
    let probe = match &query.probe {
        None => None,
        Some(probe) => match names.number(probe) {
            Some(number) => Some(number),
            None => return Ok(None),
        },
    };
    let probes = probe.map(|p| BTreeSet::from([p]));
    let which = Which {
        probes: probes.as_ref(),
        from: query.from.map_or(i64::MIN, micros),
        to: query.to.map_or(i64::MAX, micros),
    };
    let mut newest = Newest::of(query.limit);
    full(db, &which, query, damaged, &mut newest).await?;
    packed(db, names, "journal", &which, query, damaged, &mut newest).await?;
    packed(db, names, "block", &which, query, damaged, &mut newest).await?;
    Ok(Some(newest))
}

async fn full(
    db: &impl GenericClient,
    which: &Which<'_>,
    query: &RunQuery,
    damaged: &Damaged,
    newest: &mut Newest,
) -> Result<(), Error> {
    let what = "read runs";
    let probe = which.probes.and_then(BTreeSet::first).map(|p| i64::from(*p));
    let sql = format!(
        "SELECT probe, slot, data FROM run WHERE slot >= $1 AND slot < $2 {} {} ORDER BY slot DESC LIMIT $3",
        if probe.is_some() { "AND probe = $4" } else { "AND $4::bigint IS NULL" },
        if query.only_bad { "AND bad" } else { "" },
    );
    let values: sql::Values<'_> = &[&which.from, &which.to, &sql::most(query.limit), &probe];
    for row in sql::rows(db, what, &sql, values).await? {
        scan::full(&row, damaged, &mut |probe, slot, raw| newest.add(slot, probe, raw))?;
    }
    Ok(())
}

/// Rows that are read at first; each time twice as many.
const FIRST: i64 = 16;

#[expect(clippy::too_many_arguments, reason = "one query in its parts")]
async fn packed(
    db: &impl GenericClient,
    names: &Names,
    table: &str,
    which: &Which<'_>,
    query: &RunQuery,
    damaged: &Damaged,
    newest: &mut Newest,
) -> Result<(), Error> {
    let what = "read results";
    let probe = which.probes.and_then(BTreeSet::first).map(|p| i64::from(*p)).filter(|_| table == "block");
    let sql = format!(
        "SELECT id, {}, first, data, last FROM {table} WHERE last >= $1 AND first < $2 {} {}
           AND (last, id) < ($4, $5) ORDER BY last DESC, id DESC LIMIT $6",
        if table == "block" { "probe" } else { "NULL::bigint" },
        if probe.is_some() { "AND probe = $3" } else { "AND $3::bigint IS NULL" },
        if query.only_bad { "AND bad <> 0" } else { "" },
    );
    let wanted = |p: &Plain| {
        !query.only_bad || names.shapes.get(p.shape).is_some_and(|s| s.verdict != Verdict::Passed)
    };
    let (mut after, mut page) = ((i64::MAX, i64::MAX), FIRST);
    loop {
        let values: sql::Values<'_> = &[&which.from, &which.to, &probe, &after.0, &after.1, &page];
        let rows = sql::rows(db, what, &sql, values).await?;
        for row in &rows {
            after = (column(row, 4, what)?, column(row, 0, what)?);
            if after.0 < newest.floor() {
                return Ok(());
            }
            scan::packed(row, what)?.each(names, which, damaged, |p| {
                if wanted(&p) {
                    newest.add(p.slot, p.probe, Raw::Plain(p));
                }
            });
        }
        if (rows.len() as i64) < page {
            return Ok(());
        }
        page = (page * 2).min(4_096);
    }
}

/// What came after a batch, in the order it came, and the last batch that was read of it; about `limit` results at most,
/// but whole batches. Of what is in blocks already, nothing comes.
pub(super) async fn since(
    store: &PgStore,
    batch: i64,
    limit: usize,
) -> Result<(Vec<Observation>, i64), Error> {
    let what = "read what is new";
    let mut lane = store.reader().await?;
    let tx = lane.snapshot().await?;
    let names = store.names_on(&tx).await?;
    // Batches one by one until there is enough: most are small.
    let next = "SELECT max(b) FROM (SELECT b, sum(n) OVER (ORDER BY b) - n AS before FROM (
            (SELECT id AS b, count AS n FROM journal WHERE id > $1 ORDER BY id LIMIT 10000)
            UNION ALL (SELECT batch, count(*) FROM run WHERE batch > $1 GROUP BY batch ORDER BY batch LIMIT 10000)
        ) AS each) AS all_of_them WHERE before < $2::bigint";
    let row = sql::one(&tx, what, next, &[&batch, &sql::most(limit)]).await?;
    let Some(upto) = column::<Option<i64>>(&row, 0, what)? else {
        let newest = super::load::meta(&tx, "batch").await?.unwrap_or(batch);
        drop(tx);
        lane.done();
        return Ok((Vec::new(), newest.max(batch)));
    };
    let mut found = Vec::new();
    let journal = "SELECT id, NULL::bigint, first, data FROM journal WHERE id > $1 AND id <= $2 ORDER BY id";
    let all = Which { probes: None, from: i64::MIN, to: i64::MAX };
    for row in sql::rows(&tx, what, journal, &[&batch, &upto]).await? {
        let of: i64 = column(&row, 0, what)?;
        scan::packed(&row, what)?
            .each(&names, &all, &store.inner.damaged, |p| found.push((of, p.slot, p.probe, Raw::Plain(p))));
    }
    let full =
        "SELECT probe, slot, data, batch FROM run WHERE batch > $1 AND batch <= $2 ORDER BY batch, slot";
    for row in sql::rows(&tx, what, full, &[&batch, &upto]).await? {
        let of: i64 = column(&row, 3, what)?;
        scan::full(&row, &store.inner.damaged, &mut |probe, slot, raw| found.push((of, slot, probe, raw)))?;
    }
    drop(tx);
    lane.done();
    found.sort_by_key(|(of, slot, probe, _)| (*of, *slot, *probe));
    let seen = found.into_iter().filter_map(|(_, slot, probe, raw)| tell(&names, probe, slot, raw));
    Ok((seen.collect(), upto))
}
