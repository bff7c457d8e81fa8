//! Whole stories under conditions other than failures in a row.

use std::time::Duration;

use super::tests::{at, sample, series, told};
use super::*;
use crate::{AlertState, Details, NotificationKind as Kind, Plan, Rule, Severity, When};

const EVERY: i64 = 300;

fn engine(rules: Vec<Rule>) -> Engine {
    let known = Known { series: series("launch").as_ref().clone(), every: Duration::from_secs(300) };
    let mut engine = Engine::new(Plan::simple(rules, vec![known], ["ops".to_owned()]), Memory::default());
    engine.start(at(0));
    engine
}

fn ticket(name: &str, when: When) -> Rule {
    Rule { severity: Severity::Ticket, ..Rule::new(name, when) }
}

/// Lets time pass up to a second, then shows a sample; what is told, in short.
fn until(engine: &mut Engine, second: i64, sample: Option<&Sample>) -> Vec<(i64, Kind, Severity)> {
    let mut changes = Vec::new();
    let mut now = at(0);
    while let Some(next) = engine.next_tick().filter(|next| *next <= at(second)) {
        now = next.max(now);
        changes.extend(engine.tick(now));
    }
    changes.extend(sample.into_iter().flat_map(|s| engine.observe(s, at(second))));
    let of = |n: &&crate::Notification| (n.at.duration_since(at(0)).as_secs(), n.kind, n.severity);
    told(&changes).iter().map(of).collect()
}

/// Runs five minutes apart; at which run what is told.
fn play(rules: Vec<Rule>, runs: &str) -> Vec<(i64, Kind, Severity)> {
    let mut engine = engine(rules);
    let mut out = Vec::new();
    for (i, c) in runs.chars().enumerate() {
        let second = EVERY * i64::try_from(i).unwrap();
        let health = if c == 'x' { Health::Bad } else { Health::Good };
        out.extend(until(&mut engine, second, Some(&sample("launch", health, second))));
    }
    out.into_iter().map(|(second, kind, severity)| (second / EVERY, kind, severity)).collect()
}

fn of_ten() -> Vec<Rule> {
    let of = 10;
    vec![
        ticket("some fail", When::FailuresOf { failures: 3, of, recover: 0 }),
        Rule::new("most fail", When::FailuresOf { failures: 6, of, recover: 2 }),
    ]
}

#[test]
fn one_failure_of_ten_is_not_told_three_are_a_ticket_and_six_a_page() {
    use Kind::{Opened, Resolved, Update};
    use Severity::{Page, Ticket};
    let good = ".".repeat(12);
    for (runs, expected) in [
        ("....x.....", vec![]),
        ("x...x....x", vec![(9, Opened, Ticket)]),
        ("x.x.x.x.x.x", vec![(4, Opened, Ticket)]),
        // When what pages is over, people hear so; the ticket goes on.
        ("xx.x.xx.x.", vec![(3, Opened, Ticket), (8, Update, Page), (13, Update, Page)]),
    ] {
        let long = format!("{runs}{good}");
        let mut all = play(of_ten(), &long);
        let end = all.pop_if(|(_, kind, _)| *kind == Resolved);
        // A reminder of a page after half an hour is not what this is about.
        all.retain(|(_, kind, _)| *kind != Kind::Reminder);
        assert_eq!(all, expected, "{runs}");
        assert_eq!(end.is_some(), !expected.is_empty(), "{runs}");
    }
}

#[test]
fn an_hour_of_every_second_run_failing_is_told_three_times_at_most() {
    let runs = "x.x.x.x.x.x.";
    let quick = Rule::new("any", When::Failures { failures: 1, successes: 1 });
    let two = Rule::new("two of three", When::FailuresOf { failures: 2, of: 3, recover: 1 });
    let over = Duration::from_secs(3_600);
    let half = Rule::new("half", When::SuccessRatio { below: 0.6, over, at_least: 4, recover: 0.9 });
    for rules in [vec![quick], vec![two], vec![half], of_ten()] {
        let name = rules[0].name.clone();
        let all = play(rules, runs);
        let opened: Vec<_> = all.iter().filter(|(_, kind, _)| *kind == Kind::Opened).collect();
        let loud = all.iter().filter(|(_, kind, _)| *kind != Kind::Reminder).count();
        assert!((1..=3).contains(&loud) && opened.len() <= 2, "{name}: {all:?}");
    }
}

#[test]
fn silence_is_told_apart_from_failure_and_does_not_end_it() {
    let rules = vec![Rule::success_zero(), ticket("no data", When::NoData { intervals: 2 })];
    let mut e = engine(rules);
    for second in [0, 300] {
        until(&mut e, second, Some(&sample("launch", Health::Bad, second)));
    }
    assert_eq!(until(&mut e, 900, None), []);
    let said = until(&mut e, 1_000, None);
    assert_eq!(
        said,
        [(960, Kind::Update, Severity::Page)],
        "two intervals and a little after the last result, gathered for half a minute"
    );
    let open = e.open().next().unwrap();
    let says: Vec<_> = open.alerts.values().map(|a| a.says.as_str()).collect();
    assert_eq!(says, ["no result for 10 min", "2 runs in a row"]);
    // The next failure ends the silence, not the incident.
    assert_eq!(until(&mut e, 1_200, Some(&sample("launch", Health::Bad, 1_200))), []);
    assert_eq!(e.open().count(), 1);
    assert!(e.alerts().any(|a| a.key.rule == "no data" && a.state == AlertState::Calm));
    until(&mut e, 1_500, Some(&sample("launch", Health::Good, 1_500)));
    let said = until(&mut e, 1_800, Some(&sample("launch", Health::Good, 1_800)));
    assert_eq!(said, [(1_800, Kind::Resolved, Severity::Page)]);
}

#[test]
fn an_alarm_that_must_ring_earlier_than_the_one_that_is_set_does() {
    let tell_for = Duration::from_secs(60);
    let rules = vec![
        ticket("no data", When::NoData { intervals: 9 }),
        ticket("version", When::Changed { of: "version".into(), tell_for }),
    ];
    let mut e = engine(rules);
    let version = |version: &str, second| {
        let facts = [("version".to_owned(), version.to_owned())].into();
        let details = Some(Box::new(Details { facts, ..Details::default() }));
        Sample { details, ..sample("launch", Health::Good, second) }
    };
    assert_eq!(until(&mut e, 0, Some(&version("1", 0))), []);
    assert_eq!(until(&mut e, 300, Some(&version("2", 300))), [(300, Kind::Opened, Severity::Ticket)]);
    assert_eq!(e.next_tick(), Some(at(360)));
    assert_eq!(until(&mut e, 599, None), [(360, Kind::Resolved, Severity::Ticket)]);
}
