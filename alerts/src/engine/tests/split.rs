//! One incident that is two troubles.

use super::*;

fn split(incident: &str, alerts: &[&str]) -> Command {
    let alerts = alerts.iter().map(|a| (*a).to_owned()).collect();
    Command::Split { incident: IncidentId(incident.into()), alerts, by: "ada".into() }
}

fn world() -> World {
    let mut world = World::new(plan(vec![quick("r")], &["hub/launch", "hub/site"]));
    world.look("hub/launch", 'x').until(60).look("hub/site", 'x').until(120);
    world
}

#[test]
fn what_is_split_off_is_told_as_opened_and_each_ends_by_itself() {
    for restarts in [false, true] {
        let mut world = world();
        let old = world.incident("hub").id.clone();
        let told = world.story().len();
        world.obey(split("hub", &["r over hub/site from here"])).unwrap();
        let new = world.engine.open().find(|i| i.id != old).unwrap().clone();
        assert_eq!(new.split_from, Some(old.clone()));
        assert_eq!((new.since, new.spells.len(), new.alerts.len()), (at(60), 1, 1));
        assert_eq!(world.story()[told..], ["120 opened hub"]);
        assert_eq!(world.note(), format!("split off from incident {old} by ada"));
        assert_eq!(world.incident("hub").id, old, "the older one covers the target");
        assert_eq!(world.incident("hub").alerts.len(), 1);
        if restarts {
            world.restart();
        }
        world.until(200).look("hub/launch", '.');
        assert_eq!(
            (world.last().incident.clone(), world.last().kind),
            (old.clone(), NotificationKind::Resolved)
        );
        assert_eq!(world.incident("hub").id, new.id, "now the other one does");
        world.until(300).look("hub/site", '.');
        assert_eq!((world.last().incident.clone(), world.last().kind), (new.id, NotificationKind::Resolved));
        assert_eq!(world.engine.open().count(), 0, "restarts: {restarts}");
    }
}

#[test]
fn only_some_of_what_fires_can_be_split_off() {
    let mut world = world();
    let before = world.engine.memory();
    let both = ["r over hub/site from here", "r over hub/launch from here"];
    for alerts in [&[][..], &["nonsense"], &both] {
        assert!(world.obey(split("hub", alerts)).is_err(), "{alerts:?}");
    }
    assert!(world.obey(split("nobody", &both[..1])).is_err());
    assert_eq!(world.engine.memory(), before);
}

#[test]
fn a_target_of_a_storm_gets_its_own_incident_and_its_further_alerts_with_it() {
    let paths = ["a/x", "b/x", "c/x", "d/x", "d/y"];
    let mut world = World::new(plan(vec![quick("r")], &paths));
    for path in &paths[..4] {
        world.look(path, 'x');
    }
    world.until(60);
    world.obey(split("d", &["r over d/x from here"])).unwrap();
    let mine = world.incident("d").clone();
    assert_eq!((mine.target.as_str(), mine.storm), ("d", false));
    assert!(!world.incident("c").targets.contains("d"));
    world.until(90).look("d/y", 'x');
    assert_eq!(world.incident("d").id, mine.id);
    assert_eq!(world.incident("d").alerts.len(), 2);
}
