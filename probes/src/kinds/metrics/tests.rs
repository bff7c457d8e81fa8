//! Which figures the `metrics` kind makes of pages that follow each other.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::Verdict;
use crate::net::script::{self, Play, Reply, Script, Told};

fn build(settings: serde_json::Value) -> Result<Metrics, Vec<Refused>> {
    let spec: MetricsSpec = serde_json::from_value(settings).unwrap();
    spec.build(&Url::parse("https://binder.example.org/here").unwrap())
}

/// Runs a probe once per page, a minute apart, and gives the figures of each run.
async fn runs(probe: &Metrics, pages: &[&str]) -> Vec<BTreeMap<String, f64>> {
    let mut all = Vec::new();
    for page in pages {
        let seen = script::run(probe, Play::Answer(vec![Reply::new(200, page)])).await;
        assert_eq!(seen.verdict, Verdict::Passed, "{}", seen.summary);
        all.push(seen.measurements.into_iter().map(|m| (m.name, m.value)).collect());
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    all
}

fn one(settings: serde_json::Value) -> Metrics {
    build(json!({"figures": [settings]})).unwrap_or_else(|r| panic!("{r:?}"))
}

fn launches(process: &str, good: u32, retried: u32, bad: u32) -> String {
    format!(
        r#"# HELP binderhub_launch_time_seconds Histogram of launch times
# TYPE binderhub_launch_time_seconds histogram
binderhub_launch_time_seconds_bucket{{le="2.0",retries="0",status="success"}} {good}
binderhub_launch_time_seconds_count{{retries="0",status="success"}} {good}.0
binderhub_launch_time_seconds_count{{retries="1",status="success"}} {retried}.0
binderhub_launch_time_seconds_count{{retries="1",status="retry"}} 900.0
binderhub_launch_time_seconds_count{{retries="-1",status="failure"}} {bad}.0
binderhub_inprogress_launches 3.0
process_start_time_seconds {process}
"#
    )
}

#[tokio::test(start_paused = true)]
async fn the_page_of_a_binderhub_tells_how_real_users_fare() {
    let probe = build(json!({})).unwrap();
    let (first, second) = (launches("1.7e9", 100, 10, 5), launches("1.7e9", 106, 11, 8));
    let seen = runs(&probe, &[&first, &second, &second]).await;
    assert_eq!(seen[0], BTreeMap::from([("inprogress_launches".to_owned(), 3.0)]), "nothing grew yet");
    let now = &seen[1];
    assert_eq!((now["real_launches"], now["inprogress_launches"]), (10.0, 3.0));
    assert_eq!((now["real_launch_success_ratio"], now["real_first_try_ratio"]), (0.7, 0.6));
    assert!(!now.contains_key("real_builds"), "that metric is not on the page");
    assert_eq!(seen[2]["real_launches"], 0.0);
    assert!(!seen[2].contains_key("real_launch_success_ratio"), "no launch, no share of successes");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_began_anew_has_counted_since_and_replicas_are_told_apart() {
    // Runs begin at NOW, which does not move in these tests.
    let now: f64 = script::NOW.parse::<jiff::Timestamp>().unwrap().as_second() as f64;
    let (old, other, new) = ("1700000000", "1700000500", (now + 30.0).to_string());
    let pages = [
        launches(old, 100, 0, 0),
        launches(other, 900, 0, 0),
        launches(old, 101, 0, 0),
        launches(other, 904, 0, 0),
        launches(&new, 7, 0, 0),
    ];
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    let seen: Vec<_> = runs(&build(json!({})).unwrap(), &pages)
        .await
        .iter()
        .map(|f| f.get("real_launches").copied())
        .collect();
    assert_eq!(seen, [None, None, Some(1.0), Some(4.0), Some(7.0)]);
}

#[tokio::test(start_paused = true)]
async fn each_way_to_make_a_figure() {
    let before = "c{k=\"a\"} 10\nc{k=\"b\"} 100\nc{k=\"d\"} 1\ng 2\ng{k=\"x\"} 3\n";
    let after = "c{k=\"a\"} 16\nc{k=\"b\"} 4\nc{k=\"e\"} 2\nc{k=\"n\"} NaN\ng 2\ng{k=\"x\"} 3\n";
    let cases = [
        (json!({"name": "f", "metric": "g"}), Some(5.0)),
        (json!({"name": "f", "metric": "g", "labels": {"k": "x"}}), Some(3.0)),
        (json!({"name": "f", "metric": "g", "labels": {"k": ""}}), Some(2.0)),
        (json!({"name": "f", "metric": "g", "labels": {"k": "other"}}), None),
        // 6, 4 since a reset, and 2 of a series that is new.
        (json!({"name": "f", "metric": "c", "as": "increase"}), Some(12.0)),
        (json!({"name": "f", "metric": "c", "labels": {"k": "a|e"}, "as": "increase"}), Some(8.0)),
        (json!({"name": "f", "metric": "c", "labels": {"k": "zz"}, "as": "increase"}), Some(0.0)),
        (json!({"name": "f", "metric": "c", "as": "rate"}), Some(0.2)),
        (json!({"name": "f", "metric": "c", "labels": {"k": "a"}, "as": "ratio"}), Some(0.5)),
        (json!({"name": "f", "metric": "c", "labels": {"k": "a"}, "as": "ratio", "least": 13}), None),
    ];
    for (settings, expected) in cases {
        let seen = runs(&one(settings.clone()), &[before, after]).await;
        // The time between two looks is not exactly a minute.
        let rounded = seen[1].get("f").map(|f| (f * 1000.0).round() / 1000.0);
        assert_eq!(rounded, expected, "{settings}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quantile_is_that_of_what_was_counted_since() {
    let page = |counts: [u32; 4]| {
        let [a, b, c, all] = counts;
        format!(
            "h_bucket{{le=\"0.1\"}} {a}\nh_bucket{{le=\"0.5\"}} {b}\nh_bucket{{le=\"1.0\"}} {c}\nh_bucket{{le=\"+Inf\"}} {all}\n"
        )
    };
    let quantile =
        |q: f64| one(json!({"name": "f", "metric": "h", "as": "quantile", "quantile": q, "least": 4}));
    let before = page([1000, 1000, 1000, 1000]);
    // Ten more: five up to 0.1, four up to 0.5, one beyond 1.
    let after = page([1005, 1009, 1009, 1010]);
    for (q, expected) in [(0.5, 0.1), (0.7, 0.3), (0.9, 0.5), (0.99, 1.0)] {
        let seen = runs(&quantile(q), &[&before, &after]).await;
        assert!((seen[1]["f"] - expected).abs() < 1e-9, "{q}: {}", seen[1]["f"]);
    }
    let few = page([1003, 1003, 1003, 1003]);
    assert_eq!(runs(&quantile(0.5), &[&before, &few]).await[1].get("f"), None);
}

#[tokio::test(start_paused = true)]
async fn the_loop_of_a_binderhub_is_not_that_of_the_hub() {
    let lag = |n: u32| format!("jupyterhub_event_loop_interval_seconds_bucket{{le=\"0.05\"}} {n}\n");
    let hub = |n: u32| format!("{}jupyterhub_running_servers 40.0\n", lag(n));
    let probe = || build(json!({})).unwrap();
    let seen = runs(&probe(), &[&hub(0), &hub(100)]).await;
    assert!((seen[1]["hub_event_loop_p99_seconds"] - 0.0495).abs() < 1e-9);
    assert_eq!(seen[1]["hub_running_servers"], 40.0);
    assert!(runs(&probe(), &[&lag(0), &lag(100)]).await[1].is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_answer_has_its_verdict() {
    let cases = [
        (Reply::new(200, "<!DOCTYPE html>\n<html>Binder</html>"), Verdict::Failed, Reason::Garbled),
        (Reply::new(200, ""), Verdict::Failed, Reason::Garbled),
        (Reply::new(200, "python_info 1\n"), Verdict::Unknown, Reason::NotFound),
        (Reply::new(403, "{}"), Verdict::Unknown, Reason::ProbeAuth),
        (Reply::new(404, ""), Verdict::Unknown, Reason::NotFound),
        (Reply::new(429, ""), Verdict::Unknown, Reason::RateLimited),
        (Reply::new(503, ""), Verdict::Failed, Reason::HttpStatus),
    ];
    for (n, (reply, verdict, reason)) in cases.into_iter().enumerate() {
        let seen = script::run(&build(json!({})).unwrap(), Play::Answer(vec![reply])).await;
        assert_eq!((seen.verdict, seen.reason), (verdict, Some(reason)), "case {n}: {}", seen.summary);
    }
}

#[tokio::test(start_paused = true)]
async fn the_page_is_under_the_target_or_any_other_and_gets_the_token() {
    let pages = [
        (json!({"api_token": "t0ken-of-ours"}), "https://binder.example.org/here/metrics"),
        (
            json!({"url": "http://hub:8081/hub/api/metrics", "api_token": "t0ken-of-ours"}),
            "http://hub:8081/hub/api/metrics",
        ),
    ];
    for (settings, page) in pages {
        let net = Arc::new(Script::new(Play::Answer(vec![Reply::new(200, "")])));
        let probe = build(settings).unwrap();
        script::run_over(Arc::clone(&net), &probe, Duration::from_secs(9), &Told::default()).await;
        let asked = net.asked.lock().unwrap();
        assert_eq!(asked[0].uri(), page);
        assert_eq!(asked[0].headers()["authorization"], "Bearer t0ken-of-ours");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let refused = build(json!({"url": "https://me:hunter2@h/", "figures": [
        {"name": "Bad Name", "metric": "x"},
        {"name": "b", "metric": " "},
        {"name": "c", "metric": "x", "of_labels": {"a": "b"}},
        {"name": "c", "metric": "x", "as": "ratio"},
        {"name": "e", "metric": "x", "as": "quantile", "quantile": 99},
        {"name": "f", "metric": "x", "quantile": 0.5},
        {"name": "g", "metric": "x", "as": "ratio", "labels": {"a": "b"}, "least": -1},
    ]}))
    .err()
    .unwrap();
    let paths: Vec<_> = refused.iter().map(|r| r.path.as_str()).collect();
    let expected = [
        "url",
        "figures[0].name",
        "figures[1].metric",
        "figures[2].of_labels",
        "figures[3].name",
        "figures[3].of_labels",
        "figures[4].quantile",
        "figures[5].quantile",
        "figures[6].least",
    ];
    assert_eq!(paths, expected);
    assert!(!format!("{refused:?}").contains("hunter2"), "a secret stands in a refusal");
    assert_eq!(build(json!({"figures": []})).err().unwrap()[0].path, "figures");
}
