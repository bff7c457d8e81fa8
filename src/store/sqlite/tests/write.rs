//! Transactions, readers beside the writer, and the form in which results are kept.

use launchwatch_alerts::{AlertState, Change, NotificationKind};

use super::*;
use crate::store::sqlite::record;
use crate::store::testing::*;
use crate::store::{Batch, RunQuery, SeriesQuery, Store, Tier};

fn all() -> RunQuery {
    RunQuery { limit: 1_000_000, ..RunQuery::default() }
}

fn hours() -> SeriesQuery {
    SeriesQuery { probes: Vec::new(), tier: Tier::Hour, from: 0, to: i64::MAX / 4_000_000 }
}

#[tokio::test]
async fn a_batch_that_fails_half_way_leaves_nothing_in_file_or_memory() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    store.record(batch(vec![passed("a", 0)])).await.unwrap();
    beside(&dir)
        .execute_batch(
            "CREATE TRIGGER no BEFORE INSERT ON notification BEGIN SELECT RAISE(ABORT, 'no room'); END",
        )
        .unwrap();
    let owed = owing(vec![notification("n", "i", NotificationKind::Opened, 9)]);
    let mut changes = vec![Change::Alert(alert("a", AlertState::Firing))];
    changes.extend(owed.changes);
    let whole = Batch { changes, ..batch(vec![passed("a", 60), failed("new", 60)]) };
    let error = store.record(whole.clone()).await.unwrap_err().to_string();
    assert!(error.contains("no room"), "{error}");
    assert_eq!(store.runs(&all()).await.unwrap().len(), 1);
    assert_eq!(store.memory().await.unwrap().alerts, []);
    // Once there is room again the same batch is kept, and counted once.
    beside(&dir).execute_batch("DROP TRIGGER no").unwrap();
    store.record(whole).await.unwrap();
    assert_eq!(store.runs(&all()).await.unwrap().len(), 3);
    let runs: Vec<_> = store.series(&hours()).await.unwrap().iter().map(|(_, b)| b[0].runs()).collect();
    assert_eq!(runs, [2, 1]);
    assert_eq!(store.outbox().await.unwrap().owed, 2);
}

#[tokio::test]
async fn a_reader_neither_holds_the_writer_up_nor_sees_half_of_what_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    store.record(batch(vec![passed("a", 0)])).await.unwrap();
    let inner = &store.inner;
    inner
        .read(|db, live| {
            // Two hours later the open hour is closed: the reader still sees it open, and not yet in the file.
            record::record(inner, &batch(vec![passed("a", 9_000)]))?;
            let written: i64 = db.query_row("SELECT count(*) FROM bucket", [], |r| r.get(0)).unwrap();
            assert_eq!((written, live.hours.len()), (0, 1));
            Ok(())
        })
        .unwrap();
    let series = store.series(&hours()).await.unwrap();
    assert_eq!(series[0].1.iter().map(|b| b.runs()).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn what_repeats_is_kept_compact_and_what_does_not_in_full() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let with = |seconds, key: &str, value: String| {
        let mut seen = passed("a", seconds);
        seen.outcome.facts.insert(key.into(), value);
        seen
    };
    for i in 0..10 {
        store.record(batch(vec![with(i, "pod", format!("pod-{i}"))])).await.unwrap();
    }
    for i in 10..20 {
        store.record(batch(vec![with(i, "version", "5.4".into())])).await.unwrap();
    }
    let count = |sql| beside(&dir).query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    // Each pod is new; the version is worth a shape when it is seen for the second time.
    assert_eq!((count("SELECT count(*) FROM run"), count("SELECT count(*) FROM shape")), (11, 1));
    store.compact().await.unwrap();
    let runs = store.runs(&all()).await.unwrap();
    assert_eq!(runs.len(), 20);
    assert_eq!(
        (&runs[0].outcome.facts["version"], &runs[19].outcome.facts["pod"]),
        (&"5.4".into(), &"pod-0".into())
    );
}

#[tokio::test]
async fn what_fails_in_the_same_words_again_and_again_is_kept_compact_from_the_second_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let seen: Vec<_> = (0..50).map(|i| failed("a", i * 60)).collect();
    for one in &seen {
        store.record(batch(vec![one.clone()])).await.unwrap();
    }
    let full = beside(&dir).query_row("SELECT count(*) FROM run", [], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(full, 1);
    store.compact().await.unwrap();
    let runs = store.runs(&RunQuery { only_bad: true, ..all() }).await.unwrap();
    assert_eq!(runs.len(), 50);
    for (kept, was) in runs.iter().rev().zip(&seen) {
        assert_eq!(
            (kept.slot, kept.outcome.reason, kept.outcome.failed_stage),
            (was.slot, was.outcome.reason, was.outcome.failed_stage)
        );
        assert_eq!(
            (&kept.outcome.summary, &kept.outcome.evidence),
            (&was.outcome.summary, &was.outcome.evidence)
        );
    }
}

#[tokio::test]
async fn a_day_of_results_reads_the_same_from_journal_and_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    for minute in 0..1_440 {
        let seen = ["a", "b", "c"].into_iter().map(|p| match minute % 97 {
            13 => missed(p, minute * 60),
            14 => failed(p, minute * 60),
            _ => passed(p, minute * 60),
        });
        store.record(batch(seen.collect())).await.unwrap();
    }
    let queries = [
        all(),
        RunQuery { limit: 10, ..all() },
        RunQuery { limit: 7, probe: Some(probe("b")), ..all() },
        RunQuery { only_bad: true, limit: 50, ..all() },
        RunQuery { from: Some(at(40_000)), to: Some(at(50_000)), limit: 20, ..all() },
    ];
    let minutes = SeriesQuery { tier: Tier::Minute, from: START + 600, to: START + 7_200, ..hours() };
    let mut before = Vec::new();
    for query in &queries {
        before.push(store.runs(query).await.unwrap());
    }
    let series = store.series(&minutes).await.unwrap();
    assert_eq!((before[0].len(), series[0].1.len()), (4_320, 110));
    store.compact().await.unwrap();
    let count = |sql| beside(&dir).query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM journal"), 0);
    assert!(count("SELECT count(*) FROM block") >= 6);
    for (query, expected) in queries.iter().zip(&before) {
        assert_eq!(&store.runs(query).await.unwrap(), expected, "{query:?}");
    }
    assert_eq!(store.series(&minutes).await.unwrap(), series);
    // Nothing of it is kept twice, also where only the blocks know it.
    store.record(batch((0..1_440).map(|m| passed("a", m * 60)).collect())).await.unwrap();
    assert_eq!(store.runs(&all()).await.unwrap().len(), 4_320);
}
