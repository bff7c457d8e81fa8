//! Promises about results: kept once, told as they were, counted where they were due.

use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::{Stage, Verdict};

use super::tier;
use crate::observation::Observation;
use crate::store::testing::*;
use crate::store::{Batch, RunQuery, SeriesQuery, Store, Tier};

fn all() -> RunQuery {
    RunQuery { limit: 1_000_000, ..RunQuery::default() }
}

fn slots(runs: &[Observation]) -> Vec<i64> {
    runs.iter().map(|r| r.slot.as_second() - START).collect()
}

pub(crate) async fn a_run_that_failed_comes_back_to_the_letter(store: impl Store) {
    store.record(batch(vec![failed("http", 7)])).await.unwrap();
    assert_eq!(store.runs(&all()).await.unwrap(), [failed("http", 7)]);
}

pub(crate) async fn a_run_that_passed_comes_back_within_one_per_cent(store: impl Store) {
    store.record(batch(vec![passed("http", 7), missed("http", 8)])).await.unwrap();
    let runs = store.runs(&all()).await.unwrap();
    assert_eq!(runs[0], Observation { lag: runs[0].lag, ..missed("http", 8) });
    let (told, truth) = (&runs[1], passed("http", 7));
    let close = |a: Duration, b: Duration| (a.as_secs_f64() / b.as_secs_f64() - 1.0).abs() < 0.01;
    assert!(close(told.lag, truth.lag) && close(told.outcome.took(), truth.outcome.took()));
    for (a, b) in told.outcome.stages.iter().zip(&truth.outcome.stages) {
        assert!(a.stage == b.stage && close(a.took, b.took), "{a:?} for {b:?}");
    }
    assert_eq!(told.outcome.stages.len(), truth.outcome.stages.len());
    assert_eq!(told.outcome.measurements, truth.outcome.measurements);
    assert_eq!((told.slot, &told.probe, told.run()), (truth.slot, &truth.probe, truth.run()));
}

pub(crate) async fn the_same_slot_is_kept_once_and_as_it_was(store: impl Store) {
    store
        .record(batch(vec![passed("http", 60), passed("http", 60), failed("http", 0), passed("http", 0)]))
        .await
        .unwrap();
    store
        .record(batch(vec![failed("http", 60), passed("http", 0), passed("http", 30), passed("http", 30)]))
        .await
        .unwrap();
    let runs = store.runs(&all()).await.unwrap();
    assert_eq!(slots(&runs), [60, 30, 0]);
    let verdicts: Vec<_> = runs.iter().map(|r| r.outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Passed, Verdict::Passed, Verdict::Failed]);
    assert_eq!(store.series(&tier(Tier::Hour)).await.unwrap()[0].1[0].runs(), 3);
}

pub(crate) async fn buckets_of_every_width_count_every_run(store: impl Store) {
    let seen = vec![
        passed("http", 0),
        failed("http", 59),
        passed("http", 60),
        missed("http", 3_600),
        passed("http", 90_000),
    ];
    store.record(batch(seen)).await.unwrap();
    for (width, starts) in [
        (Tier::Minute, vec![(0, 2), (60, 1), (3_600, 1), (90_000, 1)]),
        (Tier::Hour, vec![(0, 3), (3_600, 1), (90_000, 1)]),
        (Tier::Day, vec![(0, 4), (86_400, 1)]),
    ] {
        let series = store.series(&tier(width)).await.unwrap();
        let [(name, buckets)] = &series[..] else { panic!("one probe, not {series:?}") };
        assert_eq!(*name, probe("http"));
        let told: Vec<_> = buckets.iter().map(|b| (b.start - START, b.runs())).collect();
        assert_eq!(told, starts, "{width:?}");
        let mut without = series.clone();
        without.iter_mut().flat_map(|(_, b)| b).for_each(|b| b.stages.clear());
        assert_eq!(store.totals(&tier(width)).await.unwrap(), without, "{width:?}");
        let first = &buckets[0];
        assert_eq!(
            (first.verdicts[&Verdict::Failed], first.reasons.len()),
            (1, 1 + usize::from(width == Tier::Day))
        );
        // The failed run did not come to the end of its last stage, and its duration is none of a run that works.
        let (connect, body) = (&first.stages[&Stage::Connect], &first.stages[&Stage::Body]);
        assert_eq!((connect.count(), body.count()), (body.count() + 1, first.took.count()));
    }
}

pub(crate) async fn a_late_run_is_counted_where_it_was_due(store: impl Store) {
    store.record(batch(vec![passed("http", 0)])).await.unwrap();
    store.record(Batch { now: at(200_000), ..batch(vec![passed("http", 200_000)]) }).await.unwrap();
    let late = Batch {
        now: at(200_001),
        ..batch(vec![failed("http", 60), passed("new", 60), passed("http", 90_000)])
    };
    store.record(late.clone()).await.unwrap();
    store.record(late).await.unwrap();
    for (width, expected) in [
        (Tier::Hour, vec![(0, 2), (90_000, 1), (198_000, 1)]),
        (Tier::Day, vec![(0, 2), (86_400, 1), (172_800, 1)]),
    ] {
        let series = store.series(&tier(width)).await.unwrap();
        let told: Vec<_> = series[0].1.iter().map(|b| (b.start - START, b.runs())).collect();
        assert_eq!(told, expected, "{width:?}");
        assert_eq!(series[1].1[0].runs(), 1);
    }
}

pub(crate) async fn series_are_by_probe_and_oldest_first_within_their_range(store: impl Store) {
    let seen = (0..5).flat_map(|hour| ["a", "b", "c"].map(|p| passed(p, hour * 3_600))).collect();
    store.record(batch(seen)).await.unwrap();
    let query = SeriesQuery {
        probes: vec![probe("c"), probe("a"), probe("none")],
        tier: Tier::Hour,
        from: START + 3_600,
        to: START + 3 * 3_600,
    };
    let series = store.series(&query).await.unwrap();
    let names: Vec<_> = series.iter().map(|(p, _)| p.probe()).collect();
    assert_eq!(names, ["a", "c"]);
    for (_, buckets) in &series {
        let starts: Vec<_> = buckets.iter().map(|b| b.start - START).collect();
        assert_eq!(starts, [3_600, 7_200]);
    }
}

pub(crate) async fn runs_are_newest_first_within_limit_and_range(store: impl Store) {
    for minute in [0, 3, 1, 2, 4] {
        let of = |p| if minute % 2 == 0 { passed(p, minute * 60) } else { failed(p, minute * 60) };
        store.record(batch(vec![of("a"), of("b")])).await.unwrap();
    }
    let query = |probe, from: Option<i64>, to: Option<i64>, limit| RunQuery {
        probe,
        from: from.map(at),
        to: to.map(at),
        only_bad: false,
        limit,
    };
    for (query, expected) in [
        (query(None, None, None, 3), vec![240, 240, 180]),
        (query(Some(probe("a")), None, None, 9), vec![240, 180, 120, 60, 0]),
        (query(Some(probe("b")), Some(60), Some(180), 9), vec![120, 60]),
        (query(Some(probe("b")), Some(0), Some(240), 2), vec![180, 120]),
        (query(None, None, None, 0), vec![]),
        (query(Some(probe("none")), None, None, 9), vec![]),
    ] {
        assert_eq!(slots(&store.runs(&query).await.unwrap()), expected, "{query:?}");
    }
}

pub(crate) async fn bad_runs_are_told_alone(store: impl Store) {
    // Twice the same missed run: however it is kept, it is bad.
    store
        .record(batch(vec![
            passed("a", 0),
            missed("a", 60),
            missed("a", 120),
            missed("a", 180),
            failed("a", 240),
            passed("a", 300),
        ]))
        .await
        .unwrap();
    let bad = RunQuery { only_bad: true, ..all() };
    assert_eq!(slots(&store.runs(&bad).await.unwrap()), [240, 180, 120, 60]);
}

pub(crate) async fn the_last_slot_of_every_probe_is_known(store: impl Store) {
    store.record(batch(vec![passed("a", 60), failed("b", 90), passed("a", 0)])).await.unwrap();
    let expected = [(probe("a"), at(60)), (probe("b"), at(90))];
    assert_eq!(store.last_slots().await.unwrap(), expected.into());
}

pub(crate) async fn pruning_drops_what_is_old_and_keeps_the_rest(store: impl Store) {
    const DAY: i64 = 86_400;
    for day in [0, 1, 2, 40, 500] {
        store
            .record(Batch {
                now: at(day * DAY),
                ..batch(vec![passed("a", day * DAY), failed("b", day * DAY)])
            })
            .await
            .unwrap();
    }
    let pruned = store.prune(at(500 * DAY)).await.unwrap();
    assert_eq!((pruned.runs, pruned.buckets), (8, 8));
    assert_eq!(slots(&store.runs(&all()).await.unwrap()), [500 * DAY, 500 * DAY]);
    assert_eq!(store.series(&tier(Tier::Minute)).await.unwrap()[0].1.len(), 1);
    assert_eq!(store.series(&tier(Tier::Hour)).await.unwrap()[0].1.len(), 1);
    assert_eq!(store.series(&tier(Tier::Day)).await.unwrap()[1].1.len(), 5);
    // What comes after its retention is not taken in: nobody could say any more whether it was there.
    store.record(Batch { now: at(500 * DAY), ..batch(vec![passed("a", 40 * DAY)]) }).await.unwrap();
    assert_eq!(store.runs(&all()).await.unwrap().len(), 2);
    assert_eq!(store.prune(at(500 * DAY)).await.unwrap(), crate::store::Pruned::default());
}

pub(crate) async fn nothing_at_all_is_a_batch_too(store: impl Store) {
    store.record(Batch { now: Timestamp::UNIX_EPOCH, ..Batch::default() }).await.unwrap();
    assert_eq!(store.runs(&all()).await.unwrap(), []);
    assert_eq!(store.series(&tier(Tier::Day)).await.unwrap(), []);
    assert_eq!(store.prune(at(0)).await.unwrap(), crate::store::Pruned::default());
}

pub(crate) async fn what_was_noted_last_is_known(store: impl Store) {
    assert_eq!(store.noted("export far").await.unwrap(), None);
    for text in ["one", "another, with ' and \" and \u{1f4a1}"] {
        store.note("export far", text.to_owned()).await.unwrap();
        store.note("export near", "else".to_owned()).await.unwrap();
        assert_eq!(store.noted("export far").await.unwrap().as_deref(), Some(text));
    }
}
