//! Acknowledgements, reminders, escalation.

use super::*;
use crate::{Ear, Recipient, Route, Step};

fn world() -> World {
    World::new(plan(vec![quick("r")], &["hub/launch", "hub/site"]))
}

fn open() -> World {
    let mut world = world();
    world.look("hub/launch", 'x').until(100);
    world
}

#[test]
fn whoever_acknowledges_is_named_and_reminders_stop() {
    let mut world = open();
    let id = world.incident("hub").id.0.clone();
    world.obey(ack(&id, "ada", None)).unwrap();
    assert_eq!(world.story(), ["0 opened hub", "100 acknowledged hub"]);
    assert_eq!(world.last().facts.ack.as_ref().unwrap().by, "ada");
    assert_eq!(world.incident("hub").assignee.as_deref(), Some("ada"));
    world.until(4 * 3_600);
    assert_eq!(world.story().len(), 2, "no reminder");
    world.until(4 * 3_600 + 100);
    assert_eq!(world.story()[2..], ["14500 reminder hub"]);
    assert_eq!(world.note(), "ada acknowledged it 4 h ago and it still fails");
    world.until(4 * 3_600 + 100 + 1_800);
    assert_eq!(world.story().last().unwrap(), "16300 reminder hub", "and so on");
}

#[test]
fn a_target_stands_for_its_incident_and_a_double_click_is_one() {
    let mut world = open();
    for _ in 0..2 {
        world.obey(ack("hub", "ada", Some(600))).unwrap();
    }
    assert_eq!(world.story().len(), 2);
    world.until(300).obey(ack("hub", "ada", Some(6_000))).unwrap();
    assert_eq!(world.incident("hub").ack.as_ref().unwrap().until, at(6_300), "later it is a longer one");
    for (incident, seconds) in [("other", None), ("hub", Some(0)), ("hub", Some(i64::MAX))] {
        assert!(world.obey(ack(incident, "ada", seconds)).is_err(), "{incident} {seconds:?}");
    }
}

#[test]
fn the_same_cause_stays_quiet_and_another_one_speaks_up() {
    let mut same = open();
    same.obey(ack("hub", "ada", None)).unwrap();
    same.play(30, &[("hub/launch", "xxxx")]);
    assert_eq!(same.story().len(), 2);
    let others: [(&str, char, &str); 2] =
        [("hub/launch", 't', "hub/launch tls"), ("hub/site", 'x', "hub/site timeout")];
    for (path, says, cause) in others {
        let mut world = open();
        world.obey(ack("hub", "ada", None)).unwrap();
        world.until(200).look(path, says);
        assert_eq!(world.story()[2..], ["200 update hub"], "{path} {says}");
        assert_eq!(world.note(), format!("this is not what ada acknowledged: {cause}"));
        assert!(world.incident("hub").ack.is_none());
    }
}

#[test]
fn who_no_longer_sees_to_it_says_so_to_all() {
    let mut world = open();
    let undo = Command::Unacknowledge { incident: IncidentId("hub".into()), by: "ada".into() };
    world.obey(undo.clone()).unwrap();
    assert_eq!(world.story().len(), 1, "there was nothing to undo");
    world.obey(ack("hub", "ada", None)).unwrap();
    world.obey(undo).unwrap();
    assert_eq!(world.note(), "ada no longer sees to it");
    world.until(2_000);
    assert_eq!(world.story().last().unwrap(), "1900 reminder hub");
}

#[test]
fn a_storm_acknowledged_before_it_was_told_opens_first() {
    let paths = ["a/x", "b/x", "c/x", "d/x"];
    let mut world = World::new(plan(vec![quick("r")], &paths));
    paths.iter().for_each(|path| {
        world.look(path, 'x');
    });
    world.obey(ack("d", "ada", None)).unwrap();
    world.until(3_600);
    let storm: Vec<_> = world.told().into_iter().filter(|n| n.facts.target == "many targets").collect();
    assert_eq!(storm.iter().map(|n| n.kind).collect::<Vec<_>>(), [NotificationKind::Opened]);
    assert_eq!(storm[0].facts.ack.as_ref().unwrap().by, "ada");
}

#[test]
fn reminders_come_at_growing_pauses_until_the_end() {
    let mut world = world();
    world.look("hub/launch", 'x').until(15 * 3_600);
    let expected = [0, 1_800, 5_400, 12_600, 27_000, 41_400];
    let seconds: Vec<_> = world.told().iter().map(|n| n.at.duration_since(at(0)).as_secs()).collect();
    assert_eq!(seconds, expected);
    assert_eq!(world.incident("hub").reminders, 5);
    world.look("hub/launch", '.').until(30 * 3_600);
    assert_eq!(world.story().len(), 7);
}

fn escalating() -> World {
    let mut plan = plan(vec![quick("r")], &["hub/launch"]);
    let to = |name: &str| vec![Recipient::Channel(name.into())];
    let step = |minutes: u64, name: &str| Step { after: Duration::from_secs(60 * minutes), to: to(name) };
    plan.policy.routes = vec![Route {
        of: Selector::default(),
        severity: Severity::Ticket,
        to: to("ops"),
        steps: vec![step(10, "lead"), step(20, "boss")],
        quiet: Vec::new(),
        time_zone: jiff::tz::TimeZone::UTC,
    }];
    World::new(plan)
}

fn ears(n: &Notification) -> Vec<&str> {
    n.to.iter().map(|e: &Ear| e.channel.as_str()).collect()
}

#[test]
fn steps_are_taken_while_nobody_answers_and_all_hear_of_the_end() {
    let mut world = escalating();
    world.look("hub/launch", 'x').until(1_500).look("hub/launch", '.');
    assert_eq!(world.story(), ["0 opened hub", "600 reminder hub", "1200 reminder hub", "1500 resolved hub"]);
    let told: Vec<_> = world.told().into_iter().map(ears).collect();
    assert_eq!(
        told,
        [vec!["ops"], vec!["lead", "ops"], vec!["boss", "lead", "ops"], vec!["boss", "lead", "ops"]]
    );
    assert!(world.told()[1].facts.note.as_deref().unwrap().contains("nobody has acknowledged it for 10 min"));
}

#[test]
fn steps_stop_at_an_acknowledgement_and_those_missed_come_in_one_message_at_its_end() {
    let mut world = escalating();
    world.look("hub/launch", 'x').until(300);
    world.obey(ack("hub", "ada", Some(3_600))).unwrap();
    world.until(3_899);
    assert_eq!(world.story(), ["0 opened hub", "300 acknowledged hub"]);
    world.until(4_500);
    assert_eq!(world.story()[2..], ["3900 reminder hub"]);
    assert_eq!(ears(world.last()), ["boss", "lead", "ops"]);
}

#[test]
fn a_ticket_waits_out_the_quiet_hours_with_all_that_follows_and_a_page_wakes() {
    for (severity, waits) in [(Severity::Ticket, true), (Severity::Page, false)] {
        let mut plan = escalating().plan;
        plan.rules = vec![Rule { severity, ..quick("r") }];
        // 18:30 UTC is when the world begins.
        let time = |hour| jiff::civil::time(hour, 0, 0, 0);
        plan.policy.routes[0].quiet = vec![crate::Hours { days: Vec::new(), from: time(18), until: time(7) }];
        let mut world = World::new(plan);
        world.look("hub/launch", 'x').until(700).look("hub/launch", '.');
        assert_eq!(world.story().len(), 3);
        let morning = at(0) + jiff::SignedDuration::from_mins(12 * 60 + 30);
        for n in world.told() {
            assert!(n.to.iter().all(|ear| ear.not_before == waits.then_some(morning)), "{n:?}");
        }
    }
}

#[test]
fn people_remark_assign_and_judge() {
    let mut world = open();
    let (incident, by) = (IncidentId("hub".into()), "ada".to_owned());
    world.obey(Command::Assign { incident: incident.clone(), to: "bo".into(), by: by.clone() }).unwrap();
    world.obey(Command::Comment { incident: incident.clone(), by: by.clone(), text: "a\nb".into() }).unwrap();
    world.obey(Command::Label { incident, by, label: crate::Label::Real }).unwrap();
    let timeline = world.timeline("hub");
    for words in ["assigned to bo", "a b", "says it was real"] {
        assert!(timeline.contains(words), "{words} in {timeline}");
    }
    assert_eq!(world.incident("hub").label, Some(crate::Label::Real));
    assert_eq!(world.story().len(), 1, "nobody is told of that");
}
