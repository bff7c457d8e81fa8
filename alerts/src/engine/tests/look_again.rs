//! Looks asked for to tell two causes apart: when, of which probe, how often, and when not.

use std::time::Duration;

use super::*;
use crate::{Ask, Details};

/// Launches through BinderHub every minute; other probes look rarely.
const PROBES: [(&str, &str, u64); 4] = [
    ("hub/launch", "binder-launch", 60),
    ("hub/alone", "jupyterhub-launch", 900),
    ("hub/drift", "hub-drift", 600),
    ("hub/binder", "binderhub-health", 60),
];

fn plan_of(probes: &[(&str, &str, u64)]) -> Plan {
    let known =
        probes.iter().map(|(path, _, every)| Known { series: id(path), every: Duration::from_secs(*every) });
    let mut plan = Plan::simple(vec![quick("down")], known.collect(), ["ops".to_owned()]);
    plan.kinds = probes.iter().map(|(path, kind, _)| (id(path), (*kind).to_owned())).collect();
    plan
}

/// A launch that hangs without a word.
fn hangs(world: &mut World) {
    let silent = Sample {
        evidence: vec!["Launching server...".into()],
        stage: Some("launch"),
        ..look("hub/launch", 'x', world.second)
    };
    observe(world, &silent);
}

/// One look, and what time demands after it, as in the recorder's rounds.
fn observe(world: &mut World, sample: &Sample) {
    world.changes.extend(world.engine.observe(sample, at(world.second)));
    world.changes.extend(world.engine.tick(at(world.second)));
}

/// All launches hang for so many minutes.
fn hang_for(world: &mut World, minutes: i64) {
    let begin = world.second;
    for minute in 0..minutes {
        world.until(begin + 60 * minute);
        hangs(world);
        world.until(begin + 60 * minute + 30);
        world.look("hub/binder", '~');
    }
}

fn saw(world: &mut World, path: &str, name: &str, value: f64) {
    let details = Details { measurements: [(name.to_owned(), value)].into(), ..Details::default() };
    let sample = Sample { details: Some(Box::new(details)), ..look(path, '.', world.second) };
    observe(world, &sample);
}

/// What was asked for, such as `hub/alone`, and why.
fn asked(world: &World) -> Vec<&Ask> {
    world.changes.iter().filter_map(|c| if let Change::Look(ask) = c { Some(ask) } else { None }).collect()
}

fn probes(world: &World) -> Vec<String> {
    asked(world).iter().map(|ask| ask.series.to_string()).collect()
}

#[test]
fn a_rare_probe_that_would_tell_is_asked_once_and_the_timeline_says_what_for() {
    let mut world = World::new(plan_of(&PROBES));
    world.look("hub/alone", '.').look("hub/drift", '.').until(120);
    hang_for(&mut world, 3);
    assert_eq!(world.incident("hub").diagnosis[0].label, "launch-hang-unknown");
    let asks = asked(&world);
    let first = asks.first().unwrap();
    assert_eq!(first.incident, world.incident("hub").id);
    assert!(first.why.starts_with("to tell launch-hang-unknown from "), "{}", first.why);
    let words = format!("looked again: {}, {}: ", first.series, first.why);
    assert!(world.timeline("hub").contains(&words), "{}", world.timeline("hub"));
}

#[test]
fn looks_are_a_minute_apart_launches_two_and_no_probe_is_asked_for_ever() {
    let mut world = World::new(plan_of(&PROBES));
    let mut at_second = Vec::new();
    hang_for(&mut world, 3);
    for minute in 3..40 {
        world.until(60 * minute);
        world.changes.clear();
        hangs(&mut world);
        world.until(60 * minute + 30);
        world.look("hub/binder", '~');
        at_second.extend(probes(&world).into_iter().map(|probe| (world.second, probe)));
    }
    let of = |name: &str| at_second.iter().filter(|(_, p)| p == name).map(|(s, _)| *s).collect::<Vec<_>>();
    for name in ["hub/alone", "hub/drift"] {
        let times = of(name);
        assert!((1..=3).contains(&times.len()), "{name} at {times:?}: it never answers");
        let pause = if name == "hub/alone" { 120 } else { 60 };
        assert!(times.windows(2).all(|two| two[1] - two[0] >= pause), "{name} at {times:?}");
    }
    assert!(at_second.windows(2).all(|two| two[1].0 - two[0].0 >= 60), "{at_second:?}");
}

#[test]
fn nobody_is_asked_where_it_is_clear_answered_on_its_way_or_not_to_be_seen() {
    let often = PROBES.map(|(path, kind, _)| (path, kind, 60));
    let without = [PROBES[0], PROBES[3]];
    type Story = fn(&mut World);
    let table: [(&str, &[_], Story); 6] = [
        ("the grid comes as soon", &often, |_| {}),
        ("there is no such probe", &without, |_| {}),
        ("all have answered since it began", &PROBES, |world| {
            hangs(world);
            world.until(20);
            world.look("hub/alone", 'x');
            saw(world, "hub/drift", "drift_stuck", 0.0);
        }),
        ("a silence hides it", &PROBES, |world| {
            hangs(world);
            world.until(20).obey(silence("s", Selector::target("hub"), 20..7200)).unwrap();
        }),
        ("it is clear", &PROBES, |world| {
            world.until(5);
            for _ in 0..2 {
                saw(world, "hub/drift", "drift_stuck", 5.0);
                let stage = Some("launch");
                let unseen =
                    Sample { reason: Some("unseen"), stage, ..look("hub/launch", 'x', world.second) };
                observe(world, &unseen);
                world.until(world.second + 60);
            }
        }),
        ("planned work goes on", &PROBES, |world| {
            let mut plan = plan_of(&PROBES);
            let when = Window::Once { from: at(20), until: at(7200) };
            let of = Selector { probes: vec!["alone".into(), "drift".into()], ..Selector::target("hub") };
            plan.policy.maintenance = vec![Maintenance { name: "upgrade".into(), of, when }];
            *world = World::new(plan);
        }),
    ];
    for (why, probes_of, story) in table {
        let mut world = World::new(plan_of(probes_of));
        story(&mut world);
        if why != "it is clear" {
            hang_for(&mut world, 2);
        }
        assert_eq!(probes(&world), Vec::<String>::new(), "{why}: {:?}", asked(&world));
    }
    let mut world = World::new(plan_of(&PROBES));
    hang_for(&mut world, 2);
    assert!(!probes(&world).is_empty(), "or else the table says nothing");
}
