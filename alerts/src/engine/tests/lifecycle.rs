//! `for`, `keep_firing_for`, flapping, loudness.

use super::*;

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

#[test]
fn a_rule_waits_until_the_evidence_spans_its_time_and_no_longer() {
    let table: [(u64, &str, &[&str]); 6] = [
        // A look every thirty seconds; the evidence of the second failure spans thirty seconds.
        (0, "x.", &["0 opened hub", "30 resolved hub"]),
        (60, "xx.", &[]),
        (60, "xxx.", &["60 opened hub", "90 resolved hub"]),
        // Unknown is no evidence, but does not wipe it out either.
        (60, "x??x", &["90 opened hub"]),
        (60, "x????", &[]),
        (60, "xx.xx.xx.", &[]),
    ];
    for (hold, row, expected) in table {
        let rule = Rule { hold: Duration::from_secs(hold), ..quick("r") };
        let mut world = World::new(plan(vec![rule], &["hub/launch"]));
        assert_eq!(world.play(30, &[("hub/launch", row)]).story(), expected, "for {hold} s: {row}");
    }
}

#[test]
fn a_success_in_between_breaks_the_evidence_though_it_does_not_say_that_it_is_over() {
    let table: [(&str, &[&str]); 3] =
        [("xxx.x..", &[]), ("xxx.xxxxx", &["120 opened hub"]), ("xxxxx", &["60 opened hub"])];
    for (row, expected) in table {
        let when = When::Failures { failures: 3, successes: 2 };
        let rule = Rule { hold: minutes(1), ..Rule::new("r", when) };
        let mut world = World::new(plan(vec![rule], &["hub/launch"]));
        assert_eq!(world.play(15, &[("hub/launch", row)]).story(), expected, "{row}");
    }
}

#[test]
fn it_is_over_only_when_the_evidence_against_it_spans_its_time() {
    let table: [(&str, &[&str]); 5] = [
        ("x..", &["0 opened hub"]),
        ("x...", &["0 opened hub", "90 resolved hub"]),
        ("x..x...", &["0 opened hub", "180 resolved hub"]),
        ("x.????", &["0 opened hub"]),
        ("x.??.", &["0 opened hub", "120 resolved hub"]),
    ];
    for (row, expected) in table {
        let rule = Rule { keep: minutes(1), ..quick("r") };
        let mut world = World::new(plan(vec![rule], &["hub/launch"]));
        assert_eq!(world.play(30, &[("hub/launch", row)]).story(), expected, "{row}");
    }
}

#[test]
fn an_outage_of_hours_that_began_twice_is_over_at_once() {
    let mut world = World::new(plan(vec![quick("r")], &["hub/launch"]));
    let row = format!("x..{}.", "x".repeat(120));
    world.play(60, &[("hub/launch", &row)]);
    let over = 60 * (3 + 120);
    assert_eq!(world.story().last(), Some(&format!("{over} resolved hub")), "{:?}", world.story());
}

#[test]
fn what_fires_a_second_time_within_the_hour_is_over_after_fifteen_quiet_minutes_only() {
    let mut world = World::new(plan(vec![quick("r")], &["hub/launch"]));
    world.play(60, &[("hub/launch", "x..x................")]);
    let calm = 4 + 15;
    let expected =
        ["0 opened hub", "60 resolved hub", "180 opened hub", &format!("{} resolved hub", calm * 60)];
    assert_eq!(world.story(), expected);
    // An hour later it is forgotten.
    world.until(world.second + 3_700).play(60, &[("hub/launch", "x.")]);
    assert_eq!(world.story().len(), 6);
    assert_eq!(world.engine.memory().alerts.len(), 1, "it fired lately");
    world.until(world.second + 3_700);
    assert_eq!(world.engine.memory(), Memory::default());
}

#[test]
fn an_hour_of_every_other_run_failing_is_two_incidents_at_most_and_nothing_in_between() {
    let mut world = World::new(plan(vec![quick("r")], &["hub/launch"]));
    world.play(30, &[("hub/launch", &"x.".repeat(60))]).play(30, &[("hub/launch", &".".repeat(40))]);
    let reminded = world.told().iter().filter(|n| n.kind == NotificationKind::Reminder).count();
    assert!(reminded <= 1, "an hour is one reminder: {:?}", world.story());
    assert_eq!(world.story().len() - reminded, 4, "{:?}", world.story());
}

#[test]
fn an_hour_of_every_other_run_failing_is_one_incident_where_several_runs_are_looked_at() {
    let mut rule = Rule::new("r", When::FailuresOf { failures: 3, of: 10, recover: 1 });
    rule.severity = Severity::Ticket;
    let mut world = World::new(plan(vec![rule], &["hub/launch"]));
    world.play(30, &[("hub/launch", &"x.".repeat(60))]).play(30, &[("hub/launch", &".".repeat(60))]);
    let opened = world.told().iter().filter(|n| n.kind == NotificationKind::Opened).count();
    assert!(opened <= 1 && world.told().len() <= 3, "{:?}", world.story());
}

#[test]
fn a_louder_alert_speaks_at_once_and_one_as_loud_waits_for_others() {
    let ticket = Rule { severity: Severity::Ticket, ..quick("slow") };
    let ticket = Rule { of: Selector { probes: vec!["site".into()], ..Selector::default() }, ..ticket };
    let page =
        Rule { of: Selector { probes: vec!["launch*".into()], ..Selector::default() }, ..quick("down") };
    let mut world = World::new(plan(vec![ticket, page], &["hub/site", "hub/launch", "hub/launch2"]));
    world.look("hub/site", 'x').until(100).look("hub/launch", 'x');
    assert_eq!(world.story(), ["0 opened hub", "100 update hub"]);
    assert_eq!((world.told()[0].severity, world.last().severity), (Severity::Ticket, Severity::Page));
    world.until(200).look("hub/launch2", 'x').until(300);
    assert_eq!(world.story().last().unwrap(), "230 update hub");
}

#[test]
fn what_began_and_ended_in_one_batch_and_began_again_is_written_down_as_it_stands() {
    let mut engine =
        Engine::new(plan(vec![Rule { hold: minutes(5), ..quick("r") }], &["hub/launch"]), Memory::default());
    engine.start(at(0));
    for (second, says) in [(1, 'x'), (2, '.'), (3, 'x')] {
        engine.see(&look("hub/launch", says, second), at(3));
    }
    let states: Vec<_> = engine.flush().into_iter().map(|c| format!("{c:?}")).collect();
    assert_eq!(states.len(), 1);
    assert!(states[0].contains("Pending"), "{states:?}");
}
