//! What is known without asking, made again from the database.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use jiff::Timestamp;

use super::sql::{self, column, date};
use crate::observation::ProbeId;
use crate::store::Error;

/// What the writer knows of what it wrote.
#[derive(Default)]
pub(super) struct Known {}

/// What readers have counted of open hours.
#[derive(Default)]
pub(super) struct Open {}

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
