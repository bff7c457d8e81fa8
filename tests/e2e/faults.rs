//! Every fault of the hub to practise on: what a launch finds, at which stage, within its own deadline, and that
//! nothing stays behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use launchwatch::clock::Clock;
use launchwatch::edges::memory::{MemoryNet, spawner};
use launchwatch::standin::{self, Fault, StandIn};
use launchwatch::tasks::Tasks;
use launchwatch_probes::net::{self, Net, NetError};
use launchwatch_probes::{CleanUp, Cx, CxParts, DebtId, Ledger, LedgerError, Outcome};
use tokio::time::Instant;

use crate::world::START;

/// Takes note of nothing: what is left behind is counted at the hub.
struct NoLedger;

#[async_trait::async_trait]
impl Ledger for NoLedger {
    async fn begun(&self, _: &DebtId, _: &str) -> Result<(), LedgerError> {
        Ok(())
    }
    async fn told(&self, _: &DebtId, _: &CleanUp) -> Result<(), LedgerError> {
        Ok(())
    }
    async fn settled(&self, _: &DebtId) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// A network that counts what is read through it.
struct Counting {
    net: MemoryNet,
    bytes: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Net for Counting {
    async fn send(&self, request: net::Request) -> Result<net::Response, NetError> {
        let mut answer = self.net.send(request).await?;
        let bytes = Arc::clone(&self.bytes);
        answer.body = Box::pin(answer.body.inspect(move |chunk| {
            bytes.fetch_add(chunk.as_ref().map_or(0, |c| c.len()), Ordering::Relaxed);
        }));
        Ok(answer)
    }
    async fn websocket(&self, request: net::Request) -> Result<net::Socket, NetError> {
        self.net.websocket(request).await
    }
    async fn resolve(&self, lookup: &net::Lookup) -> Result<Vec<String>, NetError> {
        self.net.resolve(lookup).await
    }
    async fn certificate(&self, host: &str, port: u16) -> Result<net::Chain, NetError> {
        self.net.certificate(host, port).await
    }
    async fn connect(&self, host: &str, port: u16) -> Result<net::Connected, NetError> {
        self.net.connect(host, port).await
    }
}

/// What a launch came to.
struct Came {
    outcome: Outcome,
    took: Duration,
    /// Servers left when all is followed up.
    left: usize,
    /// Bytes of answers that were read.
    bytes: usize,
}

const DEADLINE: Duration = Duration::from_secs(120);

/// One launch on a hub with this fault.
async fn launch(kind: &str, settings: serde_json::Value, fault: Fault) -> Came {
    let tasks = Tasks::new();
    let clock = Clock::simulated(START.parse().unwrap());
    let now = clock.clone();
    let spawn = spawner(&tasks);
    let doors = standin::Edges { now: Arc::new(move || now.now()), spawn: Arc::clone(&spawn), seed: 3 };
    let settings_of_hub = standin::Settings {
        public_url: Some("http://hub.example/".into()),
        hub_tokens: vec!["hub-token-of-ours".into()],
        uncached: vec!["gh/example/fresh".into()],
        ..Default::default()
    };
    let hub = StandIn::new(settings_of_hub, doors);
    hub.set_fault(None, fault);
    let net = MemoryNet::new(spawn).with_host("hub.example:80", hub.router());
    let target = url::Url::parse("http://hub.example/").unwrap();
    let probe = launchwatch_probes::kinds::kind(kind).unwrap().build(settings, &target).unwrap();
    let bytes = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut cx = Cx::new(CxParts {
        net: Arc::new(Counting { net, bytes: Arc::clone(&bytes) }),
        ledger: Arc::new(NoLedger),
        run: "run".into(),
        nonce: "abcdefgh12345678".into(),
        deadline: began + DEADLINE,
        user_agent: "launchwatch/test".into(),
        watcher: None,
        now: clock.now(),
    });
    let outcome = match tokio::time::timeout_at(began + DEADLINE, probe.run(&mut cx)).await {
        Ok(outcome) => outcome,
        Err(_) => cx.timed_out(),
    };
    let took = began.elapsed();
    let follow = cx.take_follow();
    hub.clear_faults();
    if let Some(follow) = follow {
        follow.await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let left = hub.snapshot().servers_running;
    tasks.stop();
    Came { outcome, took, left, bytes: bytes.load(Ordering::Relaxed) }
}

fn row(fault: Fault, outcome: &Outcome, took: Duration, left: usize) -> String {
    let reason = outcome.reason.map_or("-", |r| r.as_str());
    let stage = outcome.failed_stage.map_or("-", |s| s.as_str());
    let seconds = took.as_secs();
    format!(
        "{:<22}{:<10}{:<20}{:<10}{seconds:>4} s  left {left}",
        fault.name(),
        outcome.verdict,
        reason,
        stage
    )
}

async fn table(kind: &str, settings: serde_json::Value) -> String {
    let mut rows = Vec::new();
    for fault in Fault::ALL {
        let Came { outcome, took, left, .. } = launch(kind, settings.clone(), *fault).await;
        assert!(took <= DEADLINE, "{fault:?} took {took:?}");
        let text = serde_json::to_string(&outcome).unwrap();
        assert!(!text.contains("hub-token-of-ours"), "{text}");
        rows.push(row(*fault, &outcome, took, left));
    }
    rows.join("\n")
}

#[tokio::test(start_paused = true)]
async fn a_cached_launch_names_every_fault() {
    insta::assert_snapshot!(
        table("binder-launch", serde_json::json!({ "spec": "gh/example/tiny/v1" })).await
    );
}

#[tokio::test(start_paused = true)]
async fn a_fresh_launch_names_every_fault() {
    let settings = serde_json::json!({ "spec": "gh/example/fresh-{nonce}/v1", "mode": "fresh" });
    insta::assert_snapshot!(table("binder-launch", settings).await);
}

#[tokio::test(start_paused = true)]
async fn a_launch_through_the_hub_names_every_fault() {
    let settings = serde_json::json!({ "api_token": "hub-token-of-ours", "user_options": { "image": "example/tiny:v1", "token": "t0ken-of-the-server" } });
    insta::assert_snapshot!(table("jupyterhub-launch", settings).await);
}

#[tokio::test(start_paused = true)]
async fn a_flood_or_a_line_of_100_mb_is_left_before_it_fills_the_memory() {
    for (fault, most) in
        [(Fault::HugeLine, 4 << 20), (Fault::EndlessFlood, 80 << 20), (Fault::Garbage, 4 << 20)]
    {
        let came = launch("binder-launch", serde_json::json!({ "spec": "gh/example/tiny/v1" }), fault).await;
        assert!(came.bytes <= most, "{fault:?}: {} bytes were read", came.bytes);
    }
}
