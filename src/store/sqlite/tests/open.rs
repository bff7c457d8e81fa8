//! Opening: who may, who may not, and what lies on the disk.

use std::os::unix::fs::PermissionsExt;

use launchwatch_probes::{CleanUp, DebtId, Ledger};

use super::*;
use crate::store::testing::*;
use crate::store::{DebtState, Error, RunQuery, Store};

#[test]
fn a_second_process_is_told_which_directory_is_held() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(&dir);
    let second = SqliteStore::open(dir.path(), Retention::default()).err().unwrap();
    assert!(
        matches!(&second, Error::Locked { path } if *path == dir.path().display().to_string()),
        "{second}"
    );
    drop(first);
    open(&dir);
}

#[test]
fn a_newer_store_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(&dir));
    let db = beside(&dir);
    db.execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(db);
    let file = dir.path().join("launchwatch.db");
    let before = std::fs::read(&file).unwrap();
    let error = SqliteStore::open(dir.path(), Retention::default()).err().unwrap();
    assert!(matches!(error, Error::TooNew { found: 99, .. }), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn nobody_else_may_read_what_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("a/state");
    let store = SqliteStore::open(&state, Retention::default()).unwrap();
    store.record(batch(vec![passed("a", 0)])).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    let files: Vec<_> = std::fs::read_dir(&state).unwrap().map(|f| f.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    files.iter().for_each(|f| assert_eq!(mode(f), 0o600, "{f:?}"));
}

fn cleanup() -> CleanUp {
    CleanUp::Server { url: "https://h/user/u/".into(), token: "sesame-sesame".to_owned().into() }
}

#[tokio::test]
async fn no_secret_lies_on_the_disk_and_only_the_key_opens_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    store.told(&DebtId("d".into()), &cleanup()).await.unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|w| w == b"sesame"));
    }
    drop(store);
    let other = SqliteStore::open_with_key(dir.path(), Retention::default(), &crate::store::SealKey([7; 32]))
        .unwrap();
    let debts = other.debts().await.unwrap();
    assert!(matches!(debts[0].state, DebtState::Begun) && debts.len() == 1);
    assert_eq!(other.unreadable(), 1);
    drop(other);
    assert!(matches!(open(&dir).debts().await.unwrap()[0].state, DebtState::Told(_)));
}

#[tokio::test]
async fn a_key_from_elsewhere_is_not_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with_key(dir.path(), Retention::default(), &crate::store::SealKey([7; 32]))
        .unwrap();
    store.told(&DebtId("d".into()), &cleanup()).await.unwrap();
    assert!(!dir.path().join("key").exists());
    assert!(matches!(store.debts().await.unwrap()[0].state, DebtState::Told(_)));
}

#[test]
fn half_a_key_is_not_taken_for_one() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key"), b"short").unwrap();
    let error = SqliteStore::open(dir.path(), Retention::default()).err().unwrap().to_string();
    assert!(error.contains("has 5 bytes instead of 32"), "{error}");
}

#[tokio::test]
async fn debts_are_dated_by_the_clock_or_by_the_last_date_that_was_told() {
    let store = SqliteStore::in_memory(Retention::default()).unwrap();
    store.record(batch(vec![passed("a", 60)])).await.unwrap();
    store.begun(&DebtId("d".into()), "launch").await.unwrap();
    let since = store.debts().await.unwrap()[0].since;
    assert!(since >= at(60) && since < at(61), "{since}");
    let store = SqliteStore::in_memory(Retention::default()).unwrap().with_clock(|| at(99));
    store.begun(&DebtId("d".into()), "launch").await.unwrap();
    assert_eq!(store.debts().await.unwrap()[0].since, at(99));
}

#[tokio::test]
async fn settled_debts_go_after_a_day_and_abandoned_ones_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).with_clock(|| at(0));
    for id in ["a", "b"] {
        store.told(&DebtId(id.into()), &cleanup()).await.unwrap();
    }
    store.settled(&DebtId("a".into())).await.unwrap();
    store.abandon(vec![DebtId("b".into())]).await.unwrap();
    let count = |sql| beside(&dir).query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM debt WHERE sealed IS NOT NULL"), 0);
    store.prune(at(86_400)).await.unwrap();
    assert_eq!(count("SELECT count(*) FROM debt"), 2);
    store.prune(at(86_401)).await.unwrap();
    assert_eq!((count("SELECT count(*) FROM debt"), store.abandoned_count().await.unwrap()), (1, 1));
}

#[test]
fn what_is_acknowledged_survives_a_loss_of_power() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let writer = store.inner.writer();
    let pragma = |name: &str| {
        writer.db.pragma_query_value(None, name, |r| r.get::<_, rusqlite::types::Value>(0)).unwrap()
    };
    // FULL is 2: every commit waits for the disk. INCREMENTAL is 2: pruning can give space back.
    assert_eq!(pragma("synchronous"), 2.into());
    assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
    assert_eq!(pragma("auto_vacuum"), 2.into());
    assert_eq!(pragma("page_size"), 8_192.into());
}

#[tokio::test]
async fn pruning_gives_space_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let pages = || beside(&dir).query_row("PRAGMA page_count", [], |r| r.get::<_, i64>(0)).unwrap();
    // Each on another node: nothing repeats, all is kept in full.
    let seen = (0..3_000).map(|i| {
        let mut seen = failed("a", i);
        seen.outcome.facts.insert("node".into(), format!("n{i}"));
        seen
    });
    let seen = seen.collect();
    store.record(batch(seen)).await.unwrap();
    let before = pages();
    for _ in 0..10 {
        store.prune(at(40 * 86_400)).await.unwrap();
    }
    assert!(pages() * 2 < before, "{} of {before}", pages());
}

#[tokio::test]
async fn a_store_that_another_holds_can_be_read_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    assert!(SqliteStore::open_beside(dir.path(), Retention::default()).is_err(), "there is none");
    let held = open(&dir);
    held.record(batch((0..50).map(|i| passed("a", 60 * i)).collect())).await.unwrap();
    let beside = SqliteStore::open_beside(dir.path(), Retention::default()).unwrap();
    let all = RunQuery { limit: 1_000, ..RunQuery::default() };
    assert_eq!(beside.runs(&all).await.unwrap().len(), 50);
    // What comes later is seen too, also under new names and in blocks.
    held.record(batch(vec![passed("b", 4_000), failed("a", 4_000)])).await.unwrap();
    held.compact().await.unwrap();
    held.record(batch((0..50).map(|i| passed("b", 5_000 + 60 * i)).collect())).await.unwrap();
    assert_eq!(beside.runs(&all).await.unwrap(), held.runs(&all).await.unwrap());
    assert_eq!((beside.runs(&all).await.unwrap().len(), beside.unreadable()), (102, 0));
    // It cannot write, and the one that can is not held up.
    assert!(beside.record(batch(vec![passed("a", 9_000)])).await.is_err());
    held.record(batch(vec![passed("a", 9_000)])).await.unwrap();
    drop(held);
    assert_eq!(beside.runs(&all).await.unwrap().len(), 103);
    open(&dir);
}
