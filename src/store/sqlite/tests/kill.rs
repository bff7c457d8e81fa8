//! What was acknowledged is there after `kill -9`, whenever it comes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use launchwatch_alerts::NotificationKind;

use super::*;
use crate::store::testing::*;
use crate::store::{Batch, RunQuery, SeriesQuery, Store, Tier, Wanted};

const DIR: &str = "LAUNCHWATCH_TEST_KILL_DIR";
const FROM: &str = "LAUNCHWATCH_TEST_KILL_FROM";

/// Keeps one batch after the other, each with three results and something owed, and says so on standard output.
#[tokio::test]
#[ignore = "the child of the test below"]
async fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let from: i64 = std::env::var(FROM).unwrap().parse().unwrap();
    let store = SqliteStore::open(Path::new(&dir), Retention::default()).unwrap();
    for i in from..from + 10_000 {
        // Ten minutes a batch: hours close, blocks are made and housekeeping runs all the time.
        let seen = vec![passed("a", i * 600), passed("b", i * 600), failed("c", i * 600)];
        let owed =
            owing(vec![notification(&format!("n{i}"), &format!("i{i}"), NotificationKind::Opened, i * 600)]);
        store.record(Batch { changes: owed.changes, ..batch(seen) }).await.unwrap();
        println!("kept {i}");
        std::io::stdout().flush().unwrap();
        if i % 5 == 0 {
            store.compact().await.unwrap();
            store.prune(at(i * 600)).await.unwrap();
        }
    }
}

/// Runs the child until it has kept `count` batches, kills it, and says which one was the last.
fn kill_after(dir: &Path, from: i64, count: usize) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::sqlite::tests::kill::child", "--ignored", "--nocapture"])
        .env(DIR, dir)
        .env(FROM, from.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut kept = lines.map_while(Result::ok).filter_map(|l| l.rsplit_once("kept ")?.1.parse().ok());
    let mut last = kept.nth(count).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it still said before it died counts as well.
    last = kept.last().unwrap_or(last);
    last
}

#[tokio::test]
async fn every_batch_that_was_acknowledged_survives_kill_nine() {
    let dir = tempfile::tempdir().unwrap();
    let (mut from, mut acknowledged) = (0, Vec::new());
    for round in 0..20 {
        let last = kill_after(dir.path(), from, round * 7 % 11);
        acknowledged.extend(from..=last);
        let store = open(&dir);
        let runs = store.runs(&RunQuery { limit: 1_000_000, ..RunQuery::default() }).await.unwrap();
        let end = at(i64::from(u32::MAX));
        let mut owed = store.owed("slack", end, 1_000_000, Wanted::Due).await.unwrap();
        owed.extend(store.owed("mail", end, 1_000_000, Wanted::Due).await.unwrap());
        for i in &acknowledged {
            let of = runs.iter().filter(|r| r.slot == at(i * 600)).count();
            let told = owed.iter().filter(|o| o.notification.id.0 == format!("n{i}")).count();
            assert_eq!((of, told), (3, 2), "batch {i} after round {round}");
        }
        // All or nothing also of the batch that was not acknowledged any more.
        assert_eq!(runs.len() * 2, owed.len() * 3);
        let query = SeriesQuery { probes: Vec::new(), tier: Tier::Day, from: 0, to: START * 2 };
        let counted: u64 =
            store.series(&query).await.unwrap().iter().flat_map(|(_, b)| b).map(|b| b.runs()).sum();
        assert_eq!((counted, store.unreadable()), (runs.len() as u64, 0));
        from = last + 2;
    }
    assert!(acknowledged.len() > 60);
}
