//! Silences hide, and everything that they hid is on record.

use super::*;
use crate::Person;

fn world() -> World {
    World::new(plan(vec![quick("r")], &["hub/launch", "hub/site", "hub/build", "other/launch"]))
}

fn hub() -> Selector {
    Selector::target("hub")
}

#[test]
fn trouble_that_is_over_within_the_silence_is_recorded_and_never_told() {
    let mut world = world();
    world.obey(silence("s", hub(), 0..3_600)).unwrap();
    world.until(10).look("hub/launch", 'x').until(100).look("hub/launch", '.').until(5_000);
    assert_eq!(world.story(), [""; 0]);
    assert_eq!(world.hidden(), ["hub/launch by silence s"]);
    let hid =
        world.changes.iter().rev().find_map(|c| if let Change::Silence(s) = c { Some(s.hid) } else { None });
    assert_eq!(hid, Some(1));
    assert_eq!(world.engine.silences().count(), 0);
}

#[test]
fn at_the_end_one_message_tells_what_lasts_and_names_the_silence_and_its_owner() {
    let mut world = world();
    world.obey(silence("night", hub(), 0..3_600)).unwrap();
    for path in ["hub/launch", "hub/site", "hub/build"] {
        world.until(world.second + 10).look(path, 'x');
    }
    world.until(3_700);
    assert_eq!(world.story(), ["2700 reminder hub", "3600 opened hub"]);
    assert!(world.told()[0].facts.note.as_deref().unwrap().contains("`night` by ada ends in 15 min"));
    assert_eq!(world.told()[0].facts.people, ["ada"]);
    assert_eq!(world.note(), "the silence `night` by ada ended (its time is over), and it still fails");
    assert_eq!(world.last().facts.failing.len(), 3);
}

#[test]
fn the_owner_is_warned_through_the_channels_of_theirs_and_only_while_the_trouble_lasts() {
    let mut plan = plan(vec![quick("r")], &["hub/launch"]);
    plan.policy.people = vec![Person { name: "ada".into(), channels: vec!["ada-phone".into()] }];
    for (row, warned) in [('x', true), ('.', false)] {
        let mut world = World::new(plan.clone());
        world.obey(silence("s", hub(), 0..7_200)).unwrap();
        world.look("hub/launch", row).until(7_000);
        let to: Vec<_> = world.told().iter().map(|n| n.to[0].channel.clone()).collect();
        assert_eq!(to, if warned { vec!["ada-phone".to_owned()] } else { Vec::new() });
    }
}

#[test]
fn what_is_open_already_is_not_updated_nor_reminded_but_its_end_is_told() {
    let mut world = world();
    world.look("hub/launch", 'x').until(60);
    world.obey(silence("s", hub(), 60..10_000)).unwrap();
    world.until(100).look("hub/site", 'x').until(5_000).look("hub/site", '.').look("hub/launch", '.');
    assert_eq!(world.story(), ["0 opened hub", "5000 resolved hub"]);
}

#[test]
fn what_was_open_before_and_still_is_speaks_once_at_the_end() {
    let mut world = world();
    world.look("hub/launch", 'x').until(60);
    world.obey(silence("s", hub(), 60..3_600)).unwrap();
    world.until(100).look("hub/site", 'x').until(200).look("hub/build", 'x').until(3_700);
    assert_eq!(world.story(), ["0 opened hub", "2700 reminder hub", "3600 update hub"]);
    assert_eq!(
        (world.told()[2].incident.clone(), world.last().facts.failing.len()),
        (world.told()[0].incident.clone(), 3)
    );
    assert!(world.note().contains("`s` by ada ended"));
}

#[test]
fn a_silence_that_hid_only_a_part_of_an_incident_or_has_not_begun_ends_without_a_word() {
    let mut part = world();
    let site = Selector { probes: vec!["site".into()], ..Selector::default() };
    part.look("hub/site", 'x').look("hub/launch", 'x').until(60);
    part.obey(silence("s", site, 60..1_000)).unwrap();
    part.until(1_100);
    assert_eq!(
        part.story(),
        ["0 opened hub", "30 update hub", "530 reminder hub"],
        "the last is the warning"
    );
    let mut later = world();
    later.look("hub/launch", 'x').until(60);
    later.obey(silence("s", hub(), 600..1_000)).unwrap();
    later.until(100).obey(Command::EndSilence { id: "s".into(), by: "bo".into() }).unwrap();
    assert_eq!(later.story(), ["0 opened hub"]);
}

#[test]
fn a_silence_can_be_ended_before_its_time_and_that_names_who_did() {
    let mut world = world();
    world.obey(silence("s", hub(), 0..3_600)).unwrap();
    world.until(10).look("hub/launch", 'x').until(100);
    world.obey(Command::EndSilence { id: "s".into(), by: "bo".into() }).unwrap();
    assert_eq!(world.story(), ["100 opened hub"]);
    assert!(world.note().contains("ended by bo"), "{}", world.note());
    let again = world.obey(Command::EndSilence { id: "s".into(), by: "bo".into() });
    assert_eq!(again, Err(Disobeyed::NoSilence("s".into())));
}

#[test]
fn a_silence_ends_with_its_incident() {
    let mut world = world();
    world.look("hub/launch", 'x').until(60);
    let mut bound = wish("s", Selector::default(), 60..100_000);
    bound.with = Some(IncidentId("hub".into()));
    world.obey(Command::Silence { silence: bound }).unwrap();
    world.until(100).look("other/launch", 'x').until(200).look("hub/launch", '.');
    assert_eq!(world.story(), ["0 opened hub", "200 resolved hub", "200 opened other"]);
    assert!(world.note().contains("its incident is over"), "{}", world.note());
    let mut nobody = wish("t", hub(), 200..300);
    nobody.with = Some(IncidentId("hub".into()));
    assert!(world.obey(Command::Silence { silence: nobody }).is_err());
}

#[test]
fn of_two_silences_the_longer_one_goes_on_hiding() {
    let mut world = world();
    world.obey(silence("a", hub(), 0..600)).unwrap();
    world.obey(silence("b", hub(), 0..3_600)).unwrap();
    world.until(10).look("hub/launch", 'x').until(700).look("hub/launch", '.').until(4_000);
    let opened = world.told().iter().filter(|n| n.kind != NotificationKind::Reminder).count();
    assert_eq!(opened, 0, "{:?}", world.story());
    assert_eq!(world.hidden(), ["hub/launch by silence a", "hub/launch by silence b"]);
}

#[test]
fn five_hundred_targets_that_were_silenced_together_speak_up_together() {
    let paths: Vec<String> = (0..500).map(|n| format!("t{n:03}/launch")).collect();
    let mut world = World::new(plan(vec![quick("r")], &paths.iter().map(String::as_str).collect::<Vec<_>>()));
    world.obey(silence("s", Selector::default(), 0..600)).unwrap();
    paths.iter().for_each(|path| {
        world.look(path, 'x');
    });
    world.until(1_000);
    assert_eq!(world.story().len(), 4, "the warning, two targets and a storm: {:?}", world.story());
    assert_eq!(world.last().facts.targets, 498);
}

#[test]
fn a_storm_hushed_before_it_was_told_opens_at_the_end_of_the_silence() {
    let paths = ["a/x", "b/x", "c/x", "d/x"];
    let mut world = World::new(plan(vec![quick("r")], &paths));
    paths.iter().for_each(|path| {
        world.look(path, 'x');
    });
    world.until(5).obey(silence("s", Selector::default(), 5..600)).unwrap();
    world.until(1_000);
    let storm: Vec<_> = world.told().into_iter().filter(|n| n.facts.target == "many targets").collect();
    assert_eq!(storm[0].kind, NotificationKind::Opened);
    assert_eq!(storm.len(), 1, "{:?}", world.story());
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let mut world = world();
    world.until(1_000).obey(silence("s", hub(), 900..2_000)).unwrap();
    let month = 31 * 24 * 3_600;
    let bad = [
        ("past", (0, 1_000)),
        ("backwards", (3_000, 2_000)),
        ("s", (1_000, 2_000)),
        ("long", (1_000, 1_001 + month)),
    ];
    for (name, (start, end)) in bad {
        let refused = world.obey(silence(name, hub(), start..end));
        assert!(matches!(refused, Err(Disobeyed::Nonsense(_))), "{name}");
    }
    world.obey(silence("longest", hub(), 1_000..1_000 + month)).unwrap();
}
