//! How the two stores compare, in the build of tests: figures for people, and bounds far away.

use tokio::time::Instant;

use super::server::{address, beside, open};
use crate::store::testing::*;
use crate::store::{Retention, SeriesQuery, SqliteStore, Store, Tier};

const PROBES: i64 = 100;
const MINUTES: i64 = 300;

async fn load(store: &dyn Store) -> f64 {
    let began = Instant::now();
    for minute in 0..MINUTES {
        let seen = (0..PROBES).map(|p| passed(&format!("p{p}"), minute * 60 + p % 60));
        store.record(batch(seen.collect())).await.unwrap();
    }
    began.elapsed().as_secs_f64()
}

async fn read(store: &dyn Store) -> f64 {
    let query = SeriesQuery { probes: Vec::new(), tier: Tier::Hour, from: START, to: START + 30 * 86_400 };
    store.totals(&query).await.unwrap();
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(store.totals(&query).await.unwrap().len(), PROBES as usize);
    }
    began.elapsed().as_secs_f64() / 5.0
}

#[tokio::test]
async fn both_stores_side_by_side() {
    let Some(address) = address().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let (file, pg) = (SqliteStore::open(dir.path(), Retention::default()).unwrap(), open(&address).await);
    let (a, b) = (load(&file).await, load(&pg).await);
    let rate = |took: f64| (MINUTES as f64 / took, (MINUTES * PROBES) as f64 / took);
    eprintln!("batches/s, runs/s: SQLite {:.0?}, PostgreSQL {:.0?}, {:.2} of it", rate(a), rate(b), a / b);
    let (reads, theirs) = (read(&file).await, read(&pg).await);
    eprintln!("totals of a month: SQLite {:.1} ms, PostgreSQL {:.1} ms", reads * 1e3, theirs * 1e3);
    file.compact().await.unwrap();
    pg.compact().await.unwrap();
    let db = beside(&address).await;
    db.batch_execute("VACUUM FULL").await.unwrap();
    let size = "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'block%'";
    let blocks: i64 = db.query_one(size, &[]).await.unwrap().get(0);
    let runs = (PROBES * MINUTES) as f64;
    eprintln!("bytes a run in blocks, with indices: PostgreSQL {:.1}", blocks as f64 / runs);
    assert!(b < a * 100.0 + 60.0 && blocks as f64 / runs < 100.0);
}
