//! Two replicas on one store: one leads, the other takes over in the middle of an incident, and nobody is told twice.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use launchwatch::app::App;
use launchwatch::clock::Clock;
use launchwatch::dice::Dice;
use launchwatch::edges::Edges;
use launchwatch::edges::memory::{MemoryNet, spawner};
use launchwatch::follower::keeper::Candidate;
use launchwatch::lead::Lead;
use launchwatch::standin::{self, Fault, StandIn};
use launchwatch::store::together::memory::{Line, Shared};
use launchwatch::store::{IncidentQuery, Retention, RunQuery, SqliteStore, Store, Together};
use launchwatch::tasks::Tasks;
use launchwatch::terms::Terms;
use launchwatch::web;
use launchwatch_alerts::{Envelope, Post, Reply, Undelivered};
use serde_json::{Value, json};

use crate::commands::say;
use crate::world::{PostOffice, START, TOKEN, ask, configuration};

const TWO_PROBES: &str = r#"version: 1
service: { witnesses: [], lease: 15s }
targets:
  - name: hub
    url: http://hub.example/
    probes:
      - { type: http, name: site, every: 10s }
      - { type: binderhub-health, name: health, every: 30s }
channels:
  - { type: webhook, name: ops, url: env:HOOK }
rules:
  - { name: success-zero, failures: 2 }
"#;

const SECOND: Duration = Duration::from_secs(1);

/// Notes who posts, and when.
struct Marked(&'static str, PostOffice, Clock, Arc<Mutex<Vec<(jiff::Timestamp, &'static str)>>>);

#[async_trait]
impl Post for Marked {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        self.3.lock().unwrap().push((self.2.now(), self.0));
        self.1.deliver(envelope).await
    }
}

/// What replicas share.
struct House {
    hub: StandIn,
    post: PostOffice,
    posted: Arc<Mutex<Vec<(jiff::Timestamp, &'static str)>>>,
    clock: Clock,
    store: Arc<SqliteStore>,
    shared: Shared,
    outside: Tasks,
}

/// One of them.
struct Replica {
    line: Line,
    pages: Arc<Mutex<Option<axum::Router>>>,
    tasks: Tasks,
    terms: Arc<Mutex<Vec<Tasks>>>,
    ended: tokio::task::JoinHandle<()>,
}

impl House {
    fn new() -> Self {
        let clock = Clock::simulated(START.parse().unwrap());
        let date = clock.clone();
        let store = SqliteStore::in_memory(Retention::default()).unwrap().at_once();
        let store = Arc::new(store.with_clock(move || date.now()));
        let outside = Tasks::new();
        let (now, spawn) = (clock.clone(), spawner(&outside));
        let doors = standin::Edges { now: Arc::new(move || now.now()), spawn, seed: 7 };
        let settings =
            standin::Settings { public_url: Some("http://hub.example/".into()), ..Default::default() };
        let shared = Shared::new(Arc::clone(&store));
        let (hub, post) = (StandIn::new(settings, doors), PostOffice::new(clock.clone()));
        Self { hub, post, posted: Arc::default(), clock, store, shared, outside }
    }

    fn start(&self, name: &'static str, seed: u64) -> Replica {
        let line = self.shared.line();
        let net = MemoryNet::new(spawner(&self.outside)).with_host("hub.example:80", self.hub.router());
        let post = Marked(name, self.post.clone(), self.clock.clone(), Arc::clone(&self.posted));
        let edges = Edges {
            clock: self.clock.clone(),
            net: Arc::new(net),
            post: Arc::new(post),
            dice: Dice::seeded(seed),
        };
        let candidate = Candidate {
            together: Arc::new(line.clone()) as Arc<dyn Together>,
            name: name.into(),
            length: 15 * SECOND,
            lead: Lead::of(name),
            clock: self.clock.clone(),
        };
        let (pages, terms) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Vec::new())));
        let (shows, lives) = (Arc::clone(&pages), Arc::clone(&terms));
        let (dice, tasks) = (edges.dice.clone(), Tasks::new());
        let build = Box::new(move |store, term| {
            let app = App::build(configuration(TWO_PROBES), edges.clone(), store, None)?;
            let app = app.with_token(&TOKEN.to_owned().into()).with_term(term);
            *shows.lock().unwrap() = Some(web::router(app.sources()));
            lives.lock().unwrap().push(app.tasks());
            Ok(app)
        });
        let life = Terms { candidate, build, dice, tasks: tasks.clone(), grace: 5 * SECOND };
        #[expect(clippy::disallowed_methods, reason = "the replica's own task")]
        let ended = tokio::spawn(async move { life.run().await.unwrap() });
        Replica { line, pages, tasks, terms, ended }
    }

    async fn incidents(&self) -> Vec<launchwatch_alerts::Incident> {
        self.store.incidents(10).await.unwrap()
    }

    /// What was told of the hub.
    fn kinds(&self) -> Vec<String> {
        let told = self.post.letters_of("chat.example");
        told.into_iter().filter(|l| !l.body.contains("\"target\":\"launchwatch\"")).map(|l| l.kind).collect()
    }

    /// Who posted since.
    fn posted_since(&self, since: jiff::Timestamp) -> Vec<&'static str> {
        let posted = self.posted.lock().unwrap();
        posted.iter().filter(|(at, _)| *at >= since).map(|(_, who)| *who).collect()
    }
}

impl Replica {
    fn router(&self) -> axum::Router {
        self.pages.lock().unwrap().clone().unwrap()
    }

    async fn get(&self, path: &str) -> String {
        ask(&self.router(), path).await.1
    }

    /// What it says of itself.
    async fn stand(&self) -> String {
        self.get("/readyz").await.trim().to_owned()
    }

    async fn kill(self) {
        self.ended.abort();
        let _ = self.ended.await;
        self.tasks.drain(Duration::ZERO).await;
        let terms = std::mem::take(&mut *self.terms.lock().unwrap());
        for tasks in terms {
            tasks.drain(Duration::ZERO).await;
        }
    }

    async fn stop(self) {
        self.tasks.stop();
        self.ended.await.unwrap();
    }
}

async fn pass(seconds: u32) {
    tokio::time::sleep(seconds * SECOND).await;
}

/// Two replicas, the hub down, and the first leader has told of it.
async fn in_trouble() -> (House, Replica, Replica) {
    let house = House::new();
    let a = house.start("a", 1);
    pass(2).await;
    let b = house.start("b", 2);
    pass(120).await;
    assert_eq!(
        (a.stand().await.as_str(), b.stand().await.as_str()),
        ("ready: a leads", "ready: b follows a")
    );
    house.hub.set_fault(None, Fault::HubDown);
    pass(60).await;
    assert_eq!(house.kinds(), ["opened"]);
    (house, a, b)
}

async fn one_incident_told_once(house: &House, id: &str) {
    let incidents = house.incidents().await;
    assert_eq!(incidents.iter().map(|i| i.id.0.as_str()).collect::<Vec<_>>(), [id]);
    assert!(incidents[0].resolved_at.is_some());
    assert_eq!(house.kinds(), ["opened", "resolved"]);
    let keys: std::collections::BTreeSet<_> = house.post.letters().into_iter().map(|l| l.key).collect();
    assert_eq!(keys.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_tells_nothing_and_the_next_goes_on_with_the_same_incident() {
    let (house, a, b) = in_trouble().await;
    let id = house.incidents().await[0].id.0.clone();
    a.line.cut(true);
    let cut = house.clock.now();
    pass(30).await;
    assert_eq!(b.stand().await, "ready: b leads");
    assert_eq!(house.shared.epoch(), 2);
    house.hub.set_fault(None, Fault::None);
    pass(600).await;
    one_incident_told_once(&house, &id).await;
    let after = house.posted_since(cut + 15 * SECOND);
    assert!(!after.is_empty() && after.iter().all(|who| *who == "b"), "{after:?}");
    // Cut off, it went on looking, and shows it; when it hears that it is deposed, it follows.
    a.line.cut(false);
    pass(30).await;
    assert_eq!(a.stand().await, "ready: a follows b");
    house.hub.set_fault(None, Fault::HubDown);
    pass(120).await;
    assert_eq!(house.kinds(), ["opened", "resolved", "opened"]);
    assert!(house.posted_since(cut + 15 * SECOND).iter().all(|who| *who == "b"));
    assert_eq!(house.shared.epoch(), 2);
    a.stop().await;
    b.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_for_a_moment_goes_on_and_has_lost_nothing() {
    let (house, a, b) = in_trouble().await;
    // For less than its lease lasts.
    a.line.cut(true);
    let from = house.clock.now();
    pass(9).await;
    a.line.cut(false);
    b.line.cut(true);
    pass(30).await;
    assert_eq!((a.stand().await.as_str(), house.shared.epoch()), ("ready: a leads", 1));
    let to = from + 9 * SECOND;
    let query = RunQuery { from: Some(from), to: Some(to), limit: 100, ..RunQuery::default() };
    assert!(!house.store.runs(&query).await.unwrap().is_empty(), "probing went on, and it is written down");
    b.stop().await;
    a.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_database_is_away_looking_goes_on_nobody_is_told_and_nothing_is_lost() {
    let house = House::new();
    let (a, b) = (house.start("a", 1), house.start("b", 2));
    pass(120).await;
    let (first, second) = if a.stand().await == "ready: a leads" { (a, b) } else { (b, a) };
    let from = house.clock.now();
    first.line.cut(true);
    second.line.cut(true);
    pass(20).await;
    house.hub.set_fault(None, Fault::HubDown);
    pass(580).await;
    assert_eq!(house.kinds(), [""; 0], "nobody knows who else may tell");
    first.line.cut(false);
    pass(5).await;
    second.line.cut(false);
    pass(30).await;
    assert_eq!(house.shared.epoch(), 1, "nobody took over: it goes on");
    assert_eq!(house.kinds(), ["opened"]);
    let query =
        RunQuery { from: Some(from), to: Some(from + 600 * SECOND), limit: 1_000, ..RunQuery::default() };
    let runs = house.store.runs(&query).await.unwrap();
    assert!(runs.len() >= 60 + 20, "ten minutes of looks are there: {}", runs.len());
    house.hub.set_fault(None, Fault::None);
    pass(600).await;
    assert_eq!(house.kinds(), ["opened", "resolved"]);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_stops_in_good_order_is_followed_at_once() {
    let (house, a, b) = in_trouble().await;
    let id = house.incidents().await[0].id.0.clone();
    a.stop().await;
    pass(2).await;
    assert_eq!(b.stand().await, "ready: b leads");
    house.hub.set_fault(None, Fault::None);
    pass(600).await;
    one_incident_told_once(&house, &id).await;
    b.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_shows_what_the_leader_found_and_hands_over_what_it_is_asked_for() {
    let (house, a, b) = in_trouble().await;
    let page: Value = serde_json::from_str(&b.get("/api/v1/status").await).unwrap();
    assert!(!page["targets"][0]["incident"].is_null(), "{page}");
    let figures = b.get("/metrics").await;
    assert!(
        figures.contains("launchwatch_leader 0") && !figures.contains("launchwatch_runs_total"),
        "{figures}"
    );
    assert!(a.get("/metrics").await.contains("launchwatch_leader 1"));
    assert!(b.get("/").await.contains("b follows a"));

    let path = "/api/v1/incidents/hub/acknowledge";
    let (status, answer) = say(&b.router(), "POST", path, json!({"by": "ada", "for": "3h"})).await;
    assert_eq!((status, answer["acknowledged"]["by"].as_str()), (200, Some("ada")), "{answer}");
    pass(5).await;
    assert_eq!(house.kinds(), ["opened", "acknowledged"], "the leader told it");
    let (status, answer) = say(&b.router(), "GET", "/api/v1/rules", Value::Null).await;
    assert_eq!(status, 200, "{answer}");

    // Without a leader it is not done, also not later.
    b.line.cut(true);
    a.kill().await;
    let (status, answer) = say(&b.router(), "POST", path, json!({"by": "bob", "for": "3h"})).await;
    assert!(status >= 500, "{status} {answer}");
    b.line.cut(false);
    pass(60).await;
    assert_eq!(b.stand().await, "ready: b leads");
    let open = IncidentQuery { open: Some(true), before: None, limit: 10 };
    let open = house.store.find_incidents(&open).await.unwrap();
    assert_eq!(open[0].ack.as_ref().map(|ack| ack.by.as_str()), Some("ada"));
    b.stop().await;
}
