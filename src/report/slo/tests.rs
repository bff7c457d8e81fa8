//! Months that are made by hand.

use std::sync::Arc;

use jiff::Timestamp;
use launchwatch_alerts::{Change, IncidentState, Label, Maintenance, Selector, Window};

use super::{Month, Question, Slo, csv, markdown, slo};
use crate::store::testing::{at, batch, failed, incident, missed, passed};
use crate::store::{Batch, Retention, SqliteStore, Store};

const HOUR: i64 = 3_600;

async fn store(runs: impl Fn(i64) -> crate::observation::Observation, hours: i64) -> Arc<SqliteStore> {
    let store = Arc::new(SqliteStore::in_memory(Retention::default()).unwrap().at_once());
    let all = (0..hours * 60).map(|n| runs(n * 60)).collect();
    store.record(batch(all)).await.unwrap();
    store
}

async fn made(store: &SqliteStore, planned: &[Maintenance], now: Timestamp) -> Slo {
    let question = Question { month: Month::of(at(0)), objective: 99.0, planned, now };
    slo(store, &question).await.unwrap()
}

#[tokio::test]
async fn shares_budget_and_worst_days_come_from_telling_runs() {
    // A day of 1440 runs: the first ten minutes fail, the next hour cannot look.
    let kind = |s: i64| match s {
        0..600 => failed("launch", s),
        600..4_200 => missed("launch", s),
        _ => passed("launch", s),
    };
    let report = made(&*store(kind, 24).await, &[], at(24 * HOUR)).await;
    let probe = &report.targets[0].probes[0];
    assert_eq!((probe.runs, probe.failed, probe.unknown), (1_440, 10, 60));
    let share = probe.share.unwrap();
    assert!((share - 1_370.0 / 1_380.0).abs() < 1e-9, "{share}");
    assert!((probe.budget_left.unwrap() - (1.0 - 10.0 / 13.8)).abs() < 1e-6, "{:?}", probe.budget_left);
    assert_eq!((probe.worst.len(), probe.worst[0].date.as_str()), (1, "2026-01-01"));
    assert!(!report.complete && probe.p50.is_some());
    let text = markdown(&report);
    for part in
        ["99.27 %", "2026-01-01 (99.27 %, 10 of 1380 failed)", "How it is computed", "The month is not over"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let table = csv(&report).unwrap();
    assert_eq!(table.lines().count(), 2);
    assert!(table.contains("2026-01,hub,launch,1440,"), "{table}");
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Slo>(&json).unwrap(), report);
}

#[tokio::test]
async fn maintenance_is_left_out_by_the_minute_and_listed() {
    let kind =
        |s: i64| if (HOUR..HOUR + 1_200).contains(&s) { failed("launch", s) } else { passed("launch", s) };
    let store = store(kind, 24).await;
    let when = Window::Once { from: at(HOUR), until: at(HOUR + 600) };
    let planned = [Maintenance { name: "work".into(), of: Selector::target("hub"), when }];
    let report = made(&store, &planned, at(24 * HOUR)).await;
    let probe = &report.targets[0].probes[0];
    assert_eq!((probe.runs, probe.failed, probe.left_out), (1_430, 10, 10));
    assert_eq!(report.targets[0].maintenance[0].name, "work");
    assert!(markdown(&report).contains("Maintenance, left out"));
}

#[tokio::test]
async fn minutes_down_are_those_of_incidents_that_wake_people_and_are_real() {
    let store = store(|s| passed("launch", s), 24).await;
    let mut all = vec![
        incident("one", HOUR, IncidentState::Resolved),
        incident("overlaps", HOUR + 300, IncidentState::Resolved),
        incident("false", 5 * HOUR, IncidentState::Resolved),
        incident("open", 23 * HOUR + 1_800, IncidentState::Open),
    ];
    all[2].label = Some(Label::FalseAlarm);
    let changes = all.into_iter().map(Change::Incident).collect();
    store.record(Batch { changes, now: at(24 * HOUR), ..Batch::default() }).await.unwrap();
    let report = made(&store, &[], at(24 * HOUR)).await;
    // 10 min, 5 more, and 30 of the one that is open.
    assert_eq!(report.targets[0].minutes_down, 45.0);
    let counted: Vec<bool> = report.targets[0].incidents.iter().map(|i| i.counts).collect();
    assert_eq!(counted, [true, true, false, true]);
    let later =
        Question { month: Month::of(at(0)).before(), objective: 99.0, planned: &[], now: at(24 * HOUR) };
    let before = slo(&*store, &later).await.unwrap();
    assert!(before.complete && before.targets.is_empty());
}

#[tokio::test]
async fn hours_without_a_look_are_gaps() {
    let kind =
        |s: i64| if (2 * HOUR..4 * HOUR).contains(&s) { missed("launch", s) } else { passed("launch", s) };
    let report = made(&*store(kind, 8).await, &[], at(8 * HOUR)).await;
    let gaps = &report.targets[0].probes[0].gaps;
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].from, gaps[0].until), (at(2 * HOUR), at(4 * HOUR)));
}
