//! Everything that is kept, from one store to another, row by row: both keep the same things in the same bytes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Error, PgStore, SqliteStore, Store};
use crate::observation::ProbeId;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Bool,
    Text,
    Bytes,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
}

/// Tables in the order in which they are copied, with what tells their rows apart. What differs between the stores
/// (`last`, `meta`, notes, the lease, what replicas tell each other) is not among them.
pub(super) const TABLES: &[(&str, &[&str])] = &[
    ("probe", &["id"]),
    ("shape", &["id"]),
    ("journal", &["id"]),
    ("block", &["id"]),
    ("run", &["probe", "slot"]),
    ("bucket", &["tier", "probe", "chunk"]),
    ("damaged", &["id"]),
    ("alert", &["key"]),
    ("incident", &["id"]),
    ("notification", &["id"]),
    ("delivery", &["id"]),
    ("channel", &["name"]),
    ("silence", &["id"]),
    ("hidden", &["id"]),
    ("deploy", &["id"]),
    ("session", &["digest"]),
    ("token", &["id"]),
    ("audit", &["id"]),
    ("subscriber", &["id"]),
    ("letter", &["id"]),
    ("debt", &["id"]),
];

/// What both keep about themselves.
pub(super) const META: [&str; 4] = ["flushed", "minutes", "hours", "days"];

/// Set in a store from the beginning of a copy into it to its end.
pub(super) const COPYING: &str = "copying";

/// Rows that are read and written at once.
pub(super) const PAGE: usize = 500;

pub(super) type Rows = Vec<Vec<Value>>;

/// A store as tables. Insertion order is a column `nr` where a table has no number of its own.
#[async_trait]
pub(super) trait Tables: Send + Sync {
    /// The columns of a table.
    async fn columns(&self, table: &'static str) -> Result<Vec<Column>, Error>;
    /// Rows after the one with this key, in the order of the key.
    async fn page(
        &self,
        table: &'static str,
        columns: &[Column],
        key: &'static [&'static str],
        after: Option<Vec<Value>>,
    ) -> Result<Rows, Error>;
    /// Adds rows.
    async fn add(&self, table: &'static str, columns: &[Column], rows: Rows) -> Result<(), Error>;
    /// How many rows a table has.
    async fn count(&self, table: &'static str) -> Result<u64, Error>;
    /// Empties every table.
    async fn clear(&self) -> Result<(), Error>;
    /// A number that the store keeps about itself.
    async fn number(&self, key: &'static str) -> Result<Option<i64>, Error>;
    /// Sets it; `None` removes it.
    async fn set_number(&self, key: &'static str, value: Option<i64>) -> Result<(), Error>;
    /// What was noted, with its names.
    async fn notes(&self) -> Result<Vec<(String, String)>, Error>;
    /// Whether a service works on it at this moment.
    async fn in_use(&self) -> Result<bool, Error>;
    /// Puts right what follows from the rows.
    async fn finish(&self, last: BTreeMap<ProbeId, Timestamp>) -> Result<(), Error>;
}

/// A store of either kind.
#[derive(Clone)]
pub enum Either {
    /// In a folder.
    Sqlite(SqliteStore),
    /// In a database.
    Pg(PgStore),
}

impl Either {
    fn tables(&self) -> &dyn Tables {
        match self {
            Self::Sqlite(store) => store,
            Self::Pg(store) => store,
        }
    }

    fn store(&self) -> &dyn Store {
        match self {
            Self::Sqlite(store) => store,
            Self::Pg(store) => store,
        }
    }

    /// That no copy into it was interrupted.
    ///
    /// # Errors
    /// [`Error::HalfCopied`] if one was.
    pub async fn whole(&self) -> Result<(), Error> {
        match self.tables().number(COPYING).await? {
            None => Ok(()),
            Some(_) => Err(Error::HalfCopied),
        }
    }
}

/// Copies everything, and answers how many rows of which table. A copy that was interrupted begins anew.
///
/// # Errors
/// [`Error::InUse`] if a service works on one of them, [`Error::NotEmpty`] if there is something in the second one.
pub async fn copy(from: &Either, to: &Either) -> Result<Vec<(&'static str, u64)>, Error> {
    from.whole().await?;
    let (source, target) = (from.tables(), to.tables());
    if source.in_use().await? || target.in_use().await? {
        return Err(Error::InUse);
    }
    if target.number(COPYING).await?.is_none() {
        for (table, _) in TABLES {
            if target.count(table).await? > 0 {
                return Err(Error::NotEmpty);
            }
        }
    }
    target.set_number(COPYING, Some(1)).await?;
    target.clear().await?;
    let mut copied = Vec::new();
    for (table, key) in TABLES {
        copied.push((*table, rows(source, target, table, key).await?));
    }
    for key in META {
        target.set_number(key, source.number(key).await?).await?;
    }
    for (name, text) in source.notes().await? {
        to.store().note(&name, text).await?;
    }
    target.finish(from.store().last_slots().await?).await?;
    target.set_number(COPYING, None).await?;
    Ok(copied)
}

/// The columns that both have: what only one has means nothing to the other.
async fn rows(
    source: &dyn Tables,
    target: &dyn Tables,
    table: &'static str,
    key: &'static [&'static str],
) -> Result<u64, Error> {
    let there = target.columns(table).await?;
    let here = source.columns(table).await?;
    let of = |name: &str, all: &[Column]| all.iter().find(|column| column.name == name).cloned();
    let both: Vec<(Column, Column)> =
        here.iter().filter_map(|column| Some((column.clone(), of(&column.name, &there)?))).collect();
    let (read, write): (Vec<Column>, Vec<Column>) = both.into_iter().unzip();
    let at: Vec<usize> = key.iter().filter_map(|k| read.iter().position(|c| c.name == *k)).collect();
    let (mut after, mut copied) = (None, 0);
    loop {
        let page = source.page(table, &read, key, after.take()).await?;
        let Some(last) = page.last() else { return Ok(copied) };
        after = Some(at.iter().filter_map(|at| last.get(*at).cloned()).collect());
        let full = page.len() >= PAGE;
        copied += page.len() as u64;
        target.add(table, &write, page).await?;
        if !full {
            return Ok(copied);
        }
    }
}

/// `SELECT` of a page: places of the key's values are written by `place`.
pub(super) fn select(
    table: &str,
    columns: &[String],
    key: &[&str],
    after: bool,
    place: impl Fn(usize) -> String,
) -> String {
    let places: Vec<String> = (1..=key.len()).map(place).collect();
    let beyond =
        if after { format!("WHERE ({}) > ({})", key.join(", "), places.join(", ")) } else { String::new() };
    format!("SELECT {} FROM {table} {beyond} ORDER BY {} LIMIT {PAGE}", columns.join(", "), key.join(", "))
}
