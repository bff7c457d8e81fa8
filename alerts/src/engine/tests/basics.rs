//! One target, one rule: opening, joining, resolving, going on.

use super::*;
use crate::AlertState;

fn engine() -> Engine {
    with(vec![Rule::success_zero()], Memory::default(), &[])
}

/// An engine that tells one channel, with these probes of one target configured.
fn with(rules: Vec<Rule>, memory: Memory, probes: &[&str]) -> Engine {
    let known =
        probes.iter().map(|p| Known { series: series(p).as_ref().clone(), every: Duration::from_secs(10) });
    Engine::new(Plan::simple(rules, known.collect(), ["ops".to_owned()]), memory)
}

/// Plays a row of `.` good, `x` bad, `?` unknown, `~` poor, ten seconds apart; returns (second, kind) of what is told.
fn play(row: &str) -> Vec<(i64, NotificationKind)> {
    let mut engine = engine();
    let mut out = Vec::new();
    for (i, c) in row.chars().enumerate() {
        let second = i64::try_from(i).unwrap() * 10;
        let health = match c {
            '.' => Health::Good,
            'x' => Health::Bad,
            '~' => Health::Poor,
            _ => Health::Unknown,
        };
        let changes = engine.observe(&sample("cached", health, second), at(second));
        out.extend(told(&changes).iter().map(|n| (second, n.kind)));
    }
    out
}

#[test]
fn two_failures_in_a_row_open_and_two_successes_resolve() {
    use NotificationKind::{Opened, Resolved};
    let table: [(&str, &[(i64, NotificationKind)]); 9] = [
        ("......", &[]),
        ("..x...", &[]),
        (".x.x.x", &[]),
        ("..xx..", &[(30, Opened), (50, Resolved)]),
        ("..xx.x..", &[(30, Opened), (70, Resolved)]),
        ("..x?x.", &[(40, Opened)]),
        ("..xx.?.", &[(30, Opened), (60, Resolved)]),
        ("x~x~", &[]),
        ("xx~~", &[(10, Opened), (30, Resolved)]),
    ];
    for (row, expected) in table {
        assert_eq!(play(row), expected, "{row}");
    }
}

#[test]
fn a_run_judged_while_it_hangs_and_again_at_its_end_counts_once() {
    let mut e = engine();
    let hanging = Sample { in_flight: true, ..sample("cached", Health::Bad, 0) };
    assert!(told(&e.observe(&hanging, at(28))).is_empty());
    assert!(told(&e.observe(&sample("cached", Health::Bad, 0), at(60))).is_empty());
    let second = Sample { in_flight: true, ..sample("cached", Health::Bad, 75) };
    let changes = e.observe(&second, at(103));
    assert_eq!(told(&changes)[0].kind, NotificationKind::Opened);
    assert_eq!(told(&changes)[0].facts.since, at(0));
}

#[test]
fn the_message_says_what_fails_and_what_still_works() {
    let mut e = engine();
    e.observe(&sample("site", Health::Good, 0), at(0));
    e.observe(&sample("cached", Health::Bad, 1), at(1));
    let changes = e.observe(&sample("cached", Health::Bad, 2), at(2));
    let n = told(&changes)[0];
    assert_eq!(n.facts.failing[0].stage.as_deref(), Some("launch"));
    assert_eq!(n.facts.failing[0].reason.as_deref(), Some("timeout"));
    assert_eq!(n.facts.working, ["site"]);
    assert_eq!(n.facts.since, at(1));
}

#[test]
fn what_joins_within_half_a_minute_is_told_in_one_update() {
    let mut e = engine();
    for second in [0, 10] {
        e.observe(&sample("a", Health::Bad, second), at(second));
    }
    for second in [12, 14] {
        assert!(told(&e.observe(&sample("b", Health::Bad, second), at(second))).is_empty());
        assert!(told(&e.observe(&sample("c", Health::Bad, second), at(second))).is_empty());
    }
    assert_eq!(e.next_tick(), Some(at(44)));
    let changes = e.tick(at(44));
    let n = told(&changes)[0];
    assert_eq!((n.kind, n.facts.failing.len()), (NotificationKind::Update, 3));
    assert_eq!(e.next_tick(), Some(at(44 + 1800)), "the first reminder");
}

#[test]
fn the_incident_resolves_with_its_last_alert_and_says_how_long_it_lasted() {
    let mut e = engine();
    for probe in ["a", "b"] {
        for second in [0, 10] {
            e.observe(&sample(probe, Health::Bad, second), at(second));
        }
    }
    for second in [20, 30] {
        assert!(told(&e.observe(&sample("a", Health::Good, second), at(second))).is_empty());
    }
    e.observe(&sample("b", Health::Good, 40), at(40));
    let changes = e.observe(&sample("b", Health::Good, 50), at(50));
    let n = told(&changes)[0];
    assert_eq!((n.kind, n.facts.since, n.facts.until), (NotificationKind::Resolved, at(0), Some(at(50))));
    assert_eq!(n.facts.failing.len(), 2);
    assert_eq!(e.open().count(), 0);
}

#[test]
fn a_restart_goes_on_with_the_same_incident() {
    let mut e = engine();
    for second in [0, 10] {
        e.observe(&sample("a", Health::Bad, second), at(second));
    }
    let id = e.open().next().unwrap().id.clone();
    let mut again = with(vec![Rule::success_zero()], e.memory(), &["a"]);
    assert!(again.start(at(15)).is_empty());
    assert!(told(&again.observe(&sample("a", Health::Bad, 20), at(20))).is_empty());
    again.observe(&sample("a", Health::Good, 30), at(30));
    let changes = again.observe(&sample("a", Health::Good, 40), at(40));
    assert_eq!((told(&changes)[0].kind, &told(&changes)[0].incident), (NotificationKind::Resolved, &id));
    assert_eq!(told(&changes)[0].id.0, format!("{id}/2"));
}

#[test]
fn a_probe_that_is_no_longer_configured_closes_its_incident_and_says_so() {
    let mut e = engine();
    for second in [0, 10] {
        e.observe(&sample("a", Health::Bad, second), at(second));
    }
    let mut again = with(vec![Rule::success_zero()], e.memory(), &["other"]);
    let changes = again.start(at(20));
    let n = told(&changes)[0];
    assert_eq!(n.kind, NotificationKind::Resolved);
    assert!(n.facts.note.as_deref().unwrap().contains("configuration"));
    assert!(changes.iter().any(|c| matches!(c, Change::Alert(a) if a.state == AlertState::Calm)));
    assert!(changes.iter().any(|c| matches!(c, Change::Incident(i) if i.state == IncidentState::Resolved)));
    assert_eq!(again.memory(), Memory::default());
}
