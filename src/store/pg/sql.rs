//! Asking the database: each statement is prepared once a connection, and each failure says what was tried.

use std::borrow::Cow;

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use crate::store::Error;

/// Values of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Says which operation failed. What the database said holds no password.
pub(super) fn fail(what: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Error {
    move |source| Error::Database { what, source: said(&source).into() }
}

/// What went wrong in one line: the library's own words say only `db error`.
fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => {
            let mut words = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(inner) = source {
                words = format!("{words}: {inner}");
                source = inner.source();
            }
            words
        }
    }
}

/// Runs a statement; answers how many rows it touched.
pub(super) async fn execute(
    db: &impl GenericClient,
    what: &'static str,
    sql: &str,
    values: Values<'_>,
) -> Result<u64, Error> {
    let statement = db.prepare_cached(sql).await.map_err(fail(what))?;
    db.execute(&statement, values).await.map_err(fail(what))
}

/// All rows.
pub(super) async fn rows(
    db: &impl GenericClient,
    what: &'static str,
    sql: &str,
    values: Values<'_>,
) -> Result<Vec<Row>, Error> {
    let statement = db.prepare_cached(sql).await.map_err(fail(what))?;
    db.query(&statement, values).await.map_err(fail(what))
}

/// The first row, if there is one.
pub(super) async fn maybe(
    db: &impl GenericClient,
    what: &'static str,
    sql: &str,
    values: Values<'_>,
) -> Result<Option<Row>, Error> {
    Ok(rows(db, what, sql, values).await?.into_iter().next())
}

/// The one row that there must be.
pub(super) async fn one(
    db: &impl GenericClient,
    what: &'static str,
    sql: &str,
    values: Values<'_>,
) -> Result<Row, Error> {
    let none = || Error::Corrupt { what, detail: "the database gives no row".into() };
    maybe(db, what, sql, values).await?.ok_or_else(none)
}

/// A column of a row.
pub(super) fn column<'r, T: FromSql<'r>>(
    row: &'r Row,
    column: usize,
    what: &'static str,
) -> Result<T, Error> {
    row.try_get(column).map_err(fail(what))
}

/// A text as the database takes it: it has no place for the character of number 0.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// At most so many rows.
pub(super) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn date(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}
