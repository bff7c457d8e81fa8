//! What the pod of a launch proves while the Hub says nothing, and whether it goes when its server is gone.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::waiting::stream;
use crate::cluster::staged::Answer;
use crate::staged::{Api, Ran, Stage, run};
use crate::{Outcome, Reason, Verdict};

const PLACED: (f64, Option<&str>) = (1.0, Some("[Normal] Successfully assigned prod/jupyter-acme to node-7"));

fn pod(uid: &str, status: Value) -> Value {
    json!({"metadata": {"name": "jupyter-acme", "namespace": "prod", "uid": uid, "resourceVersion": "7"},
           "status": status})
}

fn ready(uid: &str) -> Value {
    let containers = json!([{"name": "notebook", "ready": true, "state": {"running": {}}}]);
    pod(uid, json!({"phase": "Running", "podIP": "10.0.0.7", "containerStatuses": containers}))
}

fn starting(uid: &str) -> Value {
    let containers = json!([{"name": "notebook", "ready": false, "state": {"running": {}}}]);
    pod(uid, json!({"phase": "Running", "podIP": "10.0.0.7", "containerStatuses": containers}))
}

fn waiting(reason: &str) -> Value {
    let containers = json!([{"name": "notebook", "ready": false, "state": {"waiting": {"reason": reason}}}]);
    pod("a", json!({"phase": "Pending", "containerStatuses": containers}))
}

/// An API in which the pod is so from so many seconds on; `null`: it is not there. Each watch ends after two seconds.
fn api(states: &[(u64, Value)]) -> Api {
    let (began, states) = (Instant::now(), states.to_vec());
    Arc::new(move |asked| {
        let now = began.elapsed().as_secs();
        let state = states.iter().rev().find(|(at, _)| *at <= now).map_or(Value::Null, |(_, s)| s.clone());
        assert!(asked.contains("/namespaces/prod/pods"), "{asked}");
        if asked.contains("watch=true") {
            return Answer::text(410, "{}");
        }
        if asked.contains('?') {
            let items = if state.is_null() { json!([]) } else { json!([state]) };
            return Answer::json(200, &json!({"metadata": {"resourceVersion": "7"}, "items": items}));
        }
        if state.is_null() { Answer::refusal(404, "not found") } else { Answer::json(200, &state) }
    })
}

async fn launch(lines: &[(f64, Option<&str>)], cluster: Api, deadline: u64) -> Ran {
    let settings = json!({"spec": "gh/acme/tiny/HEAD", "cluster": {}});
    let stage = Stage { build: stream(lines), cluster: Some(cluster), ..Stage::default() };
    run("binder-launch", settings, stage, deadline).await
}

fn found(outcome: &Outcome) -> (Verdict, Option<Reason>) {
    (outcome.verdict, outcome.reason)
}

fn measured(outcome: &Outcome, name: &str) -> Option<f64> {
    outcome.measurements.iter().find(|m| m.name == name).map(|m| m.value)
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_ready_while_the_hub_does_not_notice_ends_the_run() {
    let mut ran = launch(&[PLACED], api(&[(0, starting("a")), (7, ready("a"))]), 120).await;
    let outcome = ran.outcome();
    assert_eq!(found(outcome), (Verdict::Failed, Some(Reason::Unseen)), "{outcome:?}");
    assert!((52.0..58.0).contains(&ran.took.as_secs_f64()), "{:?}", ran.took);
    assert_eq!(outcome.facts["own_pod"], "ready");
    assert!(outcome.summary.contains("nothing new for"), "{}", outcome.summary);
    assert!((0.9..1.2).contains(&measured(outcome, "own_pod_scheduled_seconds").unwrap()));
    assert!((6.5..10.0).contains(&measured(outcome, "own_pod_ready_seconds").unwrap()));
    assert!(ran.follow.take().is_some(), "the launch is not followed");
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_notices_is_not_blind() {
    let lines = [PLACED, (10.0, Some("Server ready at /user/x/")), (70.0, None)];
    let ran = launch(&lines, api(&[(0, ready("a")), (80, Value::Null)]), 120).await;
    assert_eq!(found(ran.outcome()), (Verdict::Degraded, Some(Reason::Slow)), "{:?}", ran.outcome());
    // A server that the Hub cannot reach fails for that reason.
    let lines =
        [PLACED, (35.0, Some("Spawn failed: Server at http://10.0.0.7:8888/ didn't respond in 30 seconds"))];
    let ran = launch(&lines, api(&[(0, ready("a"))]), 120).await;
    assert_eq!(found(ran.outcome()), (Verdict::Failed, Some(Reason::SpawnFailed)), "{:?}", ran.outcome());
}

#[tokio::test(start_paused = true)]
async fn another_pod_under_the_same_name_begins_anew() {
    let states = [(0, ready("a")), (30, Value::Null), (34, ready("b")), (200, Value::Null)];
    let ran = launch(&[PLACED, (70.0, None)], api(&states), 240).await;
    assert_eq!(ran.outcome().reason, Some(Reason::Slow), "{:?}", ran.outcome());
    let states = [(0, ready("a")), (30, ready("b"))];
    let ran = launch(&[PLACED], api(&states), 120).await;
    assert_eq!(ran.outcome().reason, Some(Reason::Unseen));
    assert!((74.0..80.0).contains(&ran.took.as_secs_f64()), "{:?}", ran.took);
}

#[tokio::test(start_paused = true)]
async fn what_keeps_the_pod_from_starting_is_the_reason() {
    let unscheduled =
        pod("a", json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False"}]}));
    for (state, reason, words) in [
        (waiting("ImagePullBackOff"), Reason::PushFailed, "container notebook: ImagePullBackOff"),
        (waiting("CrashLoopBackOff"), Reason::SpawnFailed, "container notebook: CrashLoopBackOff"),
        (pod("a", json!({"phase": "Failed", "reason": "Evicted"})), Reason::SpawnFailed, "own pod: Evicted"),
        (unscheduled, Reason::NoCapacity, "no node has room"),
        (waiting("ContainerCreating"), Reason::Stalled, "nothing new for 104 s"),
    ] {
        let ran = launch(&[PLACED], api(&[(0, state)]), 120).await;
        assert_eq!(found(ran.outcome()), (Verdict::Failed, Some(reason)), "{:?}", ran.outcome());
        assert!(ran.outcome().summary.contains(words), "{}", ran.outcome().summary);
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_that_does_not_answer_changes_no_verdict() {
    let refuses: Api = Arc::new(|_| Answer::refusal(403, "pods is forbidden"));
    let broken: Api = Arc::new(|_| Answer::text(500, ""));
    let hangs: Api = Arc::new(|_| Answer::text(200, "{").wait(10_000));
    for dead in [refuses, broken, hangs] {
        let ran = launch(&[PLACED, (8.0, None)], Arc::clone(&dead), 120).await;
        assert_eq!(found(ran.outcome()), (Verdict::Passed, None), "{:?}", ran.outcome());
        assert_eq!(measured(ran.outcome(), "own_pod_gone_seconds"), None);
        let ran = launch(&[PLACED], dead, 120).await;
        assert_eq!(found(ran.outcome()), (Verdict::Failed, Some(Reason::Stalled)), "{:?}", ran.outcome());
    }
}

#[tokio::test(start_paused = true)]
async fn the_pod_of_a_server_that_was_shut_down_goes_or_is_told_of() {
    let lines = [PLACED, (8.0, None)];
    let ran = launch(&lines, api(&[(0, ready("a")), (50, Value::Null)]), 120).await;
    assert_eq!(found(ran.outcome()), (Verdict::Passed, None), "{:?}", ran.outcome());
    assert!((41.0..45.0).contains(&measured(ran.outcome(), "own_pod_gone_seconds").unwrap()));
    assert_eq!(ran.outcome().facts["own_pod"], "gone");
    // Another one under its name is not it.
    let ran = launch(&lines, api(&[(0, ready("a")), (30, ready("b"))]), 120).await;
    assert!(measured(ran.outcome(), "own_pod_gone_seconds").is_some(), "{:?}", ran.outcome());
    let ran = launch(&lines, api(&[(0, ready("a"))]), 120).await;
    assert_eq!(found(ran.outcome()), (Verdict::Degraded, Some(Reason::TeardownFailed)));
    assert!(ran.outcome().summary.starts_with("the pod is still there 90 s after"), "{:?}", ran.outcome());
    // A deadline that comes sooner proves nothing.
    let ran = launch(&lines, api(&[(0, ready("a"))]), 60).await;
    assert_eq!(found(ran.outcome()), (Verdict::Passed, None), "{:?}", ran.outcome());
}
