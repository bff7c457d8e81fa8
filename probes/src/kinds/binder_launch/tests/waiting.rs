//! Launches that wait for room in the cluster, and the suspicions that come and go meanwhile.

use serde_json::json;

use super::settings;
use crate::staged::{Entry, Play, Ran, Stage, run};
use crate::{Reason, Verdict};

const FULL: &str = "[Warning] 0/9 nodes are available: 9 Insufficient memory.";
const GROWTH: &str = "[Normal] pod triggered scale-up: [{pool-1 3->4 (max: 10)}]";
const NO_MORE: &str = "[Normal] pod didn't trigger scale-up: 1 max node group size reached";
const PLACED: &str = "[Normal] Successfully assigned prod/jupyter-acme to node-10";

/// A launch in which the Hub says these lines at these seconds; `None`: the server is ready.
pub(super) fn stream(lines: &[(f64, Option<&str>)]) -> Play {
    let mut text = String::from("0.05 {\"phase\": \"launching\", \"message\": \"Launching server...\\n\"}\n");
    for (at, line) in lines {
        let event = match line {
            Some(line) => json!({"phase": "launching", "message": line}),
            None => {
                json!({"phase": "ready", "url": crate::staged::SERVER, "token": crate::staged::SERVER_TOKEN})
            }
        };
        text.push_str(&format!("{at} {}\n", event.to_string().replace("\"phase\":", "\"phase\": ")));
    }
    Play::text(&text)
}

async fn launch(lines: &[(f64, Option<&str>)], deadline: u64) -> Ran {
    run("binder-launch", settings(), Stage { build: stream(lines), ..Stage::default() }, deadline).await
}

fn suspected(ran: &Ran) -> Vec<&str> {
    let told = ran.progress.iter().map(String::as_str);
    told.filter(|p| ["Suspect", "Withdrawn", "Waits"].iter().any(|w| p.starts_with(w))).collect()
}

/// What a launch with these lines comes to.
async fn finds(
    lines: &[(f64, Option<&str>)],
    deadline: u64,
    verdict: Verdict,
    reason: Option<Reason>,
    words: &str,
) -> Ran {
    let ran = launch(lines, deadline).await;
    let outcome = ran.outcome();
    assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{lines:?}: {}", outcome.summary);
    assert!(outcome.summary.contains(words), "{lines:?}: {}", outcome.summary);
    ran
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_grows_makes_a_launch_slow_and_not_failed() {
    let lines = [(2.0, Some(FULL)), (20.0, Some(GROWTH)), (180.0, None)];
    let mut ran =
        finds(&lines, 120, Verdict::Degraded, Some(Reason::WaitsForNode), "the cluster is making a node")
            .await;
    assert_eq!(suspected(&ran), ["WaitsForNode(true)"], "nothing may be suspected meanwhile");
    ran.follow.take().expect("nobody follows the launch").await;
    assert_eq!(ran.entry(), Entry::Settled);
    assert!(ran.world.server_ended(), "the server that came late was left behind");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_accused_before_ten_minutes_of_growth() {
    let lines = [
        (2.0, Some(FULL)),
        (20.0, Some(GROWTH)),
        (300.0, Some("Spawn failed: pod prod/jupyter-x did not start in 300 seconds!")),
        (300.0, Some("Launch attempt 1 failed, retrying...")),
    ];
    finds(&lines, 600, Verdict::Degraded, Some(Reason::WaitsForNode), "").await;
    let ran = finds(&lines, 900, Verdict::Failed, Some(Reason::NoCapacity), "nodes are available").await;
    assert_eq!(suspected(&ran).len(), 2, "{:?}", suspected(&ran));
}

#[tokio::test(start_paused = true)]
async fn without_growth_the_warning_is_a_suspicion_after_a_minute() {
    let ran = finds(&[(2.0, Some(FULL))], 120, Verdict::Failed, Some(Reason::NoCapacity), "0/9 nodes").await;
    let at = suspected(&ran);
    assert!(at.len() == 2 && at[1].starts_with("Suspect(NoCapacity"), "{at:?}");
    // A run that ends sooner knows no better cause either.
    let ran = finds(&[(2.0, Some(FULL))], 40, Verdict::Failed, Some(Reason::NoCapacity), "0/9 nodes").await;
    assert_eq!(suspected(&ran), ["WaitsForNode(true)"]);
    let again = Some("Launch attempt 1 failed, retrying...");
    finds(&[(2.0, Some(FULL)), (30.0, again)], 120, Verdict::Failed, Some(Reason::NoCapacity), "0/9").await;
}

#[tokio::test(start_paused = true)]
async fn growth_that_is_taken_back_is_none() {
    let lines = [(2.0, Some(FULL)), (20.0, Some(GROWTH)), (40.0, Some(NO_MORE))];
    finds(&lines, 120, Verdict::Failed, Some(Reason::NoCapacity), "max node group size reached").await;
}

#[tokio::test(start_paused = true)]
async fn a_suspicion_is_withdrawn_when_room_is_found() {
    let lines = [(2.0, Some(FULL)), (80.0, Some(GROWTH)), (90.0, Some(PLACED)), (95.0, None)];
    let ran = finds(&lines, 120, Verdict::Degraded, Some(Reason::Slow), "until the kernel's answer").await;
    let told = suspected(&ran);
    assert_eq!(told.iter().filter(|t| **t == "Withdrawn").count(), 1, "{told:?}");
    // Room was found at once, and then the launch hangs: not for want of room.
    let lines = [(2.0, Some(FULL)), (5.0, Some(PLACED))];
    finds(&lines, 120, Verdict::Failed, Some(Reason::Stalled), "after `[Normal] Successfully assigned").await;
}

#[tokio::test(start_paused = true)]
async fn a_resource_quota_ends_the_run_at_once_and_the_launch_is_followed() {
    let line = "Spawn failed: (403) Forbidden: exceeded quota: user-pods, used: pods=300, limited: pods=300";
    let mut ran =
        finds(&[(1.4, Some(line))], 120, Verdict::Failed, Some(Reason::ResourceQuota), "exceeded quota")
            .await;
    assert!(ran.took.as_secs_f64() < 2.0, "{:?}", ran.took);
    assert!(ran.follow.take().is_some(), "nobody follows the launch");
}

#[tokio::test(start_paused = true)]
async fn a_cached_launch_is_slow_after_a_minute_unless_told_otherwise() {
    finds(&[(50.0, None)], 120, Verdict::Passed, None, "").await;
    finds(&[(70.0, None)], 120, Verdict::Degraded, Some(Reason::Slow), "").await;
    let settings = json!({"spec": "gh/acme/tiny/HEAD", "slow_after": "90s"});
    let stage = Stage { build: stream(&[(70.0, None)]), ..Stage::default() };
    let ran = run("binder-launch", settings, stage, 120).await;
    assert_eq!(ran.outcome().verdict, Verdict::Passed);
}

#[tokio::test(start_paused = true)]
async fn a_hang_quotes_the_last_line() {
    let ran = finds(&[], 120, Verdict::Failed, Some(Reason::Stalled), "").await;
    assert_eq!(ran.outcome().summary, "nothing new for 105 s after `Launching server...`");
}
