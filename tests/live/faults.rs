//! What breaks at real hubs, each seen for what it is within the probe's own deadline, and cleaned up after.

use futures::future::join_all;
use serde_json::Value;

use crate::kit::hubs::Hubs;
use crate::kit::service::Home;
use crate::kit::wait::{so, until};

const GONE: u64 = 40;

/// What must be seen of a fault.
#[derive(Clone, Copy)]
struct Expected {
    spec: &'static str,
    deadline: u64,
    reasons: &'static [&'static str],
    stage: &'static str,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_do_not_come_or_do_not_work_fail_at_their_stage_and_are_given_back() {
    let mut hubs = Hubs::hasty().await;
    let cases = [
        Expected { spec: "fault/raise", deadline: 40, reasons: &["spawn_failed"], stage: "launch" },
        Expected { spec: "fault/never-ready", deadline: 60, reasons: &["spawn_failed"], stage: "launch" },
        Expected { spec: "fault/exit", deadline: 60, reasons: &["spawn_failed"], stage: "launch" },
        Expected { spec: "fault/dying-kernel", deadline: 40, reasons: &["kernel_failed"], stage: "kernel" },
        Expected { spec: "fault/hanging-kernel", deadline: 40, reasons: &["kernel_failed"], stage: "kernel" },
        Expected { spec: "missing/repository", deadline: 20, reasons: &["not_found"], stage: "resolve" },
        Expected { spec: "fault/build-failed", deadline: 30, reasons: &["build_failed"], stage: "build" },
    ];
    let there = &hubs;
    let runs = cases.iter().map(|case| async move {
        let home = binder_home(there, case.spec, case.deadline);
        let (run, took) = home.probe("launch").await;
        (case, run, took)
    });
    for (case, run, took) in join_all(runs).await {
        let verdict = if case.reasons == ["not_found"] { "unknown" } else { "failed" };
        seen(case.spec, &run, took, verdict, case);
    }
    hubs.nothing_is_left(GONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_without_room_or_with_a_broken_spawner_says_so_and_its_users_are_deleted() {
    let mut hubs = Hubs::hasty().await;
    let faults: [(&str, &[&str]); 2] =
        [("raise=the node pool is gone", &["spawn_failed"]), ("unschedulable", &["no_capacity"])];
    for (fault, reasons) in faults {
        std::fs::write(hubs.hub.fact("faults"), format!("launchwatch-* {fault}\n"))
            .expect("the fault is ordered");
        let home = hub_home(&hubs, 30);
        let (run, took) = home.probe("launch").await;
        let case = Expected { spec: "", deadline: 30, reasons, stage: "launch" };
        seen(fault, &run, took, "failed", &case);
        hubs.nothing_is_left(GONE).await;
        let users = hubs.users().await.expect("the Hub lists its users");
        assert!(!format!("{users:?}").contains("launchwatch-"), "temporary users are deleted: {users:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hub_proxy_and_binderhub_that_die_or_hang_are_told_within_the_deadline() {
    let mut hubs = Hubs::start().await;
    let unavailable =
        Expected { spec: "acme/tiny", deadline: 40, reasons: &["hub_unavailable"], stage: "launch" };

    hubs.hub.kill().await;
    let home = binder_home(&hubs, unavailable.spec, unavailable.deadline);
    let (run, took) = home.probe("launch").await;
    seen("the Hub killed", &run, took, "failed", &unavailable);
    let direct = hub_home(&hubs, 20);
    let (run, took) = direct.probe("launch").await;
    assert!(judged_at(&run) < 15.0, "a dead Hub holds up the verdict: {run:#}");
    let at_user = Expected { reasons: &["hub_unavailable"], stage: "user", ..unavailable };
    seen("the Hub killed, asked directly", &run, took, "failed", &at_user);
    hubs.hub.start_again().await;
    pays_later(&direct).await;

    hubs.hub.order("stop").await;
    let (run, took) = home.probe("launch").await;
    let hangs =
        Expected { reasons: &["hub_unavailable", "spawn_failed", "stalled", "timeout"], ..unavailable };
    seen("the Hub stopped", &run, took, "failed", &hangs);
    hubs.hub.order("cont").await;
    hubs.nothing_is_left(GONE).await;

    hubs.proxy.kill().await;
    let (run, took) = home.probe("launch").await;
    // This old BinderHub answers with nothing but "Internal Server Error" at once.
    let unsaid = Expected { reasons: &["spawn_failed"], ..unavailable };
    seen("the proxy killed", &run, took, "failed", &unsaid);
    hubs.proxy.start_again().await;
    hubs.nothing_is_left(GONE).await;

    let (run, _) = until("launches to work again after all that", 60, async || {
        let (run, took) = home.probe("launch").await;
        so(run["outcome"]["verdict"] == "passed", &run).map(|()| (run, took))
    })
    .await;
    assert_eq!(run["outcome"]["verdict"], "passed");
    hubs.nothing_is_left(GONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binderhub_killed_in_the_middle_of_a_launch_is_a_cut_stream_and_the_launch_counts_as_abandoned() {
    let mut hubs = Hubs::start().await;
    let home = binder_home(&hubs, "fault/slow-3", 40);
    let (run, ()) = tokio::join!(home.probe("launch"), async {
        until("the launch to reach the Hub", 30, async || {
            let busy = hubs.with_servers().await?;
            so(!busy.is_empty(), &busy)
        })
        .await;
        hubs.binder.kill().await;
    });
    let case = Expected { spec: "fault/slow-3", deadline: 40, reasons: &["stream_cut"], stage: "launch" };
    seen("BinderHub killed", &run.0, run.1, "failed", &case);
    // Nobody has told us of a server, so there is none that we could shut down: that is the culler's part.
    let left = hubs.with_servers().await.expect("the Hub answers");
    assert_eq!(left.len(), 1, "the Hub goes on with the launch: {left:?}");
    assert_eq!(debts(&home), [("abandoned".to_owned(), 1)], "the launch is on record as abandoned");
    until("the server to be up, to be culled", 40, async || hubs.cull_if_ready().await).await;
    hubs.nothing_is_left(GONE).await;
}

/// Debts in the store of one-off probes, by state.
fn debts(home: &Home) -> Vec<(String, u32)> {
    crate::kit::service::debts(&home.path().join("state/by-hand"))
}

/// A debt that could not be paid while the Hub was down is paid by the next command.
async fn pays_later(home: &Home) {
    until("what was owed to the Hub to be paid", 60, async || {
        let (run, _) = home.probe("launch").await;
        let open: Vec<_> =
            debts(home).into_iter().filter(|(state, _)| state == "told" || state == "begun").collect();
        so(open.is_empty() && run["outcome"]["verdict"] == "passed", (open, run))
    })
    .await;
}

fn binder_home(hubs: &Hubs, spec: &str, deadline: u64) -> Home {
    let url = hubs.binder_url();
    let probe = format!(
        "{{ type: binder-launch, name: launch, spec: gh/{spec}/main, every: 1h, deadline: {deadline}s, retry_patience: 25s, follow_for: 60s }}"
    );
    Home::new(&configuration(url, &probe), &[])
}

fn hub_home(hubs: &Hubs, deadline: u64) -> Home {
    let probe = format!(
        "{{ type: jupyterhub-launch, name: launch, api_token: \"env:HUB_TOKEN\", every: 1h, deadline: {deadline}s }}"
    );
    Home::new(&configuration(hubs.hub_url(), &probe), &[("HUB_TOKEN", hubs.hub_token())])
}

fn configuration(url: &str, probe: &str) -> String {
    format!("version: 1\ntargets:\n  - name: hubs\n    url: {url}\n    probes:\n      - {probe}\n")
}

/// Holds what was seen against what must be seen.
fn seen(fault: &str, run: &Value, took: f64, verdict: &str, expected: &Expected) {
    let outcome = &run["outcome"];
    eprintln!(
        "{fault}: {} {} at {} after {took:.1} s: {}",
        outcome["verdict"], outcome["reason"], outcome["failed_stage"], outcome["summary"]
    );
    assert_eq!(outcome["verdict"], verdict, "{fault}: {run:#}");
    assert!(expected.reasons.iter().any(|r| outcome["reason"] == *r), "{fault}: {run:#}");
    assert_eq!(outcome["failed_stage"], expected.stage, "{fault}: {run:#}");
    let ended = judged_at(run);
    #[expect(clippy::cast_precision_loss, reason = "seconds of a deadline")]
    let deadline = expected.deadline as f64;
    assert!(ended <= deadline + 0.5, "{fault}: judged only after {ended:.1} s: {run:#}");
}

/// Seconds from the start of a run to its verdict.
fn judged_at(run: &Value) -> f64 {
    let span =
        |d: &Value| d["secs"].as_f64().unwrap_or_default() + d["nanos"].as_f64().unwrap_or_default() / 1e9;
    let stages = run["outcome"]["stages"].as_array().into_iter().flatten();
    stages.map(|s| span(&s["start"]) + span(&s["took"])).fold(0.0, f64::max)
}
