//! The file as tables, for copying.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{params, params_from_iter};

use super::load::{meta, set_meta};
use super::{SqliteStore, fail};
use crate::observation::ProbeId;
use crate::store::Error;
use crate::store::copy::{Column, Kind, Rows, TABLES, Tables, Value, select};

/// Tables whose rows have no number among their columns, though their order matters.
const UNNUMBERED: [&str; 2] = ["incident", "debt"];

fn to_sql(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::Int(number) => Sql::Integer(*number),
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Bytes(bytes) => Sql::Blob(bytes.clone()),
    }
}

fn of_sql(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        #[expect(clippy::cast_possible_truncation, reason = "no column holds fractions")]
        ValueRef::Real(number) => Value::Int(number as i64),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

/// Names as this database knows them.
fn names(columns: &[Column]) -> Vec<String> {
    columns
        .iter()
        .map(|c| if c.name == "nr" { "rowid".to_owned() } else { format!("\"{}\"", c.name) })
        .collect()
}

#[async_trait]
impl Tables for SqliteStore {
    async fn columns(&self, table: &'static str) -> Result<Vec<Column>, Error> {
        self.read(move |_, db, _| {
            let what = "read the columns of a table";
            let mut rows = db.prepare(&format!("PRAGMA table_info({table})")).map_err(fail(what))?;
            let column = |row: &rusqlite::Row<'_>| {
                let kind = match row.get::<_, String>(2)?.as_str() {
                    "TEXT" => Kind::Text,
                    "BLOB" => Kind::Bytes,
                    _ => Kind::Int,
                };
                Ok(Column { name: row.get(1)?, kind })
            };
            let mut found: Vec<Column> =
                rows.query_map([], column).and_then(Iterator::collect).map_err(fail(what))?;
            if UNNUMBERED.contains(&table) {
                found.push(Column { name: "nr".into(), kind: Kind::Int });
            }
            Ok(found)
        })
        .await
    }

    async fn page(
        &self,
        table: &'static str,
        columns: &[Column],
        key: &'static [&'static str],
        after: Option<Vec<Value>>,
    ) -> Result<Rows, Error> {
        let columns = columns.to_vec();
        self.read(move |_, db, _| {
            let what = "read rows to be copied";
            let sql = select(table, &names(&columns), key, after.is_some(), |at| format!("?{at}"));
            let values = params_from_iter(after.iter().flatten().map(to_sql));
            let mut rows = db.prepare_cached(&sql).map_err(fail(what))?;
            let row = |row: &rusqlite::Row<'_>| {
                (0..columns.len()).map(|at| row.get_ref(at).map(of_sql)).collect::<Result<Vec<Value>, _>>()
            };
            rows.query_map(values, row).and_then(Iterator::collect).map_err(fail(what))
        })
        .await
    }

    async fn add(&self, table: &'static str, columns: &[Column], rows: Rows) -> Result<(), Error> {
        let columns = columns.to_vec();
        self.change(move |_, db| {
            let what = "write copied rows";
            let places: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
            let (names, places) = (names(&columns).join(", "), places.join(", "));
            let mut insert = db
                .prepare_cached(&format!("INSERT INTO {table} ({names}) VALUES ({places})"))
                .map_err(fail(what))?;
            rows.iter().try_for_each(|row| {
                insert.execute(params_from_iter(row.iter().map(to_sql))).map(|_| ()).map_err(fail(what))
            })
        })
        .await
    }

    async fn count(&self, table: &'static str) -> Result<u64, Error> {
        self.read(move |_, db, _| {
            db.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0))
                .map(i64::unsigned_abs)
                .map_err(fail("count rows"))
        })
        .await
    }

    async fn clear(&self) -> Result<(), Error> {
        self.change(|_, db| {
            db.execute("DELETE FROM meta WHERE key LIKE 'note:%'", []).map_err(fail("empty a table"))?;
            TABLES.iter().rev().try_for_each(|(table, _)| {
                db.execute(&format!("DELETE FROM {table}"), []).map(|_| ()).map_err(fail("empty a table"))
            })
        })
        .await
    }

    async fn number(&self, key: &'static str) -> Result<Option<i64>, Error> {
        self.read(move |_, db, _| meta(db, key)).await
    }

    async fn set_number(&self, key: &'static str, value: Option<i64>) -> Result<(), Error> {
        self.change(move |_, db| match value {
            Some(value) => set_meta(db, key, value),
            None => db
                .execute("DELETE FROM meta WHERE key = ?1", params![key])
                .map(|_| ())
                .map_err(fail("write what the store keeps about itself")),
        })
        .await
    }

    async fn notes(&self) -> Result<Vec<(String, String)>, Error> {
        self.read(|_, db, _| {
            let what = "read what was noted";
            let all = "SELECT substr(key, 6), value FROM meta WHERE key LIKE 'note:%' ORDER BY key";
            let mut rows = db.prepare(all).map_err(fail(what))?;
            rows.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).and_then(Iterator::collect).map_err(fail(what))
        })
        .await
    }

    async fn in_use(&self) -> Result<bool, Error> {
        // It could not have been opened otherwise.
        Ok(false)
    }

    async fn finish(&self, _last: BTreeMap<ProbeId, Timestamp>) -> Result<(), Error> {
        self.run(|inner| {
            // What is in memory is read anew.
            inner.writer().stale = true;
            inner.write(|_| Ok(()))
        })
        .await
    }
}
