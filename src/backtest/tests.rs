use std::time::Duration;

use launchwatch_alerts::{Change, Incident, Known, Label, Rule, Severity, When};

use super::*;
use crate::observation::Observation;
use crate::store::testing::{at, batch, failed, incident, missed, passed};
use crate::store::{Batch, Retention, SqliteStore};

const EVERY: i64 = 300;
const HOUR: i64 = 3_600;

/// A day of two probes, every five minutes. `launch` fails in these stretches (seconds of the day), and nothing runs
/// at all between 18:00 and 19:30.
const BAD: [(i64, i64); 8] = [
    (2 * HOUR, 2 * HOUR + 2_400),
    (6 * HOUR, 6 * HOUR + 300),
    (10 * HOUR, 10 * HOUR + 300),
    (10 * HOUR + 600, 10 * HOUR + 900),
    (10 * HOUR + 1_200, 10 * HOUR + 1_500),
    (15 * HOUR, 15 * HOUR + 600),
    (21 * HOUR, 21 * HOUR + 1_800),
    (24 * HOUR - 600, 24 * HOUR),
];

fn day() -> Vec<Observation> {
    let slots =
        (0..24 * HOUR / EVERY).map(|i| i * EVERY).filter(|s| !(18 * HOUR..19 * HOUR + 1_800).contains(s));
    let bad = |s: i64| BAD.iter().any(|(from, to)| (*from..*to).contains(&s));
    let launch = |s| if bad(s) { failed("launch", s) } else { passed("launch", s) };
    // The site was away for an hour, and a slot was missed: neither is a failure.
    let site = |s: i64| match s {
        s if (12 * HOUR..13 * HOUR).contains(&s) => None,
        s if s % HOUR == 0 => Some(missed("site", s + 7)),
        s => Some(passed("site", s + 7)),
    };
    slots.flat_map(|s| [Some(launch(s)), site(s)]).flatten().collect()
}

fn on_record(from: i64, opened: i64, to: i64, label: Option<Label>) -> Change {
    let id = format!("hub-{}", at(from).strftime("%Y%m%dT%H%M%SZ"));
    let one = Incident {
        since: at(from),
        opened_at: at(opened),
        resolved_at: Some(at(to)),
        severity: Severity::Page,
        label,
        targets: ["hub".to_owned()].into(),
        ..incident(&id, opened, launchwatch_alerts::IncidentState::Resolved)
    };
    Change::Incident(one)
}

async fn store() -> SqliteStore {
    let store = SqliteStore::in_memory(Retention::default()).unwrap();
    store.record(batch(day())).await.unwrap();
    let changes = vec![
        on_record(2 * HOUR, 2 * HOUR + 60, 2 * HOUR + 2_700, Some(Label::Real)),
        on_record(6 * HOUR, 6 * HOUR, 6 * HOUR + 300, Some(Label::FalseAlarm)),
        on_record(10 * HOUR, 10 * HOUR, 10 * HOUR + 1_500, Some(Label::Real)),
        on_record(15 * HOUR, 15 * HOUR, 15 * HOUR + 600, None),
        on_record(40 * HOUR, 40 * HOUR, 41 * HOUR, Some(Label::Real)),
    ];
    store.record(Batch { changes, now: at(24 * HOUR), ..Batch::default() }).await.unwrap();
    store
}

fn by(rules: Vec<Rule>) -> Plan {
    let known = ["launch", "site"].map(|probe| Known {
        series: crate::pipeline::recorder::series(&crate::store::testing::probe(probe), "here"),
        every: Duration::from_secs(300),
    });
    Plan::simple(rules, known.to_vec(), ["ops".to_owned()])
}

fn careful() -> Vec<Rule> {
    let ticket = |name: &str, when| Rule { severity: Severity::Ticket, ..Rule::new(name, when) };
    vec![
        Rule::success_zero(),
        ticket("some-fail", When::FailuresOf { failures: 3, of: 10, recover: 1 }),
        ticket("no-data", When::NoData { intervals: 3 }),
    ]
}

fn nervous() -> Vec<Rule> {
    vec![Rule::new("any-failure", When::Failures { failures: 1, successes: 1 })]
}

async fn report(rules: Vec<Rule>) -> Report {
    let store = store().await;
    let stretch = everything(&store, Duration::from_secs(30 * 86_400)).await.unwrap().unwrap();
    run(&store, by(rules), stretch).await.unwrap()
}

#[tokio::test]
async fn a_day_under_careful_rules_reads_well() {
    insta::assert_snapshot!(told(&report(careful()).await));
}

#[tokio::test]
async fn a_day_under_nervous_rules_reads_well() {
    insta::assert_snapshot!(told(&report(nervous()).await));
}

#[tokio::test]
async fn the_json_form_has_every_figure() {
    let report = report(careful()).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[tokio::test]
async fn the_same_store_gives_the_same_bytes() {
    let bytes = |report: Report| serde_json::to_string(&report).unwrap();
    assert_eq!(bytes(report(careful()).await), bytes(report(careful()).await));
}

#[tokio::test]
async fn a_pause_in_which_nothing_ran_is_ours_and_not_the_silence_of_a_probe() {
    let silence = || vec![Rule::new("no-data", When::NoData { intervals: 3 })];
    let hours: Vec<_> = report(silence())
        .await
        .told
        .iter()
        .map(|t| (t.at.duration_since(at(0)).as_hours(), t.says.clone()))
        .collect();
    // Only the site, and only at noon: its last result came before 12:00.
    assert_eq!(hours, [(12, vec!["site: no result for 15 min".to_owned()])]);
}

#[tokio::test]
async fn runs_come_in_the_order_in_which_they_ended_whatever_the_portions() {
    let store = store().await;
    let stretch = Stretch { from: at(-86_400), to: at(2 * 86_400) };
    let mut orders = Vec::new();
    for portion in [5, 64, 50_000] {
        let mut past = past::Past::new(&store, stretch).in_portions_of(portion);
        let mut order = Vec::new();
        while let Some(runs) = past.next().await.unwrap() {
            order.extend(runs.iter().map(|seen| (seen.ended(), seen.probe.clone())));
        }
        assert!(order.is_sorted(), "in portions of {portion}");
        orders.push(order);
    }
    assert_eq!(orders[0].len(), day().len());
    assert!(orders.iter().all(|order| *order == orders[2]));
}

#[tokio::test]
async fn an_empty_stretch_says_so() {
    let store = store().await;
    let stretch = Stretch { from: at(50 * HOUR), to: at(60 * HOUR) };
    let report = run(&store, by(careful()), stretch).await.unwrap();
    assert_eq!((report.runs, report.played, report.told.len()), (0, None, 0));
    assert!(told(&report).contains("No run"), "{}", told(&report));
    let empty = SqliteStore::in_memory(Retention::default()).unwrap();
    assert_eq!(everything(&empty, Duration::MAX).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_merged_counts_where_it_went_on_and_nowhere_else() {
    let store = store().await;
    let stretch = everything(&store, Duration::from_secs(30 * 86_400)).await.unwrap().unwrap();
    let before = run(&store, by(careful()), stretch).await.unwrap();
    let Change::Incident(twin) =
        on_record(2 * HOUR + 60, 2 * HOUR + 120, 2 * HOUR + 2_700, Some(Label::Real))
    else {
        unreachable!()
    };
    let of = before.incidents[0].incident.clone();
    let with = async |merged_into| {
        let changes = vec![Change::Incident(Incident { merged_into, ..twin.clone() })];
        store.record(Batch { changes, now: at(24 * HOUR), ..Batch::default() }).await.unwrap();
        run(&store, by(careful()), stretch).await.unwrap().summary
    };
    assert_eq!(with(None).await.found, before.summary.found + 1, "by itself it counts");
    assert_eq!(with(Some(launchwatch_alerts::IncidentId(of))).await, before.summary);
}
