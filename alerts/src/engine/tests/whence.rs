//! From where it is seen.

use super::*;
use crate::text;

fn world(quorum: u32) -> World {
    let rule = Rule { quorum, ..quick("r") };
    World::new(plan(vec![rule], &["hub/launch@frankfurt", "hub/launch@here", "hub/launch@oslo", "hub/site"]))
}

/// What the last message says of from where.
fn said(world: &World) -> String {
    let from = world.last().facts.failing.first().and_then(|f| f.from.as_ref());
    from.and_then(text::whence).unwrap_or_default()
}

#[test]
fn a_message_says_from_where_it_is_seen_and_from_where_not() {
    for (frankfurt, here, oslo, quorum, expected) in [
        ("x", ".", ".", 1, "Only frankfurt sees it: here and oslo do not."),
        ("x", ".", " ", 1, "Only frankfurt sees it: here does not. From oslo nothing is known just now."),
        ("x", "?", " ", 1, "Seen from frankfurt. From here and oslo nothing is known just now."),
        ("xx", ".x", "..", 2, "Seen from frankfurt and here, not from oslo."),
        ("xx", "xx", ".x", 3, "Seen from all 3 locations."),
    ] {
        let mut world = world(quorum);
        // Whoever looks after the first is known by the last message only if they looked before.
        world.play(
            30,
            &[("hub/launch@oslo", oslo), ("hub/launch@here", here), ("hub/launch@frankfurt", frankfurt)],
        );
        assert_eq!(said(&world), expected, "{frankfurt} {here} {oslo}");
        let message = text::plain(world.last());
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn who_fell_silent_says_nothing_any_more() {
    let mut world = world(1);
    world.play(30, &[("hub/launch@oslo", "."), ("hub/launch@here", "......")]);
    world.look("hub/launch@frankfurt", 'x');
    assert_eq!(said(&world), "Only frankfurt sees it: here does not. From oslo nothing is known just now.");
}

#[test]
fn what_still_works_from_elsewhere_is_called_so() {
    let mut world = world(1);
    world.play(30, &[("hub/launch@here", "."), ("hub/site", "."), ("hub/launch@frankfurt", "x")]);
    assert_eq!(world.last().facts.working, ["launch from here", "site"]);
    let title = text::title(world.last());
    assert!(title.contains("some launches fail"), "{title}");
}

#[test]
fn where_only_one_place_looks_nothing_is_said_of_places() {
    let mut world = World::new(plan(vec![quick("r")], &["hub/launch"]));
    world.look("hub/launch", 'x');
    assert_eq!(world.last().facts.failing[0].from, None);
}

#[test]
fn while_an_agent_is_silent_nobody_is_told_that_its_probes_say_nothing() {
    let gap = Rule::new("gap", When::NoData { intervals: 3 });
    let own = Rule { of: Selector::target(OURSELVES), ..quick("own") };
    let plan = plan(vec![gap, own], &["hub/launch@frankfurt", "hub/launch@here"]);
    let silent_after = BTreeMap::from([("frankfurt".to_owned(), Duration::from_secs(180))]);
    let mut world = World::new(Plan { silent_after, ..plan });
    world.play(30, &[("hub/launch@frankfurt", "."), ("hub/launch@here", "......")]);
    // Its silence is known after three minutes; its probes are missed only after that.
    world.play(30, &[("hub/launch@here", "."), ("launchwatch/agent-frankfurt", "x")]);
    world.play(30, &[("hub/launch@here", "....")]);
    assert_eq!(world.story(), ["180 opened launchwatch"]);
    assert_eq!(world.hidden().len(), 1, "{:?}", world.hidden());
}
