//! The promises, over random histories with restarts at random moments.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::{at, sample, told, with};
use super::*;
use crate::{Notification, NotificationKind, Rule};

#[derive(Debug, Clone)]
enum Event {
    Look(usize, Health),
    Tick,
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let health = prop_oneof![
        4 => Just(Health::Good), 1 => Just(Health::Poor), 4 => Just(Health::Bad), 1 => Just(Health::Unknown)
    ];
    prop_oneof![
        20 => (0..3usize, health).prop_map(|(probe, health)| Event::Look(probe, health)),
        3 => Just(Event::Tick),
        1 => Just(Event::Restart),
    ]
}

const PROBES: [&str; 3] = ["a", "b", "c"];

fn run(events: &[Event], restarts: bool) -> Vec<Notification> {
    let begin = |memory| with(vec![Rule::success_zero()], memory, &PROBES);
    let (mut engine, mut past, mut out) = (begin(Memory::default()), Vec::new(), Vec::new());
    for (i, event) in events.iter().enumerate() {
        let second = i64::try_from(i).unwrap() * 7;
        let changes = match event {
            Event::Look(probe, health) => {
                past.push(sample(PROBES[*probe], *health, second));
                engine.observe(&past[past.len() - 1], at(second))
            }
            Event::Tick => engine.tick(at(second)),
            Event::Restart if restarts => {
                engine = begin(engine.memory());
                past.iter().for_each(|sample| engine.recall(sample));
                engine.start(at(second))
            }
            Event::Restart => engine.tick(at(second)),
        };
        out.extend(told(&changes).into_iter().cloned());
    }
    out
}

proptest! {
    #[test]
    fn each_incident_opens_once_and_resolves_at_most_once_after_it(events in prop::collection::vec(event(), 0..200)) {
        let mut by_incident: BTreeMap<IncidentKey, Vec<NotificationKind>> = BTreeMap::new();
        for n in run(&events, true) {
            by_incident.entry(n.incident.0.clone()).or_default().push(n.kind);
        }
        for (id, kinds) in by_incident {
            prop_assert_eq!(kinds[0], NotificationKind::Opened, "{}", id);
            prop_assert_eq!(kinds.iter().filter(|k| **k == NotificationKind::Opened).count(), 1);
            let ends = kinds.iter().filter(|k| **k == NotificationKind::Resolved).count();
            prop_assert!(ends <= 1);
            if ends == 1 {
                prop_assert_eq!(*kinds.last().unwrap(), NotificationKind::Resolved);
            }
        }
    }

    #[test]
    fn a_restart_neither_loses_nor_repeats_nor_changes_an_id(events in prop::collection::vec(event(), 0..200)) {
        let without: Vec<_> = run(&events, false).into_iter().map(|n| (n.id, n.kind)).collect();
        let with: Vec<_> = run(&events, true).into_iter().map(|n| (n.id, n.kind)).collect();
        prop_assert_eq!(&without, &with);
        let mut ids: Vec<_> = with.into_iter().map(|(id, _)| id).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), all);
    }

    #[test]
    fn the_same_history_gives_the_same_bytes(events in prop::collection::vec(event(), 0..100)) {
        let bytes = |n: Vec<Notification>| serde_json::to_string(&n).unwrap();
        prop_assert_eq!(bytes(run(&events, true)), bytes(run(&events, true)));
    }
}

type IncidentKey = String;
