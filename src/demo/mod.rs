//! The demo: the whole service against a built-in hub, with faults that can be switched.
//!
//! Nothing of it runs in the service itself. The hub is the stand-in, spoken to over real HTTP on loopback; the chat is
//! a page that shows what a channel posted to it.

mod chat;
mod pages;
mod past;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::app::App;
use crate::config::{self, Registries};
use crate::edges::{Edges, memory};
use crate::standin::{self, Spawner, StandIn};
use crate::store::{Retention, SqliteStore};
use crate::tasks::{OnExit, Tasks};

pub use chat::Chat;

/// The same demo every time.
const SEED: u64 = 20_180_707;
/// The hub's time-outs run this much faster than a real one's, so that nobody waits minutes for a failure.
const SPEED: f64 = 4.0;

/// Stands for the password `demo`, which everybody may know.
const PASSWORD: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bGF1bmNod2F0Y2gtZGVtbw$7yes708PlN4pdf2/DVcYC9NawGZKTLRRtT9ezudoS28";

/// Builds the demo: the hub on `hub`, pages on `pages`.
///
/// # Errors
/// A port is taken, or something cannot be built.
pub async fn build(edges: Edges, pages: SocketAddr, hub: SocketAddr) -> anyhow::Result<App> {
    let listener = TcpListener::bind(pages).await.with_context(|| format!("cannot listen on {pages}"))?;
    let hub = TcpListener::bind(hub).await.with_context(|| format!("cannot listen on {hub}"))?;
    let (page_address, hub_address) = (listener.local_addr()?, hub.local_addr()?);
    let text = configuration(hub_address, page_address);
    let chat_url = |name: &str| match name {
        "DEMO_PASSWORD" => Some(PASSWORD.to_owned()),
        _ => Some(format!("http://{page_address}/demo/chat")),
    };
    let (mut config, _) =
        config::load_text("the demo's configuration", &text, Registries::BUILT_IN, &chat_url)
            .map_err(|problems| anyhow::anyhow!("{}", config::told(&problems)))?;
    // What is looked at lives in this process: no line of ours lies between.
    config.service.witnesses.clear();
    let clock = edges.clock.clone();
    let started = clock.now();
    let store = SqliteStore::in_memory(Retention::default())?.with_clock(move || clock.now());
    past::write(&store, &config, started).await.context("cannot write down the made-up past")?;
    let hint = "This is a demo: sign in as `demo` with the password `demo`.".to_owned();
    let app = App::build(config, edges.clone(), Arc::new(store), Some(listener))?.with_sign_in_hint(hint);
    // The hub's tasks are cut off with the process: nobody waits for a hub that is made up.
    let hub_tasks = Tasks::new();
    let spawn = memory::spawner(&hub_tasks);
    let stand_in = stand_in(&edges, &spawn, format!("http://{hub_address}/"));
    let chat = Chat::new(edges.clock.clone());
    serve_hub(&app.tasks(), hub, &stand_in, spawn);
    let extra = pages::extra(stand_in.clone(), chat.clone());
    Ok(app.with_pages(pages::router(stand_in, chat), extra))
}

fn stand_in(edges: &Edges, spawn: &Spawner, url: String) -> StandIn {
    let clock = edges.clock.clone();
    let doors = standin::Edges { now: Arc::new(move || clock.now()), spawn: Arc::clone(spawn), seed: SEED };
    let settings = standin::Settings {
        public_url: Some(url),
        launch_seconds: 2.0,
        build_seconds: 5.0,
        speed: SPEED,
        ..standin::Settings::default()
    };
    StandIn::new(settings, doors)
}

fn serve_hub(tasks: &Tasks, listener: TcpListener, hub: &StandIn, spawn: Spawner) {
    let (router, stop) = (hub.router(), tasks.clone());
    tasks.spawn("hub", OnExit::Fine, async move {
        let stopped = async move {
            stop.stopped().await;
        };
        if let Err(error) = standin::serve(listener, router, &spawn, stopped).await {
            tracing::error!(%error, "the demo's hub is gone");
        }
    });
}

/// Faster than any real deployment should be probed, so that an outage is told within half a minute.
fn configuration(hub: SocketAddr, pages: SocketAddr) -> String {
    format!(
        r#"version: 1
service: {{ public_url: "http://{pages}/", grace: 6s, witnesses: [] }}
targets:
  - name: demo-hub
    url: http://{hub}/
    probes:
      - {{ type: binderhub-health, name: health, every: 5s, deadline: 4s }}
      - {{ type: binder-launch, name: cached-launch, spec: gh/launchwatch/demo/v1, every: 10s, deadline: 30s, overlap: queue, confirm_after: 3s, retry_patience: 8s }}
      - {{ type: http, name: front-page, every: 5s, deadline: 4s }}
access:
  passwords: [{{ name: demo, password: env:DEMO_PASSWORD, role: operator }}]
channels:
  - type: webhook
    name: demo-chat
    url: env:DEMO_CHAT
rules:
  - {{ name: success-zero, failures: 2 }}
"#
    )
}
