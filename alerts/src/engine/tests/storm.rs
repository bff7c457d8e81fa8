//! Very many targets at once.

use super::*;

fn paths(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("t{n:05}/launch")).collect()
}

fn world(count: usize) -> World {
    let paths = paths(count);
    World::new(plan(vec![quick("r")], &paths.iter().map(String::as_str).collect::<Vec<_>>()))
}

#[test]
fn five_hundred_targets_within_ten_seconds_are_three_messages_that_count_them_all() {
    let mut world = world(500);
    for (n, path) in paths(500).iter().enumerate() {
        world.until(i64::try_from(n).unwrap() / 50).look(path, 'x');
    }
    world.until(200);
    assert_eq!(world.story(), ["0 opened t00000", "0 opened t00001", "12 opened many targets"]);
    let facts = &world.last().facts;
    assert_eq!((facts.targets, facts.failing.len(), facts.more), (498, 50, 448));
    // They recover one by one; the end is told once.
    for (n, path) in paths(500).iter().enumerate() {
        world.until(200 + i64::try_from(n).unwrap()).look(path, '.');
    }
    world.until(800);
    assert_eq!(world.told().len(), 6, "{:?}", world.story());
    assert_eq!(world.last().kind, NotificationKind::Resolved);
    assert_eq!((world.last().facts.targets, world.last().facts.more), (498, 448));
    assert_eq!(world.engine.open().count(), 0);
}

#[test]
fn a_storm_that_comes_slowly_is_one_storm() {
    let mut world = world(100);
    for (n, path) in paths(100).iter().enumerate() {
        world.until(i64::try_from(n).unwrap() * 6).look(path, 'x');
    }
    world.until(1_000);
    let opened = world.told().iter().filter(|n| n.kind == NotificationKind::Opened).count();
    assert_eq!((opened, world.last().facts.targets), (3, 98), "{:?}", world.story());
    assert!(world.told().len() <= 6, "{:?}", world.story());
}

#[test]
fn the_targets_of_a_storm_leave_it_one_by_one_and_their_next_trouble_is_their_own() {
    let mut world = world(4);
    for path in paths(4) {
        world.look(&path, 'x');
    }
    world.until(100).look("t00002/launch", '.');
    assert!(world.engine.incident_of("t00002").is_none());
    assert!(world.engine.incident_of("t00003").is_some_and(|i| i.storm));
    world.until(400).look("t00002/launch", 'x');
    assert_eq!(world.story().last().unwrap(), "400 opened t00002");
}

#[test]
fn a_storm_that_vanished_before_it_was_told_says_nothing() {
    let mut world = world(10);
    for path in paths(10) {
        world.look(&path, 'x');
    }
    world.until(5);
    for path in paths(10) {
        world.look(&path, '.');
    }
    world.until(100);
    let kinds: Vec<_> = world.told().iter().map(|n| (n.kind.as_str(), n.facts.target.clone())).collect();
    assert!(kinds.iter().all(|(_, target)| target != "many targets"), "{kinds:?}");
    assert_eq!(world.engine.open().count(), 0);
}

#[test]
fn a_child_of_a_target_that_left_a_storm_waits_no_longer() {
    let mut plan = plan(vec![quick("r")], &["a/x", "b/x", "hub/x", "other/x", "user/x"]);
    depends(&mut plan, &[("user", "hub")]);
    let mut world = World::new(plan);
    for path in ["a/x", "b/x", "hub/x", "other/x", "user/x"] {
        world.look(path, 'x');
    }
    world.until(200).look("hub/x", '.').until(210).look("user/x", 'x');
    assert_eq!(world.story().last().unwrap(), "210 opened user");
}

#[test]
fn ten_thousand_alerts_are_listed_within_bounds() {
    let mut world = world(10_000);
    let mut engine = Engine::new(world.plan.clone(), Memory::default());
    for path in paths(10_000) {
        engine.see(&look(&path, 'x', 0), at(0));
    }
    world.changes = engine.flush();
    world.changes.extend(engine.tick(at(12)));
    assert_eq!(world.story().len(), 3);
    assert_eq!((world.last().facts.failing.len(), world.last().facts.more), (50, 9_948));
    let storm = engine.incident_of("t09999").unwrap();
    assert_eq!((storm.alerts.len(), storm.more, storm.timeline.len() <= 500), (1_000, 8_998, true));
}
