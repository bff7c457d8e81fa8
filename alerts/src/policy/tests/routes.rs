//! Routes: who hears of what at which step.

use std::time::Duration;

use super::*;
use crate::Severity::{Page, Ticket};

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

fn to(words: &[&str]) -> Vec<Recipient> {
    let one = |word: &&str| match word.split_at(1) {
        ("@", name) => Recipient::Person(name.into()),
        ("%", name) => Recipient::Team(name.into()),
        _ => Recipient::Channel((*word).into()),
    };
    words.iter().map(one).collect()
}

fn route(of: Selector, severity: Severity, at_once: &[&str], steps: &[(u64, &[&str])]) -> Route {
    let step = |(after, who): &(u64, &[&str])| Step { after: minutes(*after), to: to(who) };
    Route {
        of,
        severity,
        to: to(at_once),
        steps: steps.iter().map(step).collect(),
        quiet: Vec::new(),
        time_zone: zone("UTC"),
    }
}

fn policy() -> Policy {
    let person = |name: &str, channels: &[&str]| Person {
        name: name.into(),
        channels: channels.iter().map(|c| (*c).to_owned()).collect(),
    };
    let rotation = Rotation {
        people: vec!["ada".into(), "bo".into()],
        start: jiff::civil::date(2026, 1, 5).at(9, 0, 0, 0),
        turn: Turn::Weeks(1),
        hours: Vec::new(),
    };
    let ops =
        Team { name: "ops".into(), time_zone: zone("UTC"), rotations: vec![rotation], overrides: Vec::new() };
    let hub = Selector::target("hub");
    let launches = Selector { probes: vec!["launch*".into()], ..Selector::default() };
    Policy {
        channels: vec!["chat".into(), "board".into()],
        routes: vec![
            route(hub, Ticket, &["hub-room"], &[(15, &["%ops"]), (60, &["@cleo"])]),
            route(launches, Page, &["%ops", "hub-room"], &[(30, &["chat"])]),
        ],
        people: vec![
            person("ada", &["ada-phone"]),
            person("bo", &["bo-phone", "bo-mail"]),
            person("cleo", &["cleo"]),
        ],
        teams: vec![ops],
        ..Policy::default()
    }
}

#[test]
fn all_routes_that_match_speak_each_step_at_its_own_time() {
    let one = |target: &str, probe: &str| vec![series(target, probe)];
    let both = [series("hub", "site"), series("other", "launch")];
    type Row<'a> = (&'a [SeriesId], Severity, u32, &'a [&'a str], &'a [&'a str]);
    let table: [Row<'_>; 13] = [
        // No route: everybody, at once and never again.
        (&one("other", "site"), Ticket, 0, &["board", "chat"], &[]),
        (&one("other", "site"), Page, 0, &["board", "chat"], &[]),
        (&one("other", "site"), Page, 1, &[], &[]),
        // A ticket does not take the route for pages.
        (&one("other", "launch"), Ticket, 0, &["board", "chat"], &[]),
        (&one("other", "launch"), Page, 0, &["bo-mail", "bo-phone", "hub-room"], &["bo"]),
        (&one("other", "launch"), Page, 1, &["chat"], &[]),
        (&one("hub", "site"), Ticket, 0, &["hub-room"], &[]),
        (&one("hub", "site"), Page, 1, &["bo-mail", "bo-phone"], &["bo"]),
        (&one("hub", "site"), Page, 2, &["cleo"], &["cleo"]),
        (&one("hub", "site"), Page, 3, &[], &[]),
        // Two routes: 15, 30 and 60 minutes.
        (&both, Page, 0, &["bo-mail", "bo-phone", "hub-room"], &["bo"]),
        (&both, Page, 2, &["chat"], &[]),
        (&both, Page, 3, &["cleo"], &["cleo"]),
    ];
    let (policy, now) = (policy(), utc("2026-01-13T00:00:00Z"));
    for (about, severity, step, ears, people) in table {
        let found = policy.audience(about, severity, step, now);
        let row = format!("{about:?} {severity:?} step {step}");
        assert_eq!(found.ears.iter().map(|e| e.channel.as_str()).collect::<Vec<_>>(), ears, "{row}");
        assert_eq!(found.people, people, "{row}");
        assert!(found.ears.iter().all(|e| e.not_before.is_none()), "{row}");
    }
    let steps = |about: &[SeriesId], severity| {
        (0..5).map(|step| policy.step_after(about, severity, step)).collect::<Vec<_>>()
    };
    let waits = |all: &[u64]| {
        let mut row: Vec<_> = std::iter::once(None).chain(all.iter().map(|m| Some(minutes(*m)))).collect();
        row.resize(5, None);
        row
    };
    assert_eq!(steps(&both, Page), waits(&[15, 30, 60]));
    assert_eq!(steps(&both, Ticket), waits(&[15, 60]));
    assert_eq!(steps(&one("other", "site"), Page), waits(&[]));
}

#[test]
fn a_ticket_waits_for_the_end_of_quiet_hours_and_a_page_never_does() {
    let mut policy = policy();
    policy.routes[0].quiet = vec![hours(&[], 22, 7)];
    let about = [series("hub", "launch")];
    let (night, morning) = (utc("2026-01-13T23:00:00Z"), utc("2026-01-14T07:00:00Z"));
    let found = |policy: &Policy, severity, step| policy.audience(&about, severity, step, night).ears;
    let waiting = |channel: &str| Ear { channel: channel.into(), not_before: Some(morning) };
    assert_eq!(found(&policy, Ticket, 0), [waiting("hub-room")]);
    assert_eq!(found(&policy, Ticket, 1), [waiting("bo-mail"), waiting("bo-phone")]);
    assert!(found(&policy, Page, 0).iter().all(|ear| ear.not_before.is_none()));
    // Another route whose quiet ends earlier wants the same channel: the earliest counts; without quiet, at once.
    let mut early = route(Selector::default(), Ticket, &["hub-room"], &[]);
    early.quiet = vec![hours(&[], 22, 5)];
    policy.routes.push(early.clone());
    let ear = Ear { channel: "hub-room".into(), not_before: Some(utc("2026-01-14T05:00:00Z")) };
    assert_eq!(found(&policy, Ticket, 0), [ear]);
    policy.routes.push(Route { quiet: Vec::new(), ..early });
    assert_eq!(found(&policy, Ticket, 0), [Ear::now("hub-room")]);
}

#[test]
fn names_that_lead_nowhere_are_passed_over() {
    let policy =
        Policy { routes: vec![route(Selector::default(), Ticket, &["@no", "%no", "chat"], &[])], ..policy() };
    let found = policy.audience(&[series("hub", "site")], Page, 0, utc("2026-01-13T00:00:00Z"));
    assert_eq!((found.ears, found.people), (vec![Ear::now("chat")], Vec::new()));
}

#[test]
fn reminders_come_at_growing_pauses_and_the_last_one_for_ever() {
    let policy = policy();
    let page = (0..6).map(|n| policy.reminder(Page, n).unwrap().as_secs() / 60).collect::<Vec<_>>();
    assert_eq!(page, [30, 60, 120, 240, 240, 240]);
    assert_eq!(policy.reminder(Ticket, 7), Some(minutes(24 * 60)));
}
