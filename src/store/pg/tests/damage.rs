//! Damage in the database costs what is damaged, and nothing else.

use super::server::{address, beside, open};
use crate::store::testing::*;
use crate::store::{RunQuery, SeriesQuery, Store, Tier};

fn all() -> RunQuery {
    RunQuery { limit: 1_000_000, ..RunQuery::default() }
}

#[tokio::test]
async fn a_damaged_row_is_left_out_and_counted_and_the_rest_is_read() {
    for (table, lost) in [("journal", 2), ("run", 1), ("block", 3)] {
        let Some(address) = address().await else { return };
        let store = open(&address).await;
        store.record(batch((0..3).flat_map(|i| [passed("a", i), passed("b", i)]).collect())).await.unwrap();
        store.compact().await.unwrap();
        let seen = vec![passed("a", 60), passed("b", 60), failed("a", 70), failed("b", 70)];
        store.record(batch(seen)).await.unwrap();
        let db = beside(&address).await;
        let flip = format!(
            "UPDATE {table} SET data = set_byte(data, length(data) / 2, get_byte(data, length(data) / 2) # 16)
             WHERE ctid = (SELECT min(ctid) FROM {table}) AND tableoid = (SELECT min(tableoid) FROM {table})"
        );
        assert_eq!(db.execute(&flip, &[]).await.unwrap(), 1, "{table}");
        assert_eq!(store.runs(&all()).await.unwrap().len(), 10 - lost, "{table}");
        assert_eq!(store.runs(&all()).await.unwrap().len(), 10 - lost, "{table}");
        assert_eq!(store.unreadable(), 1, "{table}");
        // Work goes on: also opening, making blocks, and keeping more.
        let store = open(&address).await;
        store.compact().await.unwrap();
        store.record(batch(vec![passed("a", 90), passed("b", 30)])).await.unwrap();
        assert_eq!(store.runs(&all()).await.unwrap().len(), 12 - lost, "{table}");
        let aside: i64 = db.query_one("SELECT count(*) FROM damaged", &[]).await.unwrap().get(0);
        assert_eq!(aside, i64::from(table == "journal"), "{table}");
    }
}

#[tokio::test]
async fn a_damaged_chunk_of_buckets_is_set_aside_and_counting_goes_on() {
    let Some(address) = address().await else { return };
    let store = open(&address).await;
    for hour in 0..4 {
        store.record(batch(vec![passed("a", hour * 3_600)])).await.unwrap();
    }
    let db = beside(&address).await;
    let flip = "UPDATE bucket SET data = '\\x0011223301' WHERE tier = 3600";
    assert_eq!(db.execute(flip, &[]).await.unwrap(), 1);
    let query = |tier| SeriesQuery { probes: Vec::new(), tier, from: START, to: START + 86_400 };
    assert_eq!(store.series(&query(Tier::Hour)).await.unwrap()[0].1.len(), 2, "the open hours");
    store.record(batch(vec![passed("a", 9 * 3_600)])).await.unwrap();
    let hours = store.series(&query(Tier::Hour)).await.unwrap();
    assert_eq!(hours[0].1.iter().map(|b| (b.start - START) / 3_600).collect::<Vec<_>>(), [2, 3, 9]);
    assert_eq!(store.series(&query(Tier::Day)).await.unwrap()[0].1[0].runs(), 5, "days are not damaged");
    assert_eq!(store.unreadable(), 1);
}
