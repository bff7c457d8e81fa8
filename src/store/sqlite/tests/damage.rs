//! Damage on the disk costs what is damaged, and nothing else.

use rusqlite::params;

use super::*;
use crate::store::testing::*;
use crate::store::{RunQuery, SeriesQuery, Store, Tier};

fn all() -> RunQuery {
    RunQuery { limit: 1_000_000, ..RunQuery::default() }
}

/// Flips a bit in the middle of one blob of a table.
fn flip(dir: &tempfile::TempDir, table: &str, key: &str) {
    let db = beside(dir);
    let select = format!("SELECT {key}, data FROM {table} LIMIT 1");
    let (id, mut data): (i64, Vec<u8>) = db.query_row(&select, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    let middle = data.len() / 2;
    data[middle] ^= 0x10;
    assert_eq!(
        db.execute(&format!("UPDATE {table} SET data = ?1 WHERE {key} = ?2"), params![data, id]).unwrap(),
        1
    );
}

#[tokio::test]
async fn a_damaged_row_is_left_out_and_counted_and_the_rest_is_read() {
    for (table, key, lost) in [("journal", "id", 2), ("run", "id", 1), ("block", "id", 3)] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir);
        store.record(batch((0..3).flat_map(|i| [passed("a", i), passed("b", i)]).collect())).await.unwrap();
        store.compact().await.unwrap();
        store
            .record(batch(vec![passed("a", 60), passed("b", 60), failed("a", 70), failed("b", 70)]))
            .await
            .unwrap();
        flip(&dir, table, key);
        assert_eq!(store.runs(&all()).await.unwrap().len(), 10 - lost, "{table}");
        assert_eq!(store.runs(&all()).await.unwrap().len(), 10 - lost, "{table}");
        assert_eq!(store.unreadable(), 1, "{table}");
        // Work goes on: also opening, making blocks, and keeping more.
        drop(store);
        let store = open(&dir);
        store.compact().await.unwrap();
        store.record(batch(vec![passed("a", 90), passed("b", 30)])).await.unwrap();
        assert_eq!(store.runs(&all()).await.unwrap().len(), 12 - lost, "{table}");
        let aside: i64 = beside(&dir).query_row("SELECT count(*) FROM damaged", [], |r| r.get(0)).unwrap();
        assert_eq!(aside, i64::from(table == "journal"), "{table}");
    }
}

#[tokio::test]
async fn a_damaged_chunk_of_buckets_is_set_aside_and_counting_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    for hour in 0..4 {
        store.record(batch(vec![passed("a", hour * 3_600)])).await.unwrap();
    }
    let flipped =
        beside(&dir).execute("UPDATE bucket SET data = x'0011223301' WHERE tier = 3600", []).unwrap();
    assert_eq!(flipped, 1);
    let query = |tier| SeriesQuery { probes: Vec::new(), tier, from: START, to: START + 86_400 };
    assert_eq!(store.series(&query(Tier::Hour)).await.unwrap()[0].1.len(), 2, "the open hours");
    store.record(batch(vec![passed("a", 9 * 3_600)])).await.unwrap();
    let hours = store.series(&query(Tier::Hour)).await.unwrap();
    assert_eq!(hours[0].1.iter().map(|b| (b.start - START) / 3_600).collect::<Vec<_>>(), [2, 3, 9]);
    assert_eq!(store.series(&query(Tier::Day)).await.unwrap()[0].1[0].runs(), 5, "days are not damaged");
    assert_eq!(store.unreadable(), 1);
}

#[tokio::test]
async fn what_the_engine_knew_is_not_read_by_halves() {
    use launchwatch_alerts::{AlertState, Change};
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let changes = ["a", "b"].map(|p| Change::Alert(alert(p, AlertState::Firing))).into();
    store.record(crate::store::Batch { changes, now: at(0), ..Default::default() }).await.unwrap();
    beside(&dir).execute("UPDATE alert SET json = '{' WHERE key LIKE '%\"a\"%'", []).unwrap();
    let error = store.memory().await.unwrap_err().to_string();
    assert!(error.starts_with("what the engine knew in the store cannot be read"), "{error}");
}
