//! Agents and cron jobs in simulated time, against a service that fails in every way a service can.

mod launches;
mod service;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch::agent::{Agent, Bearer, Bounds, Client, House, Order, Setup, Spool, Wrong, once};
use launchwatch::clock::Clock;
use launchwatch::config::{Limits, Schedule};
use launchwatch::dice::Dice;
use launchwatch::edges::Edges;
use launchwatch::edges::memory::MemoryNet;
use launchwatch::observation::ProbeId;
use launchwatch::scheduler::Timetable;
use launchwatch::standin::{self, StandIn};
use launchwatch::store::{DebtState, Retention, SqliteStore, Store};
use launchwatch::tasks::Tasks;
use serde_json::{Value, json};

use self::service::{Fault, Service, TOKEN};
use crate::cable::Cable;
use crate::post::PostOffice;
use crate::world::START;

/// A place from which is looked: a service elsewhere, a hub, a line that can be cut, a folder that outlives processes.
struct Place {
    service: Service,
    _hub: StandIn,
    cable: Cable,
    clock: Clock,
    edges: Edges,
    store: Arc<SqliteStore>,
    state: tempfile::TempDir,
    outside: Tasks,
}

/// An agent that runs.
struct Running {
    tasks: [Tasks; 3],
    ended: tokio::task::JoinHandle<()>,
}

fn sites() -> Value {
    json!([
        { "name": "one", "url": "http://one.example/", "probes": [{ "type": "http", "every": "10s" }] },
        { "name": "two", "url": "http://two.example/", "probes": [{ "type": "http", "every": "10s" }] },
    ])
}

fn house() -> House {
    let witnesses = ["http://witness-a.example/", "http://witness-b.example/"];
    House {
        witnesses: witnesses.into_iter().map(|w| w.parse().unwrap()).collect(),
        limits: Limits::default(),
        grace: Duration::from_secs(25),
    }
}

impl Place {
    fn new(targets: Value) -> Self {
        let clock = Clock::simulated(START.parse().unwrap());
        let outside = Tasks::new();
        let spawn = launchwatch::edges::memory::spawner(&outside);
        let now = clock.clone();
        let doors = standin::Edges { now: Arc::new(move || now.now()), spawn: Arc::clone(&spawn), seed: 1 };
        let settings = standin::Settings {
            public_url: Some("http://hub.example/".into()),
            ..standin::Settings::default()
        };
        let hub = StandIn::new(settings, doors);
        let service = Service::new(clock.clone(), targets);
        let net = MemoryNet::new(spawn)
            .with_host("watch.example:80", service.router())
            .with_host("hub.example:80", hub.router());
        let cable = Cable::default();
        let edges = Edges {
            clock: clock.clone(),
            net: Arc::new(cable.over(net)),
            post: Arc::new(PostOffice::new(clock.clone())),
            dice: Dice::seeded(1),
        };
        let date = clock.clone();
        let store = SqliteStore::in_memory(Retention::default()).unwrap().with_clock(move || date.now());
        let state = tempfile::tempdir().unwrap();
        Self { service, _hub: hub, cable, clock, edges, store: Arc::new(store), state, outside }
    }

    fn folder(&self) -> &Path {
        self.state.path()
    }

    /// The spool; what writes to it for one that was killed may take a moment to end.
    fn spool(&self) -> Spool {
        let open = || Spool::open(&self.folder().join("spool"), Bounds::default());
        let patient = std::iter::repeat_with(|| {
            std::thread::sleep(Duration::from_millis(5));
            open()
        });
        patient.take(200).find_map(Result::ok).unwrap_or_else(|| open().unwrap())
    }

    fn client(&self, bearer: Bearer) -> Client {
        let root = "http://watch.example/".parse().unwrap();
        Client::new(Arc::clone(&self.edges.net), root, bearer, self.clock.clone())
    }

    fn agent(&self) -> Running {
        self.agent_with(Bearer::Given(TOKEN.to_owned().into()))
    }

    fn agent_with(&self, bearer: Bearer) -> Running {
        let agent = Agent::new(Setup {
            edges: self.edges.clone(),
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            spool: self.spool(),
            client: self.client(bearer),
            state: self.folder().to_owned(),
            location: None,
            own: None,
            house: house(),
            listener: None,
        })
        .unwrap();
        let tasks = agent.all_tasks();
        #[expect(clippy::disallowed_methods, reason = "the world's own task")]
        let ended = tokio::spawn(async move { agent.run().await.unwrap() });
        Running { tasks, ended }
    }

    async fn once(&self, probes: &[&str]) -> Result<launchwatch::agent::Came, Wrong> {
        let spool = self.spool();
        let order = Order {
            edges: self.edges.clone(),
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            service: Some((spool, self.client(Bearer::Given(TOKEN.to_owned().into())))),
            state: self.folder().to_owned(),
            probes: probes.iter().map(|p| (*p).to_owned()).collect(),
            own: None,
            location: None,
            house: house(),
            deadline: Duration::from_secs(300),
        };
        once(order, &Tasks::new()).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.outside.stop();
    }
}

impl Running {
    async fn stop(self) {
        self.tasks[0].stop();
        self.ended.await.unwrap();
    }

    /// Ends it as `kill -9` would.
    async fn kill(self) {
        self.ended.abort();
        let _ = self.ended.await;
        for tasks in &self.tasks {
            tasks.drain(Duration::ZERO).await;
        }
    }
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// The slots of a probe on its grid in a time.
fn grid(probe: &str, every: u64, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let (target, name) = probe.split_once('/').unwrap();
    let schedule = Schedule::Every(Duration::from_secs(every));
    Timetable::new(schedule, &ProbeId::new(target, name)).between(from, to)
}

#[tokio::test(start_paused = true)]
async fn through_lost_answers_refusals_and_partitions_every_observation_arrives_once() {
    let place = Place::new(sites());
    let began = place.clock.now();
    let agent = place.agent();
    pass(30).await;
    let mut dice = fastrand::Rng::with_seed(7);
    for _ in 0..60 {
        match dice.u32(0..8) {
            0 => place.service.set(Fault::SilentAfter),
            1 => place.service.set(Fault::SilentBefore),
            2 => place.service.set(Fault::GarbledAfter),
            3 => place.service.set(Fault::Refuses(503)),
            4 => place.service.set(Fault::Refuses(429)),
            5 => place.service.set(Fault::Refuses(502)),
            6 => place.cable.lose("watch.example", true),
            _ => {}
        }
        pass(dice.u64(5..60)).await;
        place.service.set(Fault::None);
        place.cable.lose("watch.example", false);
        pass(dice.u64(1..20)).await;
    }
    pass(60).await;
    let ended = place.clock.now() - Duration::from_secs(3);
    agent.stop().await;
    assert!(ended.duration_since(began).as_secs() > 1_500);
    for probe in ["one/http", "two/http"] {
        let (came, due) = (place.service.slots(probe), grid(probe, 10, began, ended));
        let missing: Vec<_> = due.iter().filter(|slot| !came.contains(slot)).collect();
        assert!(missing.is_empty(), "{probe}: {missing:?} of {} did not arrive", due.len());
        assert!(place.service.verdicts(probe).iter().all(|(_, said)| said == "passed -"));
    }
    place.service.with(|s| {
        assert_eq!(s.wrong, [] as [String; 0], "a repeat is the same");
        let repeated = s.came.values().filter(|(_, times)| *times > 1).count();
        assert!(repeated > 10, "answers were lost: {repeated} came again");
        let numbers: Vec<u64> = s.reports.iter().map(|r| r.lost).collect();
        assert!(numbers.iter().all(|lost| *lost == 0));
    });
}

#[tokio::test(start_paused = true)]
async fn killed_again_and_again_an_agent_loses_nothing_that_it_had_written_down() {
    let place = Place::new(sites());
    let mut expected = Vec::new();
    for life in 0..10_u32 {
        if life % 2 == 0 {
            place.service.set(Fault::SilentAfter);
        }
        let agent = place.agent();
        let from = place.clock.now();
        pass(63 + u64::from(life)).await;
        // What ended in the last second may not have been written down.
        let to = place.clock.now() - Duration::from_secs(1);
        expected.extend(grid("one/http", 10, from, to));
        agent.kill().await;
        place.service.set(Fault::None);
    }
    let agent = place.agent();
    pass(30).await;
    agent.stop().await;
    let came: BTreeSet<_> = place.service.slots("one/http").into_iter().collect();
    // The first life learns its plan from the service, which takes a moment.
    let missing: Vec<_> = expected.iter().filter(|slot| !came.contains(slot)).collect();
    assert!(missing.is_empty(), "{missing:?} of {}", expected.len());
    place.service.with(|s| assert_eq!(s.wrong, [] as [String; 0]));
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_cut_off_accuses_nobody() {
    let place = Place::new(sites());
    let agent = place.agent();
    pass(120).await;
    place.cable.cut(true);
    let cut = place.clock.now();
    pass(60).await;
    place.cable.cut(false);
    let mended = place.clock.now();
    pass(60).await;
    place.cable.lose("one.example", true);
    pass(30).await;
    agent.stop().await;
    let all = place.service.verdicts("one/http");
    let said = |from: Timestamp, to: Timestamp| -> BTreeSet<String> {
        all.iter().filter(|(slot, _)| (from..to).contains(slot)).map(|(_, said)| said.clone()).collect()
    };
    let broken = mended + Duration::from_secs(60);
    assert_eq!(said(cut, mended), BTreeSet::from(["unknown prober_isolated".to_owned()]));
    assert_eq!(said(Timestamp::MIN, cut), BTreeSet::from(["passed -".to_owned()]));
    assert_eq!(said(mended, broken), BTreeSet::from(["passed -".to_owned()]));
    assert_eq!(said(broken, Timestamp::MAX), BTreeSet::from(["failed connect".to_owned()]));
    let confirmed = place.service.with(|s| s.came.values().filter(|(v, _)| v["confirms"] == true).count());
    assert!((1..=6).contains(&confirmed), "a first failure is confirmed: {confirmed}");
}

#[tokio::test(start_paused = true)]
async fn a_new_plan_is_followed_at_once_and_what_has_not_changed_goes_on() {
    let place = Place::new(sites());
    let began = place.clock.now();
    let agent = place.agent();
    pass(95).await;
    let mut targets = sites();
    targets[1]["probes"][0]["every"] = json!("20s");
    targets.as_array_mut().unwrap().push(
        json!({ "name": "three", "url": "http://one.example/", "probes": [{ "type": "http", "every": "10s" }] }),
    );
    place.service.with(|s| (s.plan, s.version) = (targets, 2));
    let changed = place.clock.now();
    pass(120).await;
    place.service.with(|s| (s.plan, s.version) = (json!([sites()[0]]), 3));
    let again = place.clock.now();
    pass(60).await;
    let ended = place.clock.now() - Duration::from_secs(3);
    agent.stop().await;
    assert_eq!(
        place.service.slots("one/http").len(),
        grid("one/http", 10, began, ended).len(),
        "not one slot is missed"
    );
    // A report comes every ten seconds, and says which plan holds.
    let soon = Duration::from_secs(15);
    let three = place.service.slots("three/http");
    assert!(three[0] < changed + soon && *three.last().unwrap() < again + soon, "{three:?}");
    let two = place.service.slots("two/http");
    let slower: Vec<_> = two.iter().filter(|s| **s > changed + soon).copied().collect();
    assert!((4..=7).contains(&slower.len()), "{slower:?}");
    assert!(*two.last().unwrap() < again + soon);
    place.service.with(|s| {
        assert_eq!(s.plans, 3);
        assert!(s.unchanged >= 5, "{}", s.unchanged);
    });
}

#[tokio::test(start_paused = true)]
async fn without_the_service_an_agent_begins_with_the_plan_it_had() {
    let place = Place::new(sites());
    let agent = place.agent();
    pass(30).await;
    agent.stop().await;
    place.cable.lose("watch.example", true);
    let began = place.clock.now();
    let agent = place.agent();
    pass(300).await;
    place.cable.lose("watch.example", false);
    let mended = place.clock.now();
    pass(40).await;
    agent.stop().await;
    let due = grid("one/http", 10, began, mended);
    let came = place.service.slots("one/http");
    assert!(due.len() >= 29 && due.iter().all(|slot| came.contains(slot)));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_good_is_no_reason_to_forget_and_a_new_one_is_picked_up() {
    let place = Place::new(sites());
    let file = place.folder().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let began = place.clock.now();
    let agent = place.agent_with(Bearer::File(file.clone()));
    pass(60).await;
    place.service.with(|s| s.token = "another-one".into());
    pass(300).await;
    std::fs::write(&file, "another-one").unwrap();
    let changed = place.clock.now();
    pass(60).await;
    agent.stop().await;
    let (due, came) = (grid("one/http", 10, began, changed), place.service.slots("one/http"));
    assert!(due.iter().all(|slot| came.contains(slot)));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_at_once_is_sent_in_parts_and_what_makes_no_sense_goes_alone() {
    let place = Place::new(sites());
    let agent = place.agent();
    pass(30).await;
    place.cable.lose("watch.example", true);
    pass(600).await;
    place.service.with(|s| {
        s.most = 7;
        s.senseless = Some("two/http".into());
    });
    let began = place.clock.now() - Duration::from_secs(600);
    place.cable.lose("watch.example", false);
    let mended = place.clock.now();
    pass(90).await;
    agent.stop().await;
    let (due, came) = (grid("one/http", 10, began, mended), place.service.slots("one/http"));
    assert!(due.iter().all(|slot| came.contains(slot)), "{} of {}", came.len(), due.len());
    assert!(place.service.slots("two/http").iter().all(|slot| *slot < began));
    let largest = place.service.with(|s| s.reports.iter().map(|r| r.observations.len()).max());
    assert!(largest <= Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_report_says_how_far_our_clock_is_ahead() {
    let place = Place::new(sites());
    let theirs = Clock::simulated(START.parse::<Timestamp>().unwrap() - Duration::from_secs(90));
    place.service.with(|s| s.clock = theirs);
    let agent = place.agent();
    pass(60).await;
    agent.stop().await;
    let ahead = place.service.with(|s| s.reports.last().unwrap().clock_ahead_ms);
    assert!((89_900..=90_100).contains(&ahead.unwrap()), "{ahead:?}");
}
