//! What pages is over while the rest goes on; failures that do not count; the times an alert was firing.

use std::time::Duration;

use super::*;
use crate::{AlertState, Details, Guard, Side};

fn ticket(name: &str, when: When) -> Rule {
    Rule { severity: Severity::Ticket, ..Rule::new(name, when) }
}

/// Zero pages at three in a row; often makes a ticket that stays for longer.
fn world() -> World {
    let zero = Rule {
        alert: "launch-success-zero".into(),
        ..Rule::new("zero", When::Failures { failures: 3, successes: 2 })
    };
    let often = ticket("often", When::FailuresOf { failures: 3, of: 10, recover: 1 });
    World::new(plan(vec![zero, often], &["hub/launch"]))
}

fn spells(world: &World) -> Vec<String> {
    let incident =
        world.changes.iter().rev().find_map(|c| if let Change::Incident(i) = c { Some(i) } else { None });
    let second = |at: Timestamp| at.duration_since(super::at(0)).as_secs();
    let line =
        |s: &crate::Spell| format!("{} {}-{:?}", s.alert, second(s.fired_at), s.resolved_at.map(second));
    incident.unwrap().spells.iter().map(line).collect()
}

#[test]
fn people_hear_that_what_pages_is_over_while_a_ticket_goes_on() {
    let mut world = world();
    world.play(60, &[("hub/launch", "xxxx.....")]);
    assert_eq!(world.story(), ["120 opened hub", "300 update hub"]);
    let told = crate::text::title(world.last());
    assert!(
        told.starts_with("hub: works again since ")
            && told.contains("; what is left can wait: launch, 4 of "),
        "{told}"
    );
    assert_eq!(world.incident("hub").recovered_at, Some(at(300)));
    world.play(60, &[("hub/launch", "....")]);
    assert_eq!(world.story().last().map(String::as_str), Some("660 resolved hub"));
    assert_eq!(spells(&world), ["launch-success-zero 120-Some(300)", "often 120-Some(660)"]);
}

#[test]
fn people_hear_that_it_was_not_over() {
    let mut world = world();
    world.play(60, &[("hub/launch", "xxxx..xxx")]);
    assert_eq!(world.story(), ["120 opened hub", "300 update hub", "480 update hub"]);
    assert_eq!(world.note(), "it is not over: it fails again");
    assert_eq!(world.incident("hub").recovered_at, None);
    assert_eq!(spells(&world).len(), 3, "each time it fires is one");
}

#[test]
fn what_pages_is_over_only_when_its_rule_says_so() {
    let zero = Rule { keep: Duration::from_secs(120), ..quick("zero") };
    let often = ticket("often", When::FailuresOf { failures: 1, of: 10, recover: 0 });
    let mut world = World::new(plan(vec![zero, often], &["hub/launch"]));
    world.play(60, &[("hub/launch", "x....")]);
    assert_eq!(world.story(), ["0 opened hub", "180 update hub"]);
}

#[test]
fn a_part_that_still_pages_does_not_hide_that_runs_succeed_again() {
    let rules = vec![
        quick("zero"),
        Rule::new(
            "part",
            When::Threshold { measurement: "n".into(), side: Side::Above, bound: 0.0, recover: 0.0 },
        ),
    ];
    let mut world = World::new(plan(rules, &["hub/launch", "hub/cluster"]));
    let measured = |world: &mut World, n: f64| {
        let details = Details { measurements: [("n".to_owned(), n)].into(), ..Details::default() };
        let sample = Sample { details: Some(Box::new(details)), ..look("hub/cluster", '.', world.second) };
        let changes = world.engine.observe(&sample, at(world.second));
        world.changes.extend(changes);
    };
    world.until(60).look("hub/launch", 'x');
    measured(&mut world, 1.0);
    world.until(120).look("hub/launch", '.');
    let told = crate::text::title(world.last());
    assert!(told.contains("; still: cluster, n 1"), "{told}");
    world.until(180);
    measured(&mut world, 0.0);
    assert_eq!(world.story().last().map(String::as_str), Some("180 resolved hub"));
}

#[test]
fn failures_for_other_reasons_say_nothing() {
    let list = |reason: &str| vec![reason.to_owned()];
    let only = Rule { reasons: list("tls"), ..quick("only") };
    let but = Rule { not_reasons: list("tls"), ..quick("but") };
    let mut world = World::new(plan(vec![only, but], &["hub/a"]));
    world.look("hub/a", 't');
    let firing = |world: &World| {
        let firing = world.engine.alerts().filter(|a| a.state == AlertState::Firing);
        firing.map(|a| a.key.rule.clone()).collect::<Vec<_>>()
    };
    assert_eq!(firing(&world), ["only"]);
    world.until(60).look("hub/a", 'x');
    assert_eq!(
        firing(&world),
        ["but", "only"],
        "another failure neither ends it nor is passed over by the other"
    );
    world.until(120).look("hub/a", '.');
    assert_eq!(firing(&world), Vec::<String>::new());
}

#[test]
fn a_second_measurement_must_lie_beyond_its_bound_too() {
    let when = When::Threshold { measurement: "ratio".into(), side: Side::Above, bound: 0.5, recover: 0.5 };
    let guard = Guard { measurement: "pods".into(), side: Side::Above, bound: 49.0 };
    let mut world =
        World::new(plan(vec![Rule { guard: Some(guard), ..Rule::new("surge", when) }], &["hub/a"]));
    for (second, ratio, pods, expected) in [
        (0, 0.9, Some(3.0), false),
        (60, 0.9, Some(80.0), true),
        (120, 0.9, None, true),
        (180, 0.9, Some(10.0), false),
    ] {
        let mut measurements: BTreeMap<String, f64> = [("ratio".to_owned(), ratio)].into();
        measurements.extend(pods.map(|n| ("pods".to_owned(), n)));
        let details = Some(Box::new(Details { measurements, ..Details::default() }));
        world.until(second);
        let changes = world.engine.observe(&Sample { details, ..look("hub/a", '.', second) }, at(second));
        world.changes.extend(changes);
        assert_eq!(world.engine.incident_of("hub").is_some(), expected, "{second}");
    }
}

#[test]
fn an_alert_that_is_withdrawn_was_firing_until_then() {
    let mut world = world();
    world.play(60, &[("hub/launch", "xxx")]);
    world.plan.rules.clear();
    world.restart();
    assert_eq!(spells(&world), ["launch-success-zero 120-Some(180)", "often 120-Some(180)"]);
}
