//! What is known without asking, made again from the database whenever it may differ.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deadpool_postgres::GenericClient;
use jiff::Timestamp;

use super::sql::{self, column, date, fail};
use super::{PgStore, scan};
use crate::observation::ProbeId;
use crate::store::accept::{Last, place};
use crate::store::damage::Damaged;
use crate::store::full::{Raw, Which};
use crate::store::names::{Names, number};
use crate::store::open::{self, HourOf};
use crate::store::pack::shape::Shape;
use crate::store::{Bucket, Error};

/// What the writer knows of what it wrote.
#[derive(Default)]
pub(super) struct Known {
    /// Number of the last batch; if somebody else has written since, all this is read again.
    pub batch: i64,
    pub names: Arc<Names>,
    /// By number of probe.
    pub last: Vec<Last>,
    /// Hours that start before this second are written.
    pub flushed: i64,
    /// Days that have their partitions.
    pub days: BTreeSet<i64>,
}

impl Known {
    pub(super) async fn load(db: &impl GenericClient, batch: i64) -> Result<Self, Error> {
        let what = "read the last slots";
        let names = refreshed(db, Arc::default()).await?;
        let mut last = Vec::new();
        for row in sql::rows(db, what, "SELECT probe, slot FROM last", &[]).await? {
            place(&mut last, number(column(&row, 0, what)?, "probe")?).slot = column(&row, 1, what)?;
        }
        let flushed = meta(db, "flushed").await?.unwrap_or(i64::MIN);
        Ok(Self { batch, names, last, flushed, days: BTreeSet::new() })
    }
}

/// Names with those that came since.
async fn refreshed(db: &impl GenericClient, mut names: Arc<Names>) -> Result<Arc<Names>, Error> {
    let what = "read the names in the database";
    let (probe, shape) = names.newest();
    let since = "SELECT TRUE, id, name FROM probe WHERE id > $1 UNION ALL SELECT FALSE, id, text FROM shape WHERE id > $2";
    let rows = sql::rows(db, what, since, &[&i64::from(probe), &i64::from(shape)]).await?;
    for row in &rows {
        let (id, text): (u32, String) = (number(column(row, 1, what)?, "name")?, column(row, 2, what)?);
        let names = Arc::make_mut(&mut names);
        if column(row, 0, what)? {
            names.set_probe(id, text.into());
            continue;
        }
        match serde_json::from_str::<Shape>(&text) {
            Ok(shape) => names.set_shape(id, text.into(), shape),
            Err(e) => tracing::warn!(shape = id, error = %e, "a shape of results cannot be read"),
        }
    }
    Ok(names)
}

impl PgStore {
    /// Names as of what `db` sees.
    pub(super) async fn names_on(&self, db: &impl GenericClient) -> Result<Arc<Names>, Error> {
        refreshed(db, Arc::clone(&self.open_hours().names)).await
    }
}

/// Gives probes numbers.
pub(super) async fn add_probes(
    db: &impl GenericClient,
    names: &mut Arc<Names>,
    new: &BTreeSet<&ProbeId>,
) -> Result<(), Error> {
    let what = "name probes in the database";
    let texts: Vec<&str> = new.iter().map(|p| p.as_str()).collect();
    let add = "INSERT INTO probe (name) SELECT unnest($1::text[])
         ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id, name";
    for row in sql::rows(db, what, add, &[&texts]).await? {
        let name: String = column(&row, 1, what)?;
        Arc::make_mut(names).set_probe(number(column(&row, 0, what)?, "probe")?, name.into());
    }
    Ok(())
}

/// Gives a shape a number.
pub(super) async fn add_shape(
    db: &impl GenericClient,
    names: &mut Arc<Names>,
    text: String,
    shape: Shape,
) -> Result<u32, Error> {
    let what = "name a shape in the database";
    let row = sql::one(db, what, "INSERT INTO shape (text) VALUES ($1) RETURNING id", &[&text]).await?;
    let id = number(column(&row, 0, what)?, "shape")?;
    Arc::make_mut(names).set_shape(id, text.into(), shape);
    Ok(id)
}

/// What readers have counted of the hours that are not written: as of a batch, so that later only what is new is
/// counted.
#[derive(Clone)]
pub(super) struct Open {
    pub names: Arc<Names>,
    /// Everything up to this batch is counted; -1 before the first time.
    pub batch: i64,
    /// Hours that start before this second are written.
    pub flushed: i64,
    /// By their start.
    pub hours: BTreeMap<i64, HourOf>,
}

impl Default for Open {
    fn default() -> Self {
        Self { names: Arc::default(), batch: -1, flushed: i64::MIN, hours: BTreeMap::new() }
    }
}

impl Open {
    /// The same as of what `db` sees; with a number, only batches before that one are counted. `self` must have been
    /// taken before `db` began to see.
    pub(super) async fn on(
        self: Arc<Self>,
        db: &impl GenericClient,
        before: Option<i64>,
        damaged: &Damaged,
    ) -> Result<Arc<Self>, Error> {
        let what = "read which hours are open";
        let stand = "SELECT (SELECT value FROM meta WHERE key = 'batch'), (SELECT value FROM meta WHERE key = 'flushed'),
                (SELECT value FROM meta WHERE key = 'blocks')";
        let row = sql::one(db, what, stand, &[]).await?;
        let batch = column::<Option<i64>>(&row, 0, what)?.unwrap_or(0);
        let flushed = column::<Option<i64>>(&row, 1, what)?.unwrap_or(i64::MIN);
        // What blocks are made of cannot be found by its batch any more.
        let blocks = column::<Option<i64>>(&row, 2, what)?.unwrap_or(0);
        let upto = before.map_or(batch, |before| batch.min(before - 1));
        let names = refreshed(db, Arc::clone(&self.names)).await?;
        if upto == self.batch && flushed == self.flushed {
            return Ok(if Arc::ptr_eq(&names, &self.names) {
                self
            } else {
                Arc::new(Self { names, ..(*self).clone() })
            });
        }
        let known = self.batch >= blocks && self.batch <= upto && self.flushed <= flushed;
        let mut open = if known { (*self).clone() } else { Self::default() };
        open.hours = open.hours.split_off(&flushed);
        (open.names, open.flushed) = (Arc::clone(&names), flushed);
        let which = Which { probes: None, from: flushed.saturating_mul(1_000_000), to: i64::MAX };
        let hours = &mut open.hours;
        let count = |probe, slot, raw| count(hours, &names, probe, slot, raw);
        if known {
            scan::batches(db, &names, &which, (open.batch, upto), damaged, count).await?;
        } else {
            scan::each(db, &names, &which, damaged, count).await?;
        }
        open.batch = upto;
        Ok(Arc::new(open))
    }

    /// Whether this is of a later batch.
    pub(super) fn is_newer(&self, than: &Self) -> bool {
        self.batch > than.batch
    }
}

fn count(hours: &mut BTreeMap<i64, HourOf>, names: &Names, probe: u32, slot: i64, raw: Raw) {
    if names.probe(probe).is_none() {
        return;
    }
    let bucket: &mut Bucket = open::bucket(hours, probe, slot);
    match raw {
        Raw::Plain(plain) => {
            names.shapes.get(plain.shape).into_iter().for_each(|s| bucket.count_plain(&plain, s))
        }
        Raw::Full(full) => bucket.count(&full.outcome),
    }
}

/// A number that the store keeps about itself.
pub(super) async fn meta(db: &impl GenericClient, key: &str) -> Result<Option<i64>, Error> {
    let what = "read what the store keeps about itself";
    let row = sql::maybe(db, what, "SELECT value FROM meta WHERE key = $1", &[&key]).await?;
    row.map(|row| column(&row, 0, what)).transpose()
}

pub(super) async fn set_meta(db: &impl GenericClient, key: &str, value: i64) -> Result<(), Error> {
    let what = "write what the store keeps about itself";
    let set = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    sql::execute(db, what, set, &[&key, &value]).await.map(|_| ())
}

/// The last slot of every probe.
pub(super) async fn last_slots(db: &impl GenericClient) -> Result<BTreeMap<ProbeId, Timestamp>, Error> {
    let what = "read the last slots";
    let all = "SELECT p.name, l.slot FROM last l JOIN probe p ON p.id = l.probe";
    let rows = sql::rows(db, what, all, &[]).await?;
    let one = |row| Ok((column::<String>(row, 0, what)?.into(), date(column(row, 1, what)?)));
    rows.iter().map(one).collect()
}

const DAY: i64 = 86_400_000_000;

/// The day of a moment in microseconds.
pub(super) fn day(at: i64) -> i64 {
    at.div_euclid(DAY)
}

/// Makes the partitions of days that have none. Readers are not held up.
pub(super) async fn add_days(
    db: &impl GenericClient,
    there: &mut BTreeSet<i64>,
    wanted: impl IntoIterator<Item = i64>,
) -> Result<(), Error> {
    let what = "make room for a day";
    for day in wanted {
        if !there.insert(day) {
            continue;
        }
        for table in ["run", "block"] {
            let name = partition(table, day);
            let row = db
                .query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&name])
                .await
                .map_err(fail(what))?;
            if row.get(0) {
                continue;
            }
            // Made aside and then attached: that waits for no reader.
            let (from, to) = (day.saturating_mul(DAY), day.saturating_add(1).saturating_mul(DAY));
            let make = format!(
                "CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING STORAGE);
                 ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})"
            );
            db.batch_execute(&make).await.map_err(fail(what))?;
        }
    }
    Ok(())
}

/// What the partition of a day is called.
fn partition(table: &str, day: i64) -> String {
    format!("{table}_d{day}").replace('-', "m")
}

/// Partitions of a table of which everything is older than a moment.
pub(super) async fn old_days(
    db: &impl GenericClient,
    table: &str,
    before: i64,
) -> Result<Vec<(i64, String)>, Error> {
    let what = "read which days there are";
    let all = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = to_regclass($1::text)";
    let mut old = Vec::new();
    for row in sql::rows(db, what, all, &[&table]).await? {
        let name: String = column(&row, 0, what)?;
        let day = name.strip_prefix(table).and_then(|n| n.strip_prefix("_d")).map(|n| n.replace('m', "-"));
        let day = day.and_then(|day| day.parse::<i64>().ok());
        if let Some(day) = day.filter(|day| day.saturating_add(1).saturating_mul(DAY) <= before) {
            old.push((day, name));
        }
    }
    old.sort();
    Ok(old)
}
