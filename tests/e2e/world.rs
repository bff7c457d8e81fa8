//! A world: the whole service, a hub in memory, a post office, one clock, one seed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use launchwatch::app::App;
use launchwatch::clock::Clock;
use launchwatch::config::{self, Config, Registries};
use launchwatch::dice::Dice;
use launchwatch::edges::Edges;
use launchwatch::edges::memory::MemoryNet;
use launchwatch::standin::{self, Fault, StandIn};
use launchwatch::store::{Retention, SqliteStore, Store};
use launchwatch::tasks::Tasks;
use launchwatch::web;
use tower::ServiceExt;

use crate::cable::Cable;
use launchwatch_alerts::{Envelope, Post, Reply, Undelivered};

/// One letter that reached the post office.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    pub at: Timestamp,
    pub key: String,
    pub kind: String,
    pub body: String,
}

/// Takes every letter, or refuses it on order.
#[derive(Clone)]
pub struct PostOffice {
    clock: Clock,
    letters: Arc<Mutex<Vec<Posted>>>,
    closed: Arc<Mutex<bool>>,
}

impl PostOffice {
    fn new(clock: Clock) -> Self {
        Self { clock, letters: Arc::default(), closed: Arc::default() }
    }

    pub fn letters(&self) -> Vec<Posted> {
        self.letters.lock().unwrap().clone()
    }

    pub fn close(&self, closed: bool) {
        *self.closed.lock().unwrap() = closed;
    }
}

#[async_trait]
impl Post for PostOffice {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        tokio::time::sleep(Duration::from_millis(120)).await;
        if *self.closed.lock().unwrap() {
            return Err(Undelivered { step: "connect", detail: "refused".into() });
        }
        let Envelope::Http(request) = envelope else { panic!("this world has no mail") };
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        let key = request.headers().get("idempotency-key").map_or("", |v| v.to_str().unwrap()).to_owned();
        let kind = json["kind"].as_str().unwrap_or_default().to_owned();
        self.letters.lock().unwrap().push(Posted { at: self.clock.now(), key, kind, body });
        Ok(Reply::Http { status: 200, headers: http::HeaderMap::new(), body: bytes::Bytes::new() })
    }
}

/// A world that runs.
pub struct World {
    pub hub: StandIn,
    pub post: PostOffice,
    /// The line to everything that is looked at.
    pub cable: Cable,
    pub clock: Clock,
    pub store: Arc<SqliteStore>,
    /// What is served over HTTP.
    pub pages: axum::Router,
    /// Tasks of the hub and of the connections: the world outside the service.
    outside: Tasks,
    app: Tasks,
    ended: tokio::task::JoinHandle<()>,
}

pub const START: &str = "2018-07-07T12:00:00Z";

pub fn configuration(text: &str) -> Config {
    let env = |_: &str| Some("http://chat.example/hook".to_owned());
    let loaded = config::load_text("test.yaml", text, Registries::BUILT_IN, &env);
    let mut config = loaded.unwrap_or_else(|problems| panic!("{}", config::told(&problems))).0;
    // The well-known ones are not of this world.
    config.service.witnesses.clear();
    config
}

/// The three looks an operator would begin with.
pub const THREE_PROBES: &str = r#"version: 1
targets:
  - name: hub
    url: http://hub.example/
    probes:
      - { type: http, name: site, every: 30s }
      - { type: binderhub-health, name: health, every: 60s }
      - { type: binder-launch, name: cached, spec: gh/example/tiny/v1, every: 2m }
channels:
  - { type: webhook, name: ops, url: env:HOOK }
"#;

impl World {
    pub async fn start(config: Config, seed: u64) -> Self {
        let clock = Clock::simulated(START.parse().unwrap());
        let date = clock.clone();
        let store = SqliteStore::in_memory(Retention::default()).unwrap();
        let store = Arc::new(store.with_clock(move || date.now()));
        Self::start_with(config, seed, clock, store, None).await
    }

    /// Starts a service in a world; with `hub`, in a world that is there already.
    pub async fn start_with(
        config: Config,
        seed: u64,
        clock: Clock,
        store: Arc<SqliteStore>,
        before: Option<(StandIn, PostOffice)>,
    ) -> Self {
        let outside = Tasks::new();
        let spawn = launchwatch::edges::memory::spawner(&outside);
        let now = clock.clone();
        let doors = standin::Edges { now: Arc::new(move || now.now()), spawn: Arc::clone(&spawn), seed };
        let (hub, post) = before.unwrap_or_else(|| {
            let settings =
                standin::Settings { public_url: Some("http://hub.example/".into()), ..Default::default() };
            (StandIn::new(settings, doors), PostOffice::new(clock.clone()))
        });
        let net = MemoryNet::new(spawn).with_host("hub.example:80", hub.router());
        let cable = Cable::default();
        let edges = Edges {
            clock: clock.clone(),
            net: Arc::new(cable.over(net)),
            post: Arc::new(post.clone()),
            dice: Dice::seeded(seed),
        };
        let app = App::build(config, edges, Arc::clone(&store) as Arc<dyn Store>, None).unwrap();
        let pages = web::router(web::Sources {
            board: app.board(),
            store: Arc::clone(&store) as Arc<dyn Store>,
            metrics: app.metrics(),
            clock: clock.clone(),
            extra: Arc::new(|| maud::html! {}),
        });
        let tasks = app.tasks();
        #[expect(clippy::disallowed_methods, reason = "the world's own task")]
        let ended = tokio::spawn(async move { app.run().await.unwrap() });
        Self { hub, post, cable, clock, store, pages, outside, app: tasks, ended }
    }

    /// Lets time pass.
    pub async fn run_for(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    pub fn break_hub(&self, fault: Fault) {
        self.hub.set_fault(None, fault);
    }

    /// What a path answers: status and body.
    pub async fn get(&self, path: &str) -> (u16, String) {
        ask(&self.pages, path).await
    }

    /// Stops the service in good order.
    pub async fn stop(self) -> (StandIn, PostOffice, Arc<SqliteStore>) {
        self.app.stop();
        self.ended.await.unwrap();
        self.outside.stop();
        (self.hub, self.post, self.store)
    }
}

/// What a path of these pages answers: status and body.
pub async fn ask(pages: &axum::Router, path: &str) -> (u16, String) {
    let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
    let answer = pages.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}
