//! A hundred power cuts at random moments in a service that launches: nothing told is lost, no server stays.

mod practice;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use launchwatch::standin::Fault;
use launchwatch::store::{DeliveryState, Retention, RunQuery, SqliteStore, Store};
use tokio::time::Instant;

use self::practice::{HUB_TOKEN, Practice};
use self::witness::Witness;
use crate::kit::chat::Sink;
use crate::kit::service::{Home, Serve, debts};
use crate::kit::wait::{so, until};

const KILLS: u32 = 100;
/// The lives in which launches on the BinderHub fail.
const OUTAGE: std::ops::Range<u32> = 35..65;
/// How long a life lasts, in milliseconds.
const LIFE: std::ops::Range<u64> = 50..1_100;
/// How far an end that is kept in compact form may be off: a hundredth of a launch.
const BLUR: f64 = 0.02;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_at_random_moments_lose_no_run_no_notification_and_leave_no_server() {
    let seed =
        std::env::var("LIVE_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    eprintln!("LIVE_SEED={seed}");
    let mut dice = fastrand::Rng::with_seed(seed);
    let hub = Practice::start(seed).await;
    let sink = Sink::start().await;
    let secrets = [("HUB_TOKEN", HUB_TOKEN), ("HOOK", sink.url.as_str())];
    let home = Home::new(&configuration(&hub.url, true), &secrets);
    let mut witness = Witness::default();
    let began = Instant::now();
    for kill in 0..KILLS {
        hub.set(if OUTAGE.contains(&kill) { Fault::InternalError } else { Fault::None });
        let serve = home.serve().await;
        let end = Instant::now() + Duration::from_millis(dice.u64(LIFE));
        while Instant::now() < end {
            if let Ok(status) = serve.status().await {
                witness.look(&status);
            }
            tokio::time::sleep_until(end.min(Instant::now() + Duration::from_millis(25))).await;
        }
        serve.kill();
        witness.forget_what_was_not_confirmed();
    }
    eprintln!("{KILLS} kills in {:.0} s", began.elapsed().as_secs_f64());
    let serve = home.serve().await;
    until("the incident to be over", 60, async || over(&serve).await).await;
    assert_eq!(serve.stop(40).await, Some(0));

    // One more life without launches: whatever is still owed is paid, and then nothing may be left.
    home.rewrite(&configuration(&hub.url, false));
    let serve = home.serve().await;
    until("all debts to be paid", 90, async || settled(&serve).await).await;
    let shown = serve
        .metric("launchwatch_debts", &["state=\"abandoned\""])
        .await
        .expect("abandoned launches are shown");
    assert_eq!(serve.stop(40).await, Some(0));

    let state = home.path().join("state");
    let debts: BTreeMap<String, u32> = debts(&state).into_iter().collect();
    eprintln!("debts: {debts:?}; the hub: {:?}", hub.snapshot());
    let abandoned = debts.get("abandoned").copied().unwrap_or_default();
    assert!((shown - f64::from(abandoned)).abs() < 0.5, "{abandoned} are abandoned, {shown} are shown");
    no_server_is_left(&hub, abandoned).await;
    let store = SqliteStore::open(&state, Retention::default()).expect("the store opens");
    every_acknowledged_run_is_there(&store, &witness).await;
    nothing_owed_is_lost(&store, &sink).await;
    let tokens = hub.tokens();
    let labelled = tokens.iter().map(|t| ("a token", t.as_str()));
    assert_eq!(home.leaks(labelled), Vec::<String>::new(), "tokens of user servers or the hub in clear");
}

/// Servers that were used were told of: each must be gone. The rest was cut off before it was told, and is counted.
async fn no_server_is_left(hub: &Practice, abandoned: u32) {
    // The hub notices after a moment that the process of a server has ended.
    let left = until("servers that launchwatch was told of to be gone", 20, async || {
        let left = hub.servers().await;
        let told: Vec<_> = left.intersection(&hub.used()).cloned().collect();
        so(told.is_empty(), told).map(|()| left)
    })
    .await;
    let ours: Vec<_> = hub.users().await.into_iter().filter(|u| u.starts_with("launchwatch-")).collect();
    assert!(ours.is_empty(), "users that launchwatch made are still there: {ours:?}");
    let count = u32::try_from(left.len()).expect("a few");
    assert!(
        count <= abandoned,
        "{count} servers are left, and only {abandoned} launches are on record as abandoned"
    );
    eprintln!(
        "{count} servers were never named to us and are left to the culler; {} were used",
        hub.used().len()
    );
    assert!(hub.used().len() > 20, "hardly anything was launched: this proves nothing");
}

async fn every_acknowledged_run_is_there(store: &SqliteStore, witness: &Witness) {
    let mut kept = BTreeMap::<String, Vec<f64>>::new();
    for run in store.runs(&RunQuery { limit: 1_000_000, ..RunQuery::default() }).await.expect("runs") {
        kept.entry(run.probe.to_string()).or_default().push(witness::seconds(run.ended()));
    }
    let mut lost = Vec::new();
    for (probe, ended) in witness.acknowledged() {
        let at = witness::seconds(*ended);
        let there = kept.get(probe).is_some_and(|ends| ends.iter().any(|end| (end - at).abs() < BLUR));
        if !there {
            lost.push((probe, ended));
        }
    }
    let counts: BTreeMap<_, _> = kept.iter().map(|(probe, runs)| (probe, runs.len())).collect();
    eprintln!("{} runs were acknowledged; kept: {counts:?}", witness.acknowledged().len());
    assert!(lost.is_empty(), "acknowledged runs are lost: {lost:?}");
    assert!(witness.acknowledged().len() > 100, "hardly any run was acknowledged: this proves nothing");
}

async fn nothing_owed_is_lost(store: &SqliteStore, sink: &Sink) {
    let incidents = store.incidents(1_000).await.expect("incidents");
    assert!(!incidents.is_empty(), "the outage made no incident");
    let mut came = BTreeMap::<String, u32>::new();
    for post in sink.posts() {
        let id = post.body["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(post.key, id, "the receiver's key against doubles is the id");
        *came.entry(id).or_default() += 1;
    }
    for incident in &incidents {
        assert!(incident.resolved_at.is_some(), "{incident:?}");
        for kind in ["opened", "resolved"] {
            let of = |p: &crate::kit::chat::Post| p.body["incident"] == incident.id.0.as_str();
            let ids: BTreeSet<_> =
                sink.of_kind(kind).iter().filter(|p| of(p)).map(|p| p.key.clone()).collect();
            assert_eq!(ids.len(), 1, "{kind} of {} came under these ids: {ids:?}", incident.id);
        }
    }
    for delivery in store.deliveries(1_000).await.expect("deliveries") {
        assert_eq!(delivery.state, DeliveryState::Delivered, "{delivery:?}");
        assert!(
            came.contains_key(&delivery.notification.0),
            "said to be delivered, and never came: {delivery:?}"
        );
    }
    let doubles: u32 = came.values().map(|n| n - 1).sum();
    eprintln!("{} incidents; {} notifications came, {doubles} of them twice", incidents.len(), came.len());
    assert!(doubles <= KILLS, "more doubles than kills: {came:?}");
}

async fn over(serve: &Serve) -> Result<(), String> {
    let status = serve.status().await?;
    let targets = status["targets"].as_array().ok_or_else(|| status.to_string())?;
    so(targets.iter().all(|t| t["incident"].is_null()), &status)?;
    let owed = serve.metric("launchwatch_outbox_owed", &[]).await?;
    so(owed == 0.0, owed)
}

async fn settled(serve: &Serve) -> Result<(), String> {
    let told = serve.metric("launchwatch_debts", &["state=\"told\""]).await?;
    let begun = serve.metric("launchwatch_debts", &["state=\"begun\""]).await?;
    so(told + begun == 0.0, (told, begun))
}

/// A busy service, or the same one that launches nothing any more.
fn configuration(hub: &str, busy: bool) -> String {
    let (launch, page) = if busy { ("500ms", "100ms") } else { ("24h", "24h") };
    let page_deadline = if busy { "100ms" } else { "5s" };
    format!(
        r#"version: 1
service: {{ listen: "127.0.0.1:0", state: state, grace: 10s, witnesses: [], limits: {{ launches_per_target: 4 }} }}
targets:
  - name: hub
    url: {hub}
    probes:
      - {{ type: binder-launch, name: binder, spec: gh/acme/tiny/main, every: {launch}, deadline: 10s, overlap: skip, confirm_after: 100ms }}
      - {{ type: jupyterhub-launch, name: direct, api_token: "env:HUB_TOKEN", every: {launch}, deadline: 10s, overlap: skip, confirm_after: 100ms }}
      - {{ type: http, name: page, every: {page}, deadline: {page_deadline} }}
channels:
  - {{ type: webhook, url: "env:HOOK" }}
rules:
  - {{ name: success-zero, failures: 2 }}
"#
    )
}
