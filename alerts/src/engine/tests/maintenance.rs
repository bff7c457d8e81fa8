//! Planned work, and trouble of our own.

use super::*;

/// Nobody is told of the hub from 1,000 to 2,200 seconds.
fn planned() -> World {
    let zone = jiff::tz::TimeZone::UTC;
    let begins = zone.to_datetime(at(1_000));
    let when = Window::Weekly {
        days: vec![begins.weekday()],
        at: begins.time(),
        lasts: Duration::from_secs(1_200),
        time_zone: zone,
    };
    let mut plan = plan(vec![quick("r")], &["hub/launch", "hub/site"]);
    plan.policy.maintenance = vec![Maintenance { name: "upgrade".into(), of: Selector::target("hub"), when }];
    World::new(plan)
}

fn by_command() -> World {
    let mut world = World::new(plan(vec![quick("r")], &["hub/launch", "hub/site"]));
    let wish = Silence { maintenance: true, ..wish("upgrade", Selector::target("hub"), 1_000..2_200) };
    world.obey(Command::Silence { silence: wish }).unwrap();
    world
}

#[test]
fn after_planned_work_only_a_fresh_failure_is_told() {
    let table: [(&str, &[&str]); 3] = [("x", &["2300 opened hub"]), (".", &[]), ("?", &[])];
    for begin in [planned, by_command] {
        for (then, expected) in table {
            let mut world = begin();
            world.until(1_000).look("hub/launch", 'x').until(2_100).look("hub/launch", 'x');
            world.until(2_300).play(30, &[("hub/launch", then)]).until(2_900);
            // The owner of a maintenance by command is told that it ends soon while something fails.
            let story: Vec<_> = world.story().into_iter().filter(|line| !line.contains("reminder")).collect();
            assert_eq!(story, expected, "then {then}");
            assert_eq!(world.hidden(), ["hub/launch by maintenance upgrade"]);
        }
    }
}

#[test]
fn after_planned_work_a_rule_that_waits_waits_for_fresh_evidence() {
    let table: [(&str, &[&str]); 2] = [("x.x.", &[]), ("xxxx", &["2270 opened hub"])];
    for (then, expected) in table {
        let mut plan = planned().plan;
        plan.rules = vec![Rule { hold: Duration::from_secs(60), ..quick("r") }];
        let mut world = World::new(plan);
        world.until(1_100).play(30, &[("hub/launch", "xxxxx")]).until(2_210);
        world.play(30, &[("hub/launch", then)]);
        assert_eq!(world.story(), expected, "then {then}");
    }
}

#[test]
fn planned_work_that_begins_during_an_outage_is_written_down_and_hushes_all_but_the_end() {
    let mut world = planned();
    world.until(900).look("hub/launch", 'x').until(1_100).look("hub/site", 'x').until(2_150);
    assert_eq!(world.story(), ["900 opened hub"]);
    assert_eq!(world.timeline("hub").matches("maintenance upgrade goes on").count(), 1);
    let mut lasts = planned();
    lasts.until(300).look("hub/launch", 'x').until(4_600);
    assert_eq!(
        lasts.story(),
        ["300 opened hub", "3900 reminder hub"],
        "the first reminder fell into the work"
    );
    world.look("hub/launch", '.').look("hub/site", '.');
    assert_eq!(world.story(), ["900 opened hub", "2150 resolved hub"]);
}

#[test]
fn what_was_seen_in_planned_work_does_not_count_after_it_though_we_were_restarted() {
    for restarts in [false, true] {
        let mut plan = planned().plan;
        plan.rules = vec![Rule::new("r", When::Failures { failures: 3, successes: 2 })];
        let mut world = World::new(plan);
        world.until(2_100).play(30, &[("hub/launch", "xxx")]).until(2_210);
        if restarts {
            world.restart();
        }
        world.play(30, &[("hub/launch", "xx.xx.")]);
        assert_eq!(world.story(), [""; 0]);
        world.play(30, &[("hub/launch", "xxx")]);
        assert_eq!(world.story().len(), 1, "three of its own are told");
    }
}

#[test]
fn planned_work_comes_again_next_week() {
    let mut world = planned();
    let week = 7 * 86_400;
    world.until(week + 1_500).look("hub/launch", 'x').until(week + 1_600).look("hub/launch", '.');
    assert_eq!((world.story(), world.hidden().len()), (Vec::new(), 1));
}

#[test]
fn planned_work_that_ended_while_we_were_away_holds_nothing_back() {
    let mut world = planned();
    world.until(1_500).look("hub/launch", 'x');
    world.second = 3_000;
    world.restart().look("hub/launch", 'x');
    assert_eq!(world.story(), ["3000 opened hub"]);
}

fn ours() -> World {
    let of = |probe: &str| Selector { probes: vec![probe.into()], ..Selector::default() };
    let slow = When::Latency {
        stage: None,
        quantile: 0.95,
        above: Duration::from_secs(1),
        recover: Duration::from_secs(1),
        over: Duration::from_secs(60),
        at_least: 1,
    };
    let down = |probe: &str| Rule { of: of(probe), ..quick(&format!("{probe} down")) };
    let ours = |probe: &str| {
        let of = Selector { targets: vec![OURSELVES.into()], ..of(probe) };
        Rule { of, ..quick(&format!("{probe} down")) }
    };
    let slow = Rule { of: of("speed"), ..Rule::new("slow", slow) };
    let rules = vec![slow, down("launch"), ours("network"), ours("pace")];
    World::new(plan(rules, &["hub/launch", "hub/speed"]))
}

#[test]
fn while_we_are_cut_off_nobody_is_accused_and_the_next_look_decides() {
    for (then, expected) in [('x', Some("80 opened hub")), ('.', None)] {
        let mut world = ours();
        world
            .look("launchwatch/network", 'x')
            .until(10)
            .look("hub/launch", 'x')
            .until(20)
            .look("hub/launch", 'x');
        assert_eq!(world.story(), ["0 opened launchwatch"]);
        assert_eq!(
            world.hidden()[0],
            "hub/launch by launchwatch itself is in trouble: cut off from the network"
        );
        world.until(60).look("launchwatch/network", '.').until(80).look("hub/launch", then);
        let story = world.story();
        assert_eq!(story.get(2).map(String::as_str), expected);
        assert_eq!(story[1], "60 resolved launchwatch");
    }
}

#[test]
fn while_we_are_short_of_time_nothing_is_called_slow_but_failures_are_failures() {
    // Whatever judges speed: two failures are too slow for all of them, or none is yet built.
    let mut world = ours();
    world.look("launchwatch/pace", 'x').until(10).look("hub/launch", 'x');
    assert_eq!(world.story(), ["0 opened launchwatch", "10 opened hub"]);
    let slow = AlertKey { rule: "slow".into(), series: id("hub/speed") };
    let mut alert = world.engine.alerts().find(|a| a.key.series.target == "hub").unwrap().clone();
    alert.key = slow;
    let held = world.engine.our_fault(&alert);
    assert_eq!(held, Some(crate::Held::Ourselves("short of time".into())));
}
