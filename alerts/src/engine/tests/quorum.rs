//! Several locations decide together.

use super::*;

fn world() -> World {
    let rule = Rule { quorum: 2, ..quick("r") };
    World::new(plan(vec![rule], &["hub/launch@a", "hub/launch@b", "hub/launch@c"]))
}

#[test]
fn two_of_three_locations_must_see_it() {
    let table: [(&str, &str, &str, &[&str]); 9] = [
        ("xxx", "...", "...", &[]),
        ("xx", ".x", "..", &["30 opened hub"]),
        ("xx.", ".xx", "...", &["30 opened hub", "60 resolved hub"]),
        // One location is silent, or cannot look: it neither accuses nor acquits.
        ("x.", "x.", "  ", &["0 opened hub", "30 resolved hub"]),
        ("xx", "xx", "??", &["0 opened hub"]),
        ("xx", "  ", "??", &[]),
        // One that recovered before another began to fail is no witness.
        ("x.", ".x", "..", &[]),
        // What a location said long ago counts no more: here it fell silent two minutes and a half before.
        ("x      ", ".......", "......x", &[]),
        ("x ", "..", ".x", &["30 opened hub"]),
    ];
    for (a, b, c, expected) in table {
        let mut world = world();
        world.play(30, &[("hub/launch@a", a), ("hub/launch@b", b), ("hub/launch@c", c)]);
        assert_eq!(world.story(), expected, "{a} {b} {c}");
    }
}

#[test]
fn what_a_well_location_says_does_not_wipe_out_what_the_others_saw() {
    let mut world = world();
    world.play(30, &[("hub/launch@a", "xx"), ("hub/launch@b", "xx"), ("hub/launch@c", "..")]);
    let alert = world.engine.alerts().next().unwrap();
    assert_eq!((alert.says.as_str(), alert.reason.as_deref()), ("2 runs in a row", Some("timeout")));
    assert_eq!(alert.key.series.location, "");
}

#[test]
fn a_quorum_goes_on_after_a_restart() {
    let mut world = world();
    let rows = |a, b, c| [("hub/launch@a", a), ("hub/launch@b", b), ("hub/launch@c", c)];
    world.play(30, &rows("xx", "xx", "..")).restart().play(30, &rows("x", "x", "."));
    assert_eq!(world.story(), ["0 opened hub"]);
    world.restart().play(30, &rows("x", ".", "."));
    assert_eq!(world.story(), ["0 opened hub", "90 resolved hub"]);
    // Without any past to look at, all are taken at their word.
    let mut again = self::world();
    again.play(30, &rows("xx", "xx", "xx"));
    again.past.clear();
    again.restart().play(30, &rows(" ", "x", "x"));
    assert_eq!(again.story(), ["0 opened hub"]);
}
