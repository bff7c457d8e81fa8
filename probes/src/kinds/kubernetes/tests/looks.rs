//! A look as a whole: what it asks, what it leaves out, when it says nothing.

use serde_json::json;

use super::{World, ago, holds, look, look_at, measured, pod, probe, ready};
use crate::cluster::staged::Answer;
use crate::{Reason, Verdict};

#[tokio::test(start_paused = true)]
async fn a_look_passes_and_asks_for_each_list_once() {
    let (seen, asked) = look_at(&*probe(json!({})), World::new(&[]), 0).await;
    assert_eq!(seen.verdict, Verdict::Passed, "{}", seen.summary);
    assert!(seen.evidence.is_empty(), "nobody measuring is no news: {:?}", seen.evidence);
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    assert_eq!(
        asked,
        [
            "/api/v1/namespaces/binder/events?limit=500",
            "/api/v1/namespaces/binder/pods?limit=500",
            "/api/v1/namespaces/binder/resourcequotas?limit=500",
            "/api/v1/namespaces/default/events?limit=500&fieldSelector=involvedObject.kind=Node",
            "/api/v1/nodes?limit=500",
            "/apis/metrics.k8s.io/v1beta1/namespaces/binder/pods?limit=500",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_wanted_is_not_asked_for() {
    let settings = json!({"namespace": "prod", "nodes": false, "events": false, "usage": false});
    let (_, asked) = look_at(&*probe(settings), World::default(), 0).await;
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    assert_eq!(
        asked,
        ["/api/v1/namespaces/prod/pods?limit=500", "/api/v1/namespaces/prod/resourcequotas?limit=500",]
    );
}

#[tokio::test(start_paused = true)]
async fn without_pods_nothing_is_said() {
    let half = Answer::text(200, r#"{"metadata": {}, "items": [{"metadata": {"name": "a"#).cut();
    let cases = [
        (Answer::refusal(401, "Unauthorized"), Reason::ProbeAuth),
        (Answer::refusal(403, "forbidden"), Reason::ProbeAuth),
        (Answer::refusal(429, "slow down"), Reason::RateLimited),
        (Answer::refusal(500, "etcd"), Reason::HttpStatus),
        (Answer::refusal(410, "gone"), Reason::HalfAnswer),
        (half, Reason::HalfAnswer),
        (Answer::text(200, "{").wait(3600), Reason::Timeout),
    ];
    for (answer, reason) in cases {
        let world = World::new(&[]).answering("/api/v1/namespaces/binder/pods", answer);
        let seen = look(world).await;
        assert_eq!((seen.verdict, seen.reason), (Verdict::Unknown, Some(reason)), "{}", seen.summary);
        assert!(seen.measurements.is_empty(), "{:?}", seen.measurements);
        assert!(seen.failed_stage.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn other_sources_only_leave_their_figures_out_and_say_so() {
    let world = World::new(&[pod("singleuser-server", "a", "Running", 60)])
        .answering("/api/v1/nodes", Answer::refusal(403, "nodes is forbidden"))
        .answering("/api/v1/namespaces/binder/events", Answer::text(200, "{").wait(3600))
        .answering("/api/v1/namespaces/default/events", Answer::refusal(403, "events is forbidden"))
        .answering("/api/v1/namespaces/binder/resourcequotas", Answer::refusal(500, ""));
    let seen = look(world).await;
    assert_eq!(seen.verdict, Verdict::Passed, "{}", seen.summary);
    holds(&seen, &[("user_pods", 1.0), ("components_unavailable", 0.0)]);
    let left_out = ["nodes", "quota_", "events_"];
    for name in measured(&seen).keys() {
        assert!(!left_out.iter().any(|start| name.starts_with(start)), "{name}");
    }
    assert_eq!(seen.evidence.len(), 4, "{:?}", seen.evidence);
    assert!(
        seen.evidence.iter().any(|l| l.contains("list nodes: the API answered 403")),
        "{:?}",
        seen.evidence
    );
}

#[tokio::test(start_paused = true)]
async fn ages_count_by_the_clock_of_the_api_and_clocks_apart_are_said() {
    let late = "Sat, 01 Mar 2025 12:10:00 GMT";
    let pods = json!({"metadata": {"resourceVersion": "7"}, "items": [pod("singleuser-server", "a", "Running", 60)]});
    let world = World::new(&[])
        .answering("/api/v1/namespaces/binder/pods", Answer::json(200, &pods).with("date", late));
    let seen = look(world).await;
    holds(&seen, &[("user_pods_oldest_seconds", 660.0)]);
    assert_eq!(seen.evidence, ["the clock of the Kubernetes API is 600 s ahead of ours"]);
}

#[tokio::test(start_paused = true)]
async fn five_thousand_pods_are_counted_in_one_look() {
    let pods: Vec<_> = (0..5000)
        .map(|n| ready(pod("singleuser-server", &format!("jupyter-{n}"), "Running", n), 5))
        .collect();
    let seen = look(World::new(&pods)).await;
    holds(&seen, &[("user_pods_ready", 5000.0), ("user_pods_oldest_seconds", 4999.0)]);
}

#[tokio::test(start_paused = true)]
async fn tokens_in_a_pods_environment_are_not_kept() {
    let mut user = pod("singleuser-server", "a", "Running", 60);
    user["spec"]["containers"][0]["env"] = json!([
        {"name": "JUPYTERHUB_API_TOKEN", "value": "s3cret-of-a-user"},
        {"name": "BINDER_REPO_URL", "value": "https://github.com/acme/tiny"},
        {"name": "POD", "valueFrom": {"fieldRef": {}}},
    ]);
    user["metadata"]["creationTimestamp"] = json!(ago(5));
    let seen = look(World::new(&[user])).await;
    assert_eq!(seen.facts["top_repo"], "https://github.com/acme/tiny");
    assert!(!format!("{seen:?}").contains("s3cret-of-a-user"));
}

#[test]
fn settings_that_cannot_be_meant_are_refused_where_they_stand() {
    let cases = [
        (json!({"namespace": "Not A Name"}), "namespace"),
        (json!({"node_limit": 0}), "node_limit"),
        (json!({"components": {"my-hub": {"selector": "a=b"}}}), "components.my-hub"),
        (json!({"components": {"hub": {"selector": "a in b"}}}), "components.hub.selector"),
        (json!({"components": {"hub": {"selector": "a=b", "namespace": "X"}}}), "components.hub.namespace"),
    ];
    let kind = crate::kinds::kind("kubernetes").unwrap();
    for (settings, path) in cases {
        let refused = kind.build(settings, &"https://x.example/".parse().unwrap()).err().unwrap();
        assert_eq!(refused[0].path, path, "{refused:?}");
    }
}
