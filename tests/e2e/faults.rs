//! Every fault of the hub to practise on: what a launch finds, at which stage, within its own deadline, and that
//! nothing stays behind.

use std::sync::Arc;
use std::time::Duration;

use launchwatch::clock::Clock;
use launchwatch::edges::memory::{MemoryNet, spawner};
use launchwatch::standin::{self, Fault, StandIn};
use launchwatch::tasks::Tasks;
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

const DEADLINE: Duration = Duration::from_secs(120);

/// One launch on a hub with this fault: what was found, how long it took, servers left when all is followed up.
async fn launch(kind: &str, settings: serde_json::Value, fault: Fault) -> (Outcome, Duration, usize) {
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
    let began = Instant::now();
    let mut cx = Cx::new(CxParts {
        net: Arc::new(net),
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
    (outcome, took, left)
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
        let (outcome, took, left) = launch(kind, settings.clone(), *fault).await;
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
