//! Two incidents that are the same trouble.

use super::*;
use crate::{IncidentState, Label, Recipient, Route, merge_afterwards};

fn merge(into: &str, from: &str) -> Command {
    Command::Merge { into: IncidentId(into.into()), from: IncidentId(from.into()), by: "ada".into() }
}

/// Two targets that fail; `b` is told through another channel as well.
fn two() -> World {
    let mut plan = plan(vec![quick("r")], &["a/x", "b/x", "b/y"]);
    let to = |names: &[&str]| names.iter().map(|n| Recipient::Channel((*n).into())).collect();
    let route = |target: &str, names: &[&str]| Route {
        of: Selector::target(target),
        severity: Severity::Ticket,
        to: to(names),
        steps: Vec::new(),
        quiet: Vec::new(),
        time_zone: jiff::tz::TimeZone::UTC,
    };
    plan.policy.routes = vec![route("a", &["ops"]), route("b", &["ops", "mail"])];
    let mut world = World::new(plan);
    world.look("a/x", 'x').until(120).look("b/x", 'x').until(300);
    world
}

fn over(world: &World, id: &IncidentId) -> Incident {
    let same = |c: &&Change| matches!(c, Change::Incident(i) if i.id == *id);
    match world.changes.iter().rfind(same) {
        Some(Change::Incident(incident)) => incident.clone(),
        _ => panic!("nothing is written of {id}"),
    }
}

#[test]
fn what_belongs_to_both_goes_on_in_one_and_all_hear_what_they_need() {
    let mut world = two();
    let (a, b) = (world.incident("a").id.clone(), world.incident("b").id.clone());
    world.obey(merge("a", "b")).unwrap();
    let ended = over(&world, &b);
    assert_eq!((ended.state, ended.merged_into), (IncidentState::Resolved, Some(a.clone())));
    let told: Vec<_> = world.told()[2..]
        .iter()
        .map(|n| (n.incident.clone(), n.kind, n.to.iter().map(|e| e.channel.as_str()).collect::<Vec<_>>()))
        .collect();
    let expected = [
        (b.clone(), NotificationKind::Resolved, vec!["mail", "ops"]),
        // Whoever heard of `a` before is told nothing twice; the others could not understand its end otherwise.
        (a.clone(), NotificationKind::Update, vec!["mail"]),
    ];
    assert_eq!(told, expected);
    assert!(
        world.told()[2].facts.note.as_ref().unwrap().contains(&format!("incident {a} and goes on there"))
    );
    let one = world.incident("b");
    assert_eq!((&one.id, one.since, one.alerts.len(), one.spells.len()), (&a, at(0), 2, 2));
    assert!(world.timeline("a").contains(&format!("merged with incident {b}")), "{}", world.timeline("a"));
    // The alert of `b` resolves into the right one, which goes on under the name of what still fails.
    world.look("b/x", '.');
    assert!(world.engine.incident_of("b").is_none(), "b is well");
    world.look("a/x", '.').until(4_000);
    assert_eq!(world.last().incident, a);
    let ears: Vec<_> = world.last().to.iter().map(|e| e.channel.as_str()).collect();
    assert_eq!((world.last().kind, ears), (NotificationKind::Resolved, vec!["mail", "ops"]));
    assert_eq!(world.engine.open().count(), 0);
}

#[test]
fn it_goes_on_under_the_name_of_what_still_fails_also_after_a_restart() {
    for restarts in [false, true] {
        let mut world = two();
        world.obey(merge("a", "b")).unwrap();
        if restarts {
            world.restart();
        }
        world.until(400).look("a/x", '.');
        assert_eq!(world.incident("b").target, "b", "restarts: {restarts}");
        assert!(world.engine.incident_of("a").is_none());
        world.until(500).look("b/y", 'x').until(600).look("b/x", '.').look("b/y", '.');
        let n = world.last();
        assert_eq!(
            (n.kind, n.facts.target.as_str(), n.facts.since),
            (NotificationKind::Resolved, "b", at(0))
        );
        assert_eq!(world.engine.open().count(), 0, "restarts: {restarts}");
    }
}

#[test]
fn whoever_sees_to_the_one_sees_to_both_and_silences_go_along() {
    let mut world = two();
    world.obey(ack("b", "bo", Some(3_600))).unwrap();
    let silence =
        Silence { with: Some(IncidentId("b".into())), ..wish("s", Selector::target("b"), 0..86_400) };
    world.obey(Command::Silence { silence }).unwrap();
    world.obey(merge("a", "b")).unwrap();
    let one = world.incident("a");
    assert_eq!(one.ack.as_ref().map(|a| a.by.as_str()), Some("bo"));
    let with: Vec<_> = world.engine.silences().map(|s| s.with.clone()).collect();
    assert_eq!(with, [Some(one.id.clone())]);
    let before = world.story().len();
    world.until(3_000).look("a/x", 'x').look("b/x", 'x');
    assert_eq!(world.story().len(), before, "the same causes stay quiet");
}

#[test]
fn what_cannot_be_meant_is_refused_and_changes_nothing() {
    let mut plan = plan(
        vec![quick("r"), Rule { of: Selector::target(OURSELVES), ..quick("ours") }],
        &["a/x", "launchwatch/store"],
    );
    plan.rules[0].of = Selector::target("a");
    let mut world = World::new(plan);
    world.look("a/x", 'x').look("launchwatch/store", 'x').until(60);
    let before = world.engine.memory();
    for (into, from) in
        [("a", "a"), ("a", "launchwatch"), ("launchwatch", "a"), ("a", "nobody"), ("nobody", "a")]
    {
        assert!(world.obey(merge(into, from)).is_err(), "{into} {from}");
    }
    assert_eq!(world.engine.memory(), before);
}

#[test]
fn one_that_is_over_is_put_on_record_in_another_one_open_or_over() {
    let mut world = two();
    world
        .obey(Command::Label { incident: IncidentId("b".into()), by: "bo".into(), label: Label::Real })
        .unwrap();
    let b = world.incident("b").id.clone();
    world.look("b/x", '.').until(400);
    let mut past = over(&world, &b);
    let told = world.story().len();
    let a = world.incident("a").id.clone();
    world.engine.absorb(&a, &mut past, "ada", at(400)).unwrap();
    world.changes.extend(world.engine.flush());
    assert_eq!((world.incident("a").spells.len(), past.merged_into.as_ref()), (2, Some(&a)));
    assert_eq!(world.incident("a").label, Some(Label::Real));
    assert!(world.engine.absorb(&a, &mut past, "ada", at(400)).is_err(), "it was merged already");
    world.look("a/x", '.').until(500);
    let mut first = over(&world, &a);
    assert_eq!(world.story().len(), told + 1, "only the end is told");
    let mut second = Incident { merged_into: None, ..past };
    second.id = IncidentId("c".into());
    merge_afterwards(&mut first, &mut second, "ada", at(600)).unwrap();
    assert_eq!(second.merged_into, Some(a));
    assert!(first.timeline.is_sorted_by_key(|e| e.at));
}

#[test]
fn a_storm_that_takes_in_another_incident_stays_a_storm() {
    let paths = ["a/x", "b/x", "c/x", "d/x"];
    let mut world = World::new(plan(vec![quick("r")], &paths));
    paths.iter().for_each(|path| {
        world.look(path, 'x');
    });
    world.until(60);
    world.obey(merge("a", "d")).unwrap();
    assert!(world.incident("a").storm && world.incident("c").id == world.incident("a").id);
    assert_eq!(world.incident("a").target, "many targets");
    world.restart();
    for path in paths {
        world.look(path, '.');
    }
    assert_eq!(world.engine.open().count(), 0);
}
