//! A world: the whole service, a hub in memory, a post office, one clock, one seed.

use std::sync::Arc;
use std::time::Duration;

use launchwatch::app::App;
use launchwatch::clock::Clock;
use launchwatch::config::{self, Config, Registries};
use launchwatch::dice::Dice;
use launchwatch::edges::Edges;
use launchwatch::edges::memory::MemoryNet;
use launchwatch::pipeline::deliveries::Reload;
use launchwatch::standin::{self, Fault, StandIn};
use launchwatch::store::{Retention, SqliteStore, Store};
use launchwatch::tasks::Tasks;
use launchwatch::web;
use tower::ServiceExt;

use crate::cable::Cable;
pub use crate::post::PostOffice;
use crate::sites::Sites;

/// A world that runs.
pub struct World {
    pub hub: StandIn,
    pub post: PostOffice,
    pub sites: Sites,
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

/// What commands need in every world.
pub const TOKEN: &str = "the-token-of-this-world";

/// What opens the Hub's API in every world.
pub const HUB_TOKEN: &str = "the-token-of-the-hub";

pub const START: &str = "2018-07-07T12:00:00Z";

pub fn configuration(text: &str) -> Config {
    let env = |name: &str| match name {
        "HOOK" => Some("http://chat.example/hook".to_owned()),
        other => Some(format!("http://{}.example/hook", other.to_lowercase())),
    };
    configuration_with(text, &env)
}

/// The same with an environment of one's own.
pub fn configuration_with(text: &str, env: config::Environment<'_>) -> Config {
    let loaded = config::load_text("test.yaml", text, Registries::BUILT_IN, env);
    let mut config = loaded.unwrap_or_else(|problems| panic!("{}", config::told(&problems))).0;
    // The well-known ones are not of this world.
    config.service.witnesses.clear();
    config
}

/// The three looks an operator would begin with.
pub const THREE_PROBES: &str = r#"version: 1
service: { witnesses: [] }
targets:
  - name: hub
    url: http://hub.example/
    probes:
      - { type: http, name: site, every: 30s }
      - { type: binderhub-health, name: health, every: 60s }
      - { type: binder-launch, name: cached, spec: gh/example/tiny/v1, every: 2m }
channels:
  - { type: webhook, name: ops, url: env:HOOK }
rules:
  - { name: success-zero, failures: 2 }
"#;

/// What a world begins with.
pub struct Setting {
    pub config: Config,
    pub seed: u64,
    pub clock: Clock,
    pub store: Arc<SqliteStore>,
    /// The hub and the post office, where they are there already.
    pub before: Option<(StandIn, PostOffice)>,
    pub sites: Sites,
    pub reload: Option<Reload>,
}

impl Setting {
    pub fn new(config: Config, seed: u64) -> Self {
        let clock = Clock::simulated(START.parse().unwrap());
        let date = clock.clone();
        let store = SqliteStore::in_memory(Retention::default()).unwrap();
        let store = Arc::new(store.with_clock(move || date.now()));
        Self { config, seed, clock, store, before: None, sites: Sites::default(), reload: None }
    }
}

impl World {
    pub async fn start(config: Config, seed: u64) -> Self {
        let Setting { config, clock, store, .. } = Setting::new(config, seed);
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
        let sites = Sites::default();
        Self::begin(Setting { config, seed, clock, store, before, sites, reload: None }).await
    }

    pub async fn begin(setting: Setting) -> Self {
        let Setting { config, seed, clock, store, before, sites, reload } = setting;
        let outside = Tasks::new();
        let spawn = launchwatch::edges::memory::spawner(&outside);
        let now = clock.clone();
        let doors = standin::Edges { now: Arc::new(move || now.now()), spawn: Arc::clone(&spawn), seed };
        let (hub, post) = before.unwrap_or_else(|| {
            let settings = standin::Settings {
                public_url: Some("http://hub.example/".into()),
                hub_tokens: vec![HUB_TOKEN.into()],
                ..Default::default()
            };
            (StandIn::new(settings, doors), PostOffice::new(clock.clone()))
        });
        let net = MemoryNet::new(spawn)
            .with_host("hub.example:80", hub.router())
            .with_host("sites.example:80", sites.router());
        let cable = Cable::default();
        let edges = Edges {
            clock: clock.clone(),
            net: Arc::new(cable.over(net)),
            post: Arc::new(post.clone()),
            dice: Dice::seeded(seed),
        };
        let app = App::build(config, edges, Arc::clone(&store) as Arc<dyn Store>, None).unwrap();
        let app = app.with_token(&TOKEN.to_owned().into());
        let app = match reload {
            Some(reload) => app.with_reload(reload),
            None => app,
        };
        let pages = web::router(app.sources());
        let tasks = app.tasks();
        #[expect(clippy::disallowed_methods, reason = "the world's own task")]
        let ended = tokio::spawn(async move { app.run().await.unwrap() });
        Self { hub, post, sites, cable, clock, store, pages, outside, app: tasks, ended }
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

    /// Ends the service as `kill -9` would: nothing is drained, nothing more is written. Gives what another one can
    /// begin with in the same world.
    pub async fn kill(self, config: Config) -> Setting {
        let Self { hub, post, sites, clock, store, outside, app, ended, .. } = self;
        ended.abort();
        let _ = ended.await;
        app.drain(Duration::ZERO).await;
        outside.stop();
        Setting { config, seed: 1, clock, store, before: Some((hub, post)), sites, reload: None }
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
