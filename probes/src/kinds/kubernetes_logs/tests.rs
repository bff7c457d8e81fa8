//! What is read, counted and kept of logs, and what it means that one cannot be read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::staged::{Answer, Asked, Only, client};
use crate::net::script::{Told, parts};
use crate::{Cx, Outcome, Reason, Verdict};

fn running(component: &str, name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"component": component, "app": "binder"}},
        "status": {"containerStatuses": [{"name": component, "state": {"running": {}}}]},
    })
}

/// Reads in a cluster with these pods, whose logs are answered so.
async fn read(pods: Vec<Value>, log: impl Fn(&str) -> Answer + Send + Sync + 'static) -> (Outcome, Asked) {
    let (client, asked) = client(move |asked, _| {
        if asked.contains("/log?") {
            return log(asked);
        }
        Answer::json(200, &json!({"metadata": {"resourceVersion": "7"}, "items": pods}))
    });
    let kind = crate::kinds::kind("kubernetes-logs").unwrap();
    let probe = kind.build(json!({}), &"https://x.example/".parse().unwrap()).unwrap();
    let mut cx = Cx::new(parts(Arc::new(Only::new(client)), Duration::from_secs(45), &Told::default()));
    (probe.run(&mut cx).await, asked)
}

fn measured(outcome: &Outcome) -> BTreeMap<&str, f64> {
    outcome.measurements.iter().map(|m| (m.name.as_str(), m.value)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_line_counts_where_it_belongs() {
    let cases = [
        ("hub", "Error when watching pods, retrying in 25.6s", "hub_reflector"),
        ("hub", "Reflector with key pods failed, halting Hub.", "hub_reflector"),
        ("hub", "pod binder/jupyter-x did not start in 300 seconds!", "hub_start_timeout"),
        ("hub", "x's server failed to start in 300 seconds, giving up", "hub_start_timeout"),
        ("hub", "pod/jupyter-x did not disappear in 300 seconds!", "hub_stop_timeout"),
        ("hub", "No pod jupyter-x to delete. Assuming already deleted.", "hub_no_pod"),
        ("hub", "pods is forbidden: exceeded quota: gke", "hub_quota"),
        ("hub", "x's server never showed up at http://x after 30 seconds. Giving up", "hub_unreachable"),
        ("hub", "Aborting due to 5 consecutive spawn failures", "hub_consecutive"),
        ("hub", "Event loop was unresponsive for at least 2.1s!", "hub_loop"),
        ("hub", "Failed to add x to proxy!", "hub_proxy"),
        ("hub", "x's server is in the process of stopping, please wait.", "hub_stopping"),
        ("hub", "[E idle-culler] cull_idle: Error fetching users", "culler_errors"),
        ("binder", "Error creating user x: HTTP 503", "binder_no_user"),
        ("binder", "Image i for user x took too long to launch", "binder_too_long"),
        ("binder", "CurlError: HTTP 599: Unknown SSL protocol error", "binder_registry"),
        ("binder", "Retrying launch of r after error (duration=600s, attempt=1)", "binder_retry"),
        ("proxy", "12:00:00.000 [ConfigProxy] error: 503 GET /user/x", "proxy_errors"),
        ("binderhub-build", "E: Unable to locate package libfoo", "build_missing"),
    ];
    for (component, line, name) in cases {
        let text = format!("nothing special\n{line}\n{line}\n");
        let (seen, _) = read(vec![running(component, "p-1")], move |_| Answer::text(200, &text)).await;
        let counted: Vec<_> = measured(&seen).into_iter().filter(|(_, v)| *v > 1.0).collect();
        assert_eq!(counted, [(format!("log_{name}").as_str(), 2.0)], "{line}");
        assert_eq!(seen.evidence.len(), 1, "one example a pattern: {:?}", seen.evidence);
    }
}

#[tokio::test(start_paused = true)]
async fn only_logs_that_were_read_give_counts() {
    let (seen, asked) = read(vec![running("hub", "hub-1")], |_| Answer::text(200, "all is well\n")).await;
    let measured = measured(&seen);
    assert_eq!(measured["logs_readable"], 1.0);
    assert_eq!(measured["log_hub_quota"], 0.0);
    assert!(!measured.contains_key("log_binder_retry"), "nobody runs there");
    let asked = asked.lock().unwrap();
    assert_eq!(
        asked.last().map(String::as_str),
        Some("/api/v1/namespaces/binder/pods/hub-1/log?container=hub&sinceSeconds=300&limitBytes=4194304")
    );
    let lists: Vec<_> = asked.iter().filter(|a| !a.contains("/log?")).collect();
    assert!(lists.iter().all(|list| list.contains("labelSelector=")), "nobody else's pods: {lists:?}");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_read_is_told_from_one_that_we_may_not_read() {
    let proxies = |text: &str| Answer::refusal(500, text);
    let cases = [
        (proxies("dial tcp 192.0.2.1:10250: i/o timeout"), Some(0.0), None),
        (Answer::text(200, "half").cut(), Some(0.0), None),
        (Answer::text(200, "slow").wait(30), Some(0.0), None),
        (Answer::refusal(400, "container is waiting to start"), None, None),
        (Answer::refusal(404, "not found"), None, None),
        (Answer::refusal(403, "may not get pods/log"), None, Some(Reason::ProbeAuth)),
    ];
    for (answer, readable, reason) in cases {
        let (seen, _) = read(vec![running("hub", "hub-1")], move |_| answer.clone()).await;
        let verdict = if reason.is_some() { Verdict::Unknown } else { Verdict::Passed };
        assert_eq!((seen.verdict, seen.reason), (verdict, reason), "{}", seen.summary);
        assert_eq!(measured(&seen).get("logs_readable").copied(), readable, "{:?}", seen.evidence);
        assert_eq!(seen.facts.contains_key("logs_unreadable"), readable == Some(0.0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_example_tells_no_secret_and_no_address() {
    let line = "exceeded quota for 198.51.100.7 or 2001:db8:0:1::7 token=abcd1234 Authorization: Bearer xyzzy99 \
                0123456789abcdef0123456789abcdef";
    let (seen, _) = read(vec![running("hub", "hub-1")], move |_| Answer::text(200, line)).await;
    let kept = format!("{seen:?}");
    for secret in ["198.51.100.7", "2001:db8", "abcd1234", "xyzzy99", "0123456789abcdef"] {
        assert!(!kept.contains(secret), "{secret}: {kept}");
    }
    assert!(kept.contains("exceeded quota for"), "{kept}");
}

#[test]
fn patterns_that_cannot_be_meant_are_refused_where_they_stand() {
    let cases = [
        (json!({"patterns": {"x": {"from": "nobody", "lines": ["a"]}}}), "patterns.x.from"),
        (json!({"patterns": {"x": {"from": "hub", "lines": []}}}), "patterns.x.lines"),
        (json!({"patterns": {"x": {"from": "hub", "lines": ["*"]}}}), "patterns.x.lines"),
        (json!({"patterns": {"X-y": {"from": "hub", "lines": ["a"]}}}), "patterns.X-y"),
        (json!({"sources": {"hub": ""}}), "sources.hub"),
    ];
    let kind = crate::kinds::kind("kubernetes-logs").unwrap();
    for (settings, path) in cases {
        let refused = kind.build(settings, &"https://x.example/".parse().unwrap()).err().unwrap();
        assert!(refused.iter().any(|r| r.path == path), "{path}: {refused:?}");
    }
}
