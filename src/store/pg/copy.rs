//! The database as tables, for copying.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::PgStore;
use super::lane::{read, write_fenced};
use super::load::{self, meta, set_meta};
use super::sql::{self, column, fail};
use crate::observation::ProbeId;
use crate::store::Error;
use crate::store::copy::{Column, Kind, Rows, TABLES, Tables, Value, select};

fn to_sql(value: &Value) -> Box<dyn ToSql + Sync + Send> {
    match value {
        Value::Null => Box::new(None::<i64>),
        Value::Int(number) => Box::new(*number),
        Value::Text(text) => Box::new(sql::text(text).into_owned()),
        Value::Bytes(bytes) => Box::new(bytes.clone()),
    }
}

fn of_sql(row: &Row, at: usize) -> Result<Value, Error> {
    let what = "read rows to be copied";
    let kind = row.columns().get(at).map(tokio_postgres::Column::type_);
    let value = match kind {
        Some(&Type::BOOL) => column::<Option<bool>>(row, at, what)?.map(|b| Value::Int(i64::from(b))),
        Some(&Type::TEXT) => column::<Option<String>>(row, at, what)?.map(Value::Text),
        Some(&Type::BYTEA) => column::<Option<Vec<u8>>>(row, at, what)?.map(Value::Bytes),
        _ => column::<Option<i64>>(row, at, what)?.map(Value::Int),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// One column of many rows, as an array.
fn array(kind: Kind, rows: &Rows, at: usize) -> Box<dyn ToSql + Sync + Send> {
    let values = rows.iter().map(|row| row.get(at).unwrap_or(&Value::Null));
    let number = |v: &Value| if let Value::Int(number) = v { Some(*number) } else { None };
    match kind {
        Kind::Int => Box::new(values.map(number).collect::<Vec<_>>()),
        Kind::Bool => Box::new(values.map(|v| number(v).map(|n| n != 0)).collect::<Vec<_>>()),
        Kind::Text => Box::new(
            values
                .map(|v| if let Value::Text(text) = v { Some(sql::text(text).into_owned()) } else { None })
                .collect::<Vec<_>>(),
        ),
        Kind::Bytes => Box::new(
            values
                .map(|v| if let Value::Bytes(bytes) = v { Some(bytes.clone()) } else { None })
                .collect::<Vec<_>>(),
        ),
    }
}

const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "bigint",
        Kind::Bool => "boolean",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    }
}

fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|c| format!("\"{}\"", c.name)).collect()
}

/// Days of which rows need partitions.
fn days(table: &str, columns: &[Column], rows: &Rows) -> BTreeSet<i64> {
    let by = match table {
        "run" => "slot",
        "block" => "last",
        _ => return BTreeSet::new(),
    };
    let Some(at) = columns.iter().position(|c| c.name == by) else { return BTreeSet::new() };
    let day = |row: &Vec<Value>| match row.get(at) {
        Some(Value::Int(moment)) => Some(load::day(*moment)),
        _ => None,
    };
    rows.iter().filter_map(day).collect()
}

async fn add(
    db: &impl GenericClient,
    table: &str,
    columns: &[Column],
    rows: &Rows,
    there: &mut BTreeSet<i64>,
) -> Result<(), Error> {
    load::add_days(db, there, days(table, columns, rows)).await?;
    let arrays: Vec<_> = columns.iter().enumerate().map(|(at, c)| array(c.kind, rows, at)).collect();
    let values: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|a| &**a as &(dyn ToSql + Sync)).collect();
    let places: Vec<String> =
        columns.iter().enumerate().map(|(at, c)| format!("${}::{}[]", at + 1, type_of(c.kind))).collect();
    // Whoever counts by batch finds all of them in the first.
    let batch = table == "run" && columns.iter().all(|c| c.name != "batch");
    let insert = format!(
        "INSERT INTO {table} ({}{}) OVERRIDING SYSTEM VALUE SELECT *{} FROM unnest({}) AS r",
        names(columns).join(", "),
        if batch { ", batch" } else { "" },
        if batch { ", 1::bigint" } else { "" },
        places.join(", "),
    );
    sql::execute(db, "write copied rows", &insert, &values).await.map(|_| ())
}

/// The next number that is given comes after those that were copied.
async fn sequences(db: &impl GenericClient) -> Result<(), Error> {
    let what = "go on with the numbers of rows";
    let all = "SELECT a.attrelid::regclass::text, a.attname::text FROM pg_attribute a
         WHERE a.attidentity <> '' AND a.attrelid = ANY($1::text[]::regclass[])";
    let tables: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
    for row in sql::rows(db, what, all, &[&tables]).await? {
        let (table, name): (String, String) = (column(&row, 0, what)?, column(&row, 1, what)?);
        let set = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{name}'), (SELECT coalesce(max({name}), 0) + 1 FROM {table}), FALSE)"
        );
        db.batch_execute(&set).await.map_err(fail(what))?;
    }
    Ok(())
}

async fn finish(db: &impl GenericClient, last: &BTreeMap<ProbeId, Timestamp>) -> Result<(), Error> {
    let what = "note the last slots";
    sequences(db).await?;
    let probes: Vec<&str> = last.keys().map(ProbeId::as_str).collect();
    let slots: Vec<i64> = last.values().map(|slot| sql::micros(*slot)).collect();
    sql::execute(db, what, "DELETE FROM last", &[]).await?;
    let note = "INSERT INTO last (probe, slot) SELECT p.id, l.slot
         FROM unnest($1::text[], $2::bigint[]) AS l (name, slot) JOIN probe p ON p.name = l.name";
    sql::execute(db, what, note, &[&probes, &slots]).await?;
    let newest = "SELECT greatest(1, (SELECT max(id) FROM journal), (SELECT max(batch) FROM run))";
    set_meta(db, "batch", column(&sql::one(db, what, newest, &[]).await?, 0, what)?).await
}

#[async_trait]
impl Tables for PgStore {
    async fn columns(&self, table: &'static str) -> Result<Vec<Column>, Error> {
        let what = "read the columns of a table";
        let all = "SELECT attname::text, atttypid::regtype::text FROM pg_attribute
             WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
        let rows = read!(self, |db| sql::rows(db, what, all, &[&table]))?;
        let one = |row| {
            let kind = match column::<String>(row, 1, what)?.as_str() {
                "text" => Kind::Text,
                "bytea" => Kind::Bytes,
                "boolean" => Kind::Bool,
                _ => Kind::Int,
            };
            Ok(Column { name: column(row, 0, what)?, kind })
        };
        rows.iter().map(one).collect()
    }

    async fn page(
        &self,
        table: &'static str,
        columns: &[Column],
        key: &'static [&'static str],
        after: Option<Vec<Value>>,
    ) -> Result<Rows, Error> {
        let what = "read rows to be copied";
        let select = select(table, &names(columns), key, after.is_some(), |at| format!("${at}"));
        let values: Vec<_> = after.iter().flatten().map(to_sql).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| &**v as &(dyn ToSql + Sync)).collect();
        let rows = read!(self, |db| sql::rows(db, what, &select, &values))?;
        rows.iter().map(|row| (0..columns.len()).map(|at| of_sql(row, at)).collect()).collect()
    }

    async fn add(&self, table: &'static str, columns: &[Column], rows: Rows) -> Result<(), Error> {
        write_fenced!(self, |db| add(db, table, columns, &rows, &mut BTreeSet::new()))
    }

    async fn count(&self, table: &'static str) -> Result<u64, Error> {
        let what = "count rows";
        let count = format!("SELECT count(*) FROM {table}");
        let row = read!(self, |db| sql::one(db, what, &count, &[]))?;
        column(&row, 0, what).map(i64::unsigned_abs)
    }

    async fn clear(&self) -> Result<(), Error> {
        let tables: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
        let all = format!("TRUNCATE {}, last, note", tables.join(", "));
        write_fenced!(self, |db| async { db.batch_execute(&all).await.map_err(fail("empty the tables")) })
    }

    async fn number(&self, key: &'static str) -> Result<Option<i64>, Error> {
        read!(self, |db| meta(db, key))
    }

    async fn set_number(&self, key: &'static str, value: Option<i64>) -> Result<(), Error> {
        write_fenced!(self, |db| async {
            match value {
                Some(value) => set_meta(db, key, value).await,
                None => {
                    let what = "write what the store keeps about itself";
                    sql::execute(db, what, "DELETE FROM meta WHERE key = $1", &[&key]).await.map(|_| ())
                }
            }
        })
    }

    async fn notes(&self) -> Result<Vec<(String, String)>, Error> {
        let what = "read what was noted";
        let rows = read!(self, |db| sql::rows(db, what, "SELECT name, text FROM note ORDER BY name", &[]))?;
        rows.iter().map(|row| Ok((column(row, 0, what)?, column(row, 1, what)?))).collect()
    }

    async fn in_use(&self) -> Result<bool, Error> {
        let what = "see whether a service is at work";
        let held = "SELECT EXISTS (SELECT 1 FROM lease WHERE until > now())";
        let row = read!(self, |db| sql::one(db, what, held, &[]))?;
        column(&row, 0, what)
    }

    async fn finish(&self, last: BTreeMap<ProbeId, Timestamp>) -> Result<(), Error> {
        write_fenced!(self, |db| finish(db, &last))
    }
}
