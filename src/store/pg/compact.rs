//! From the journal to blocks: when enough has gathered for blocks to be worth it.

use std::collections::BTreeSet;

use deadpool_postgres::GenericClient;

use super::sql::{self, column, fail};
use super::{PgStore, hours, load};
use crate::store::Error;
use crate::store::compact::{MOST, Made, Row, TAIL, make, worth_it};

/// Rows of the journal that are read at once.
const ROWS: i64 = 20_000;

impl PgStore {
    /// Makes blocks of the journal now, however little is in it. Housekeeping ([`crate::store::Store::prune`]) does so
    /// when there is enough.
    ///
    /// # Errors
    /// If the database says no.
    pub async fn compact(&self) -> Result<(), Error> {
        super::lane::within(compact(self, true)).await
    }
}

pub(super) async fn compact(store: &PgStore, in_any_case: bool) -> Result<(), Error> {
    let mut lane = store.writer().await?;
    let tx = lane.begin(store.epoch()).await?;
    let names = store.names_on(&tx).await?;
    let what = "read the journal";
    let sum = sql::one(&tx, what, "SELECT coalesce(sum(count), 0)::bigint FROM journal", &[]).await?;
    let journaled = column::<i64>(&sum, 0, what)?.unsigned_abs();
    if in_any_case || worth_it(journaled, names.probes().count() as u64) {
        let most = if in_any_case { MOST } else { journaled.saturating_sub(TAIL).min(MOST) };
        let rows = rows(&tx, most).await?;
        let (made, bad) = make(&rows, &names, &store.inner.damaged);
        put(&tx, &rows, &made, &bad).await?;
    }
    tx.commit().await.map_err(fail("make blocks of results"))?;
    lane.done();
    Ok(())
}

/// The oldest rows, up to so many results; one row at least, whatever is in it.
async fn rows(db: &impl GenericClient, most: u64) -> Result<Vec<Row>, Error> {
    let what = "read the journal";
    let found = sql::rows(
        db,
        what,
        "SELECT id, data FROM (SELECT id, data, count, sum(count) OVER (ORDER BY id) AS upto FROM journal ORDER BY id LIMIT $2) j
         WHERE upto <= $1::bigint OR upto = count ORDER BY id",
        &[&most.cast_signed(), &ROWS],
    )
    .await?;
    found.iter().map(|row| Ok((column(row, 0, what)?, column(row, 1, what)?))).collect()
}

async fn put(db: &impl GenericClient, rows: &[Row], made: &[Made], bad: &[i64]) -> Result<(), Error> {
    let what = "make blocks of results";
    let Some(newest) = rows.iter().map(|row| row.0).max() else { return Ok(()) };
    for (_, data) in rows.iter().filter(|row| bad.contains(&row.0)) {
        hours::set_aside(db, "journal", data).await?;
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    sql::execute(db, what, "DELETE FROM journal WHERE id = ANY($1)", &[&ids]).await?;
    let days: BTreeSet<i64> = made.iter().map(|m| load::day(m.last)).collect();
    load::add_days(db, &mut BTreeSet::new(), days).await?;
    let insert = "INSERT INTO block (probe, first, last, count, bad, data) SELECT * FROM
         unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])";
    for part in made.chunks(500) {
        let of = |get: fn(&Made) -> i64| part.iter().map(get).collect::<Vec<i64>>();
        let (probes, firsts, lasts) = (of(|m| i64::from(m.probe)), of(|m| m.first), of(|m| m.last));
        let (counts, bads) = (of(|m| i64::try_from(m.count).unwrap_or(0)), of(|m| m.bad));
        let datas: Vec<&[u8]> = part.iter().map(|m| m.data.as_slice()).collect();
        sql::execute(db, what, insert, &[&probes, &firsts, &lasts, &counts, &bads, &datas]).await?;
    }
    // Whoever has counted up to an earlier batch counts anew.
    load::set_meta(db, "blocks", newest).await
}
