//! The promises, over random histories of several targets with everything people can say, and restarts at random
//! moments.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::{World, ack, at, depends, plan, quick, wish};
use super::*;
use crate::{
    AlertState, Command, Held, Maintenance, Notification, NotificationKind as Kind, Policy, Recipient, Route,
    Rule, Selector, Severity, Step, When, Window,
};

const SERIES: [&str; 10] = [
    "hub/site",
    "hub/launch",
    "user/launch",
    "deep/launch",
    "other/launch@a",
    "other/launch@b",
    "other/launch@c",
    "launchwatch/network",
    "a/site",
    "b/site",
];

#[derive(Debug, Clone)]
enum Event {
    Look(usize, char),
    Wait(i64),
    Restart,
    Acknowledge(usize, i64),
    Unacknowledge(usize),
    Silence(usize, i64, bool, bool),
    EndSilence(usize),
    Merge(usize, usize),
    Split(usize, usize),
}

fn event() -> impl Strategy<Value = Event> {
    let says = prop::sample::select(vec!['.', '.', '.', '~', 'x', 'x', 'x', 't', '?']);
    let wait = prop::sample::select(vec![1i64, 7, 13, 31, 65, 310, 950, 3_700]);
    let lasts = prop::sample::select(vec![20i64, 100, 700, 4_000]);
    prop_oneof![
        30 => (0..SERIES.len(), says).prop_map(|(series, says)| Event::Look(series, says)),
        12 => wait.prop_map(Event::Wait),
        2 => Just(Event::Restart),
        1 => (0..5usize, lasts.clone()).prop_map(|(target, lasts)| Event::Acknowledge(target, lasts)),
        1 => (0..5usize).prop_map(Event::Unacknowledge),
        2 => (0..3usize, lasts, any::<bool>(), any::<bool>())
            .prop_map(|(of, lasts, with, maintenance)| Event::Silence(of, lasts, with, maintenance)),
        1 => (0..20usize).prop_map(Event::EndSilence),
        2 => (0..4usize, 0..4usize).prop_map(|(into, from)| Event::Merge(into, from)),
        1 => (0..4usize, 0..3usize).prop_map(|(of, nth)| Event::Split(of, nth)),
    ]
}

fn begin() -> World {
    let of = |targets: &[&str]| Selector {
        targets: targets.iter().map(|t| (*t).to_owned()).collect(),
        ..Selector::default()
    };
    let down = Rule::new("down", When::Failures { failures: 2, successes: 2 });
    let soft = Rule { severity: Severity::Ticket, keep: Duration::from_secs(30), ..quick("soft") };
    let rules = vec![
        Rule { of: of(&["hub", "user", "deep"]), hold: Duration::from_secs(10), ..down },
        Rule { of: of(&["hub"]), ..soft },
        Rule { of: of(&["other"]), quorum: 2, ..quick("both") },
        Rule { of: of(&[OURSELVES]), ..quick("ours") },
        Rule { of: of(&["a", "b"]), ..quick("small") },
    ];
    let mut plan = plan(rules, &SERIES);
    depends(&mut plan, &[("user", "hub"), ("deep", "user")]);
    let zone = jiff::tz::TimeZone::UTC;
    let begins = zone.to_datetime(at(900));
    let when = Window::Weekly {
        days: Vec::new(),
        at: begins.time(),
        lasts: Duration::from_secs(600),
        time_zone: zone.clone(),
    };
    let to = |name: &str| vec![Recipient::Channel(name.into())];
    let route = Route {
        of: of(&["hub"]),
        severity: Severity::Ticket,
        to: to("ops"),
        steps: vec![Step { after: Duration::from_secs(300), to: to("lead") }],
        quiet: Vec::new(),
        time_zone: zone,
    };
    let maintenance = Maintenance { name: "upgrade".into(), of: of(&["user"]), when };
    plan.policy = Policy { routes: vec![route], maintenance: vec![maintenance], ..plan.policy };
    World::new(plan)
}

/// One of the open incidents.
fn nth_open(world: &World, nth: usize) -> Option<Incident> {
    let open: Vec<_> = world.engine.open().cloned().collect();
    open.get(nth % open.len().max(1)).cloned()
}

fn target(n: usize) -> IncidentId {
    IncidentId(["hub", "user", "other", "b", OURSELVES][n].into())
}

/// Does one thing. People may want what cannot be: then they are told so, and nothing happens.
fn step(world: &mut World, n: usize, event: &Event, restarts: bool) {
    match event {
        Event::Look(series, says) => {
            world.until(world.second + 1).look(SERIES[*series], *says);
        }
        Event::Wait(seconds) => {
            world.until(world.second + seconds);
        }
        Event::Restart if restarts => {
            world.restart();
        }
        Event::Restart => world.changes.extend(world.engine.tick(at(world.second))),
        Event::Acknowledge(of, lasts) => drop(world.obey(ack(&target(*of).0, "ada", Some(*lasts)))),
        Event::Unacknowledge(of) => {
            drop(world.obey(Command::Unacknowledge { incident: target(*of), by: "ada".into() }));
        }
        Event::Silence(of, lasts, with, maintenance) => {
            let selectors = [Selector::default(), Selector::target("hub"), Selector::target("other")];
            let span = world.second..world.second + lasts;
            let mut silence = wish(&format!("s{n}"), selectors[*of].clone(), span);
            silence.with = with.then(|| target(*of));
            silence.maintenance = *maintenance;
            drop(world.obey(Command::Silence { silence }));
        }
        Event::Merge(into, from) => {
            let (into, from) = (nth_open(world, *into), nth_open(world, *from));
            if let (Some(into), Some(from)) = (into, from) {
                drop(world.obey(Command::Merge { into: into.id, from: from.id, by: "ada".into() }));
            }
        }
        Event::Split(of, nth) => {
            if let Some(incident) = nth_open(world, *of) {
                let alerts = incident.alerts.into_keys().skip(*nth).take(1).collect();
                drop(world.obey(Command::Split { incident: incident.id, alerts, by: "ada".into() }));
            }
        }
        Event::EndSilence(nth) => {
            let id = world.engine.silences().nth(*nth % 3).map(|s| s.id.clone());
            if let Some(id) = id {
                drop(world.obey(Command::EndSilence { id, by: "bo".into() }));
            }
        }
    }
}

/// What holds at every moment.
fn check(world: &World) {
    for alert in world.engine.alerts() {
        let told = alert.incident.as_ref().is_some_and(|id| world.engine.open().any(|i| i.id == *id));
        let held = alert.held.is_some();
        assert_eq!(
            told || held,
            alert.state == AlertState::Firing,
            "told or held as long as it fires: {alert:?}"
        );
        assert!(!(told && held), "not both: {alert:?}");
        if let Some(Held::Silence(by)) = &alert.held {
            let shown = world.hidden().iter().any(|h| *h == format!("{} by silence {by}", alert.key.series));
            assert!(shown, "what is hidden is on record: {alert:?}");
            assert!(world.engine.silences().any(|s| s.id == *by), "and its silence is in force: {alert:?}");
        }
    }
    for incident in world.engine.open() {
        let mine = world.engine.alerts().filter(|a| a.incident.as_ref() == Some(&incident.id)).count();
        assert!(mine > 0, "an open incident has an alert: {}", incident.id);
        assert!(incident.timeline.len() <= 500 && incident.alerts.len() <= 1_000);
    }
}

fn run(events: &[Event], restarts: bool) -> World {
    let mut world = begin();
    for (n, event) in events.iter().enumerate() {
        step(&mut world, n, event, restarts);
        check(&world);
    }
    world
}

/// Everything works for so long that all must be over.
fn settle(world: &mut World) {
    for _ in 0..40 {
        world.until(world.second + 60);
        for path in SERIES {
            world.look(path, '.');
        }
        check(world);
    }
}

fn by_incident(world: &World) -> BTreeMap<String, Vec<Kind>> {
    let mut all: BTreeMap<String, Vec<Kind>> = BTreeMap::new();
    // What the owner of a silence is told is no incident.
    for n in world.told().iter().filter(|n| !n.incident.0.starts_with("silence-")) {
        all.entry(n.incident.0.clone()).or_default().push(n.kind);
    }
    all
}

fn lines(world: &World) -> Vec<String> {
    let line =
        |n: &&Notification| format!("{} {} {} {:?} {:?}", n.at, n.id, n.kind.as_str(), n.to, n.facts.note);
    world.told().iter().map(line).collect()
}

proptest! {
    #[test]
    fn each_incident_opens_once_and_resolves_once_when_all_is_well(events in prop::collection::vec(event(), 0..120)) {
        let mut world = run(&events, true);
        settle(&mut world);
        for (id, kinds) in by_incident(&world) {
            let count = |kind| kinds.iter().filter(|k| **k == kind).count();
            prop_assert_eq!((count(Kind::Opened), count(Kind::Resolved)), (1, 1), "{}: {:?}", &id, &kinds);
            prop_assert_eq!((kinds[0], *kinds.last().unwrap()), (Kind::Opened, Kind::Resolved), "{}", id);
        }
        prop_assert_eq!(world.engine.open().count(), 0);
        let mut ids: Vec<_> = world.told().iter().map(|n| n.id.0.clone()).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), all, "no id twice");
        world.until(world.second + 31 * 86_400);
        prop_assert_eq!(world.engine.memory(), Memory::default(), "in the end nothing is left to remember");
    }

    #[test]
    fn a_restart_changes_nothing_that_is_told(events in prop::collection::vec(event(), 0..120)) {
        // A maintenance by command is not remembered once it is over.
        let known: Vec<_> = events.into_iter().filter(|e| !matches!(e, Event::Silence(_, _, _, true))).collect();
        prop_assert_eq!(lines(&run(&known, false)), lines(&run(&known, true)));
    }

    #[test]
    fn the_same_history_gives_the_same_bytes(events in prop::collection::vec(event(), 0..60)) {
        prop_assert_eq!(format!("{:?}", run(&events, true).changes), format!("{:?}", run(&events, true).changes));
    }
}
