use std::sync::Arc;

use tokio::sync::mpsc;

use super::super::{Body, Heard, Pings, watch};
use super::*;
use crate::clock::Clock;
use crate::config::{self, Config, Registries};
use crate::inbox::{self, Inbox, Letter};
use crate::store::{Batch, Retention, SqliteStore, Store};
use crate::tasks::Tasks;

const KEY: &str = "a-key-of-the-backup-0001";

fn config() -> Config {
    let text = "version: 1\ntargets:\n  - name: hub\n    url: http://hub.example\n    probes:\n      - { type: heartbeat, name: backup, key: env:KEY, every: 1h, grace: 10m }\n";
    config::load_text("t.yaml", text, Registries::BUILT_IN, &|_| Some(KEY.to_owned())).unwrap().0
}

fn set() -> (Arc<Pings>, Clock, Inbox, mpsc::Receiver<Letter>) {
    let (inbox, letters) = inbox::inbox();
    let clock = Clock::simulated("2018-07-07T12:00:00Z".parse().unwrap());
    let store = Arc::new(SqliteStore::in_memory(Retention::default()).unwrap().at_once());
    let pings = Pings::of(&config(), &clock, &inbox.orders(), store, Arc::new(|_| None));
    (Arc::new(pings), clock, inbox, letters)
}

/// What the next letter tells; answered as durable if that is wanted.
async fn taken(letters: &mut mpsc::Receiver<Letter>, durable: bool) -> Vec<Observation> {
    match letters.recv().await.unwrap() {
        Letter::Reported { observations, answer } => {
            if durable {
                answer.send(vec![true; observations.len()]).unwrap();
            }
            observations
        }
        Letter::Observation(one) => vec![one],
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn yes_is_said_when_it_is_durable_and_otherwise_it_is_to_be_said_again() {
    let (pings, _, _inbox, mut letters) = set();
    let body = Body::default();
    let (heard, seen) =
        futures::join!(pings.ping(KEY, Word::Start, Some("r"), &body), taken(&mut letters, true));
    assert_eq!((heard, seen.len()), (Heard::Yes, 1));
    // The recorder cannot write: the same word comes again, and is new still.
    for _ in 0..2 {
        let said = pings.ping(KEY, Word::Success, Some("r"), &body);
        let (heard, seen) = futures::join!(said, taken(&mut letters, false));
        assert_eq!((heard, seen.len()), (Heard::NotNow, 1));
    }
    let said = pings.ping(KEY, Word::Success, Some("r"), &body);
    assert_eq!(futures::join!(said, taken(&mut letters, true)).0, Heard::Yes);
    assert_eq!(pings.ping(KEY, Word::Success, Some("r"), &body).await, Heard::Yes, "known already");
    assert!(letters.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn wrong_keys_are_nobodys_and_floods_wait() {
    let (pings, _, _inbox, mut letters) = set();
    let body = Body::default();
    for key in ["", "a-key-of-the-backup-0002", "A-KEY-OF-THE-BACKUP-0001", "../metrics"] {
        assert_eq!(pings.ping(key, Word::Success, None, &body).await, Heard::Nobody, "{key}");
    }
    assert_eq!(pings.alerts(KEY, &[]).await, Heard::Nobody, "a job is no Alertmanager");
    let mut heard = Vec::new();
    for _ in 0..70 {
        let said = pings.ping(KEY, Word::Success, None, &body);
        tokio::select! {
            biased;
            one = said => heard.push(one),
            _ = async { loop { taken(&mut letters, true).await; } } => {}
        }
    }
    assert_eq!(heard.iter().filter(|h| **h == Heard::Yes).count(), 60);
    assert!(matches!(heard.last(), Some(Heard::TooOften(wait)) if *wait <= secs(1)));
    tokio::time::advance(secs(2)).await;
    let said = pings.ping(KEY, Word::Success, None, &body);
    assert_eq!(futures::join!(said, taken(&mut letters, true)).0, Heard::Yes);
}

#[tokio::test(start_paused = true)]
async fn the_watch_tells_of_silence_at_its_time_and_forgives_when_we_stood_still() {
    let (pings, clock, inbox, mut letters) = set();
    let tasks = Tasks::new();
    tasks.spawn("pings", crate::tasks::OnExit::Fine, watch(pings, clock.clone(), inbox, tasks.clone()));
    let late = taken(&mut letters, true).await;
    assert_eq!(late[0].slot, at(3_600));
    assert!(clock.now() < at(4_200 + 2) && clock.now() >= at(4_200), "{}", clock.now());
    // The machine sleeps for three hours: whoever spoke meanwhile was not heard.
    clock.set_by(SignedDuration::from_hours(3));
    let after = taken(&mut letters, true).await;
    assert!(clock.now() >= at(4_200 + 3 * 3_600 + 600), "{}", clock.now());
    assert!(after[0].outcome.summary.contains("listens only since"), "{}", after[0].outcome.summary);
    tasks.stop();
}

#[test]
fn two_jobs_with_one_key_are_refused_and_keys_are_not_told() {
    let text = "version: 1\ntargets:\n  - name: hub\n    url: http://hub.example\n    probes:\n      - { type: heartbeat, name: a, key: env:KEY }\n      - { type: heartbeat, name: b, key: env:KEY, deadline: 5s }\n";
    let problems =
        config::load_text("t.yaml", text, Registries::BUILT_IN, &|_| Some(KEY.to_owned())).err().unwrap();
    let told = config::told(&problems);
    assert!(
        told.contains("another heartbeat has the same key") && told.contains("means nothing here"),
        "{told}"
    );
    assert!(!told.contains(KEY), "{told}");
}

#[tokio::test(start_paused = true)]
async fn what_another_replica_was_told_is_known_before_anybody_is_accused() {
    let (inbox, mut letters) = inbox::inbox();
    let clock = Clock::simulated("2018-07-07T12:00:00Z".parse().unwrap());
    let store = Arc::new(SqliteStore::in_memory(Retention::default()).unwrap().at_once());
    let told = Observation {
        probe: ProbeId::new("hub", "backup"),
        ..seen((at(3_500), Outcome::bare(launchwatch_probes::Verdict::Passed, None, "")))
    };
    let newest = Arc::new(move |_: &ProbeId| Some(at(3_500)));
    let pings = Pings::of(&config(), &clock, &inbox.orders(), Arc::clone(&store) as Arc<dyn Store>, newest);
    store.record(Batch { observations: vec![told], now: at(3_500), ..Batch::default() }).await.unwrap();
    let tasks = Tasks::new();
    let watching = watch(Arc::new(pings), clock.clone(), inbox, tasks.clone());
    tasks.spawn("pings", crate::tasks::OnExit::Fine, watching);
    let late = taken(&mut letters, true).await;
    assert_eq!(late[0].slot, at(7_100), "{:?}", late[0]);
    tasks.stop();
}
