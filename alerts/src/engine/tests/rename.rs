//! A target or probe gets another name while its trouble lasts.

use super::*;

/// The plan after a change of names: `old > new` each.
fn renamed(names: &[(&str, &str)], paths: &[&str]) -> Plan {
    let renamed = names.iter().map(|(old, new)| (id(old), id(new))).collect();
    Plan { renamed, ..plan(vec![quick("down")], paths) }
}

/// Trouble on `old/web` and `old/api`, and a restart under other names.
fn after(plan_after: Plan) -> World {
    let mut world = World::new(plan(vec![quick("down")], &["old/web", "old/api"]));
    world.play(30, &[("old/web", "..xx"), ("old/api", "..xx")]);
    assert_eq!(world.story(), ["60 opened old", "90 update old"]);
    world.changes.clear();
    world.plan = plan_after;
    world.restart();
    world
}

fn rows(changes: &[Change]) -> Vec<(String, crate::AlertState)> {
    let row = |c: &Change| match c {
        Change::Alert(a) => Some((a.key.series.to_string(), a.state)),
        _ => None,
    };
    changes.iter().filter_map(row).collect()
}

#[test]
fn an_incident_goes_on_under_the_new_name_and_ends_once() {
    let names = [("old/web", "new/web"), ("old/api", "new/api")];
    let mut world = after(renamed(&names, &["new/web", "new/api"]));
    assert!(world.told().is_empty(), "{:?}", world.story());
    let mut seen = rows(&world.changes);
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    let row = |name: &str, state| (name.to_owned(), state);
    let expected = [
        row("new/api", crate::AlertState::Firing),
        row("new/web", crate::AlertState::Firing),
        row("old/api", crate::AlertState::Calm),
        row("old/web", crate::AlertState::Calm),
    ];
    assert_eq!(seen, expected, "the old rows go, new ones come");
    let incident = world.incident("new").clone();
    assert_eq!((incident.target.as_str(), incident.alerts.len()), ("new", 2));
    // What happened under the old name stays so on record.
    let words = format!("{:?}", crate::Incident { timeline: Vec::new(), ..incident.clone() });
    assert!(!words.contains("\"old\"") && !words.contains("old/"), "{words}");

    world.play(30, &[("new/web", "xx"), ("new/api", "xx")]);
    assert!(world.told().is_empty(), "{:?}", world.story());
    world.play(30, &[("new/web", "..."), ("new/api", "...")]);
    assert_eq!(
        world.told().iter().map(|n| (n.kind.as_str(), n.incident.clone())).collect::<Vec<_>>(),
        [("resolved", incident.id)]
    );
}

#[test]
fn the_second_start_has_nothing_left_to_rename() {
    let names = [("old/web", "new/web"), ("old/api", "new/api")];
    let mut world = after(renamed(&names, &["new/web", "new/api"]));
    world.changes.clear();
    world.restart();
    assert!(world.told().is_empty() && rows(&world.changes).is_empty(), "{:?}", world.changes);
    assert_eq!(world.incident("new").alerts.len(), 2);
}

#[test]
fn one_probe_of_a_target_may_change_its_name() {
    let mut world = after(renamed(&[("old/web", "old/page")], &["old/page", "old/api"]));
    let incident = world.incident("old").clone();
    let listed: Vec<_> = incident.alerts.keys().map(String::as_str).collect();
    assert_eq!(listed, ["down over old/api from here", "down over old/page from here"]);
    world.play(30, &[("old/page", "x..."), ("old/api", "x...")]);
    assert_eq!(world.told().len(), 1, "{:?}", world.story());
    assert_eq!(world.last().kind.as_str(), "resolved");
}

#[test]
fn without_a_word_of_the_former_name_the_incident_is_closed_and_another_opened() {
    let mut world = after(plan(vec![quick("down")], &["new/web", "new/api"]));
    world.play(30, &[("new/web", "xx"), ("new/api", "xx")]);
    assert_eq!(world.story(), ["120 resolved old", "120 opened new", "150 update new"]);
}

#[test]
fn an_acknowledgement_goes_on_with_what_it_was_about() {
    let mut world = World::new(plan(vec![quick("down")], &["old/web"]));
    world.play(30, &[("old/web", ".xx")]);
    let incident = world.incident("old").id.0.clone();
    world.obey(ack(&incident, "ada", None)).unwrap();
    world.plan = renamed(&[("old/web", "new/web")], &["new/web"]);
    world.restart();
    let incident = world.incident("new");
    assert!(incident.ack.is_some());
    assert!(incident.ack_causes.iter().all(|c| c.starts_with("new/web ")), "{:?}", incident.ack_causes);
    assert!(!incident.ack_causes.is_empty());
}
