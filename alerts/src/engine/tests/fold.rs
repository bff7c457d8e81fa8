//! Cause and symptom.

use super::*;

fn world(pairs: &[(&str, &str)], paths: &[&str]) -> World {
    let mut plan = plan(vec![quick("r")], paths);
    depends(&mut plan, pairs);
    World::new(plan)
}

fn family() -> World {
    world(&[("user", "hub")], &["user/launch", "hub/site"])
}

#[test]
fn a_child_that_fails_after_its_parent_is_not_told_but_shown() {
    let mut world = family();
    world.look("hub/site", 'x').until(10).look("user/launch", 'x').until(20).look("hub/site", 'x');
    assert_eq!(world.story(), ["0 opened hub"]);
    assert_eq!(world.hidden(), ["user/launch by depends on hub, which is in trouble"]);
    world.until(1_801);
    assert_eq!(world.last().facts.hushed[0].target, "user");
}

#[test]
fn an_incident_of_a_child_goes_on_under_the_name_of_its_parent() {
    let mut world = family();
    world.look("user/launch", 'x').until(60).look("hub/site", 'x').until(100);
    assert_eq!(world.story(), ["0 opened user", "90 update hub"]);
    let ids: Vec<_> = world.told().iter().map(|n| n.incident.clone()).collect();
    assert_eq!(ids[0], ids[1]);
    let facts = &world.last().facts;
    assert_eq!(facts.failing.iter().map(|f| f.probe.as_str()).collect::<Vec<_>>(), ["site"]);
    assert_eq!((facts.hushed[0].target.as_str(), facts.targets), ("user", 1));
    assert_eq!(facts.since, at(0), "users are without service since the child fails");
    assert!(world.engine.incident_of("user").is_none());
}

#[test]
fn of_two_children_the_older_incident_goes_on_and_the_other_ends_with_its_name() {
    let mut world = world(&[("a", "hub"), ("b", "hub")], &["a/launch", "b/launch", "hub/site"]);
    world.look("b/launch", 'x').until(20).look("a/launch", 'x').until(40).look("hub/site", 'x').until(100);
    assert_eq!(world.story(), ["0 opened b", "20 opened a", "40 resolved a", "70 update hub"]);
    let told = world.told();
    let note = told[2].facts.note.as_deref().unwrap();
    assert!(note.contains(&told[0].incident.0), "{note}");
    assert_eq!(told[3].incident, told[0].incident);
    assert_eq!(world.engine.open().count(), 1);
}

#[test]
fn when_the_parent_is_well_the_next_look_at_the_child_decides() {
    let table: [(char, &[&str]); 2] = [
        ('x', &["0 opened hub", "60 resolved hub", "70 opened user"]),
        ('.', &["0 opened hub", "60 resolved hub"]),
    ];
    for (child, expected) in table {
        let mut world = family();
        world.look("hub/site", 'x').until(10).look("user/launch", 'x');
        world.until(60).look("hub/site", '.').until(70).look("user/launch", child).until(100);
        assert_eq!(world.story(), expected, "the child then says {child}");
    }
}

#[test]
fn a_child_that_opened_first_and_outlasts_its_parent_gets_a_name_of_its_own() {
    let mut world = family();
    world.look("user/launch", 'x').until(10).look("hub/site", 'x').until(60);
    world.look("hub/site", '.').until(70).look("user/launch", 'x').until(80).look("user/launch", '.');
    let expected =
        ["0 opened user", "40 update hub", "60 resolved hub", "70 opened user", "80 resolved user"];
    assert_eq!(world.story(), expected);
    let mut ids: Vec<_> = world.told().iter().map(|n| n.id.clone()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    assert_ne!(world.told()[0].incident, world.last().incident);
}

/// The parent needs three failures, the child one.
fn suspected() -> World {
    let of = |target: &str| Selector::target(target);
    let slow = Rule { of: of("hub"), ..Rule::new("slow", When::Failures { failures: 3, successes: 1 }) };
    let mut plan = plan(vec![slow, Rule { of: of("user"), ..quick("r") }], &["user/launch", "hub/site"]);
    depends(&mut plan, &[("user", "hub")]);
    World::new(plan)
}

#[test]
fn a_child_waits_for_a_parent_that_was_only_seen_to_fail() {
    let mut well = suspected();
    well.look("hub/site", 'x').until(10).look("user/launch", 'x').until(30).look("hub/site", '.');
    assert_eq!(well.story(), ["30 opened user"], "told at once when the parent is well");
    let mut ill = suspected();
    ill.look("hub/site", 'x').until(10).look("user/launch", 'x');
    ill.play(30, &[("hub/site", "xx")]).until(200);
    assert_eq!(ill.story(), ["40 opened hub"]);
    let mut doubtful = suspected();
    doubtful.look("hub/site", 'x').until(10).look("user/launch", 'x').until(3_000);
    assert_eq!(doubtful.story()[0], "310 opened user", "but not for ever");
}

#[test]
fn a_parent_that_fails_in_silence_is_in_trouble_all_the_same() {
    let mut world = family();
    world.obey(silence("s", Selector::target("hub"), 0..20_000)).unwrap();
    world.look("hub/site", 'x').until(10).look("user/launch", 'x').until(1_000);
    assert_eq!(world.story(), [""; 0]);
    world.look("hub/site", '.').until(1_010).look("user/launch", 'x');
    assert_eq!(world.story(), ["1010 opened user"], "its end is the child's next look");
}

#[test]
fn a_chain_folds_into_its_root_and_each_waits_for_the_nearest_in_trouble() {
    let mut world = world(&[("c", "b"), ("b", "a")], &["a/x", "b/x", "c/x"]);
    world.look("c/x", 'x').until(40).look("b/x", 'x').until(80).look("a/x", 'x').until(120);
    assert_eq!(world.story(), ["0 opened c", "70 update b", "110 update a"]);
    assert_eq!(world.last().facts.hushed.len(), 2);
    world.look("a/x", '.').until(130).look("c/x", 'x').until(140).look("b/x", 'x').until(180);
    // The middle fires still when its child is looked at: the child waits for it.
    assert_eq!(world.story()[3..], ["120 resolved a", "140 opened b"]);
}
