//! What the `prometheus` kind asks, and what it makes of answers and of silence.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::Verdict;
use crate::net::script::{self, Play, Reply, Script, Told};

fn build(settings: serde_json::Value) -> Result<Prometheus, Vec<Refused>> {
    let spec: PrometheusSpec = serde_json::from_value(settings).unwrap();
    spec.build(&Url::parse("https://prometheus.example.org/base").unwrap())
}

fn two() -> Prometheus {
    build(json!({"queries": {"a": "sum(up)", "b": "1 + 1"}})).unwrap()
}

fn vector(value: &str) -> Reply {
    let point = format!(r#"{{"metric": {{}}, "value": [1700000000.1, "{value}"]}}"#);
    Reply::new(200, &result("vector", &format!("[{point}]")))
}

fn result(kind: &str, result: &str) -> String {
    format!(r#"{{"status": "success", "data": {{"resultType": "{kind}", "result": {result}}}}}"#)
}

fn measured(outcome: &Outcome) -> Vec<(&str, f64)> {
    outcome.measurements.iter().map(|m| (m.name.as_str(), m.value)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_query_is_asked_and_is_a_measurement() {
    let scalar = Reply::new(200, &result("scalar", r#"[1700000000, "2"]"#));
    let net = Arc::new(Script::new(Play::Answer(vec![vector("41.5"), scalar])));
    let probe =
        build(json!({"api_token": "t0ken-of-ours", "queries": {"a": "sum(up{x=\"&\"})", "b": "1 + 1"}}));
    let limit = Duration::from_secs(10);
    let seen = script::run_over(Arc::clone(&net), &probe.unwrap(), limit, &Told::default()).await;
    assert_eq!(seen.verdict, Verdict::Passed, "{}", seen.summary);
    assert_eq!(measured(&seen), [("a", 41.5), ("b", 2.0)]);
    let asked = net.asked.lock().unwrap();
    let urls: Vec<_> = asked.iter().map(|r| r.uri().to_string()).collect();
    let page = "https://prometheus.example.org/base/api/v1/query?query=";
    assert_eq!(urls, [format!("{page}sum%28up%7Bx%3D%22%26%22%7D%29"), format!("{page}1+%2B+1")]);
    assert!(asked.iter().all(|r| r.headers()["authorization"] == "Bearer t0ken-of-ours"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_number_is_left_out_or_said() {
    let empty = || Reply::new(200, &result("vector", "[]"));
    let many = result("vector", r#"[{"value": [1, "1"]}, {"value": [1, "2"]}]"#);
    let refused =
        r#"{"status": "error", "errorType": "bad_data", "error": "1:4: parse error: unclosed paren"}"#;
    let garbled = Some(Reason::Garbled);
    let cases = [
        (empty(), Verdict::Passed, None, ""),
        (vector("NaN"), Verdict::Passed, None, ""),
        (vector("+Inf"), Verdict::Passed, None, ""),
        (Reply::new(200, &many), Verdict::Unknown, garbled, "2 series"),
        (Reply::new(200, &result("matrix", "[]")), Verdict::Unknown, garbled, "matrix"),
        (Reply::new(200, "<html>log in</html>"), Verdict::Unknown, garbled, "not one of Prometheus"),
        (Reply::new(200, &result("scalar", "[1]")), Verdict::Unknown, garbled, "no number"),
        (Reply::new(400, refused), Verdict::Unknown, Some(Reason::HttpStatus), "unclosed paren"),
        (Reply::new(503, "busy"), Verdict::Unknown, Some(Reason::HttpStatus), "503"),
        (Reply::new(401, ""), Verdict::Unknown, Some(Reason::ProbeAuth), "401"),
        (Reply::new(429, ""), Verdict::Unknown, Some(Reason::RateLimited), "429"),
        (Reply::new(404, ""), Verdict::Unknown, Some(Reason::NotFound), "404"),
    ];
    for (n, (reply, verdict, reason, words)) in cases.into_iter().enumerate() {
        let seen = script::run(&two(), Play::Answer(vec![reply, vector("2")])).await;
        assert_eq!((seen.verdict, seen.reason), (verdict, reason), "case {n}: {}", seen.summary);
        assert!(seen.summary.contains(words), "case {n}: {}", seen.summary);
        assert_eq!(measured(&seen), [("b", 2.0)], "case {n}: one query without an answer spoils no other");
    }
}

#[tokio::test(start_paused = true)]
async fn a_witness_that_cannot_be_reached_accuses_nobody() {
    let here = two();
    let there = build(json!({"url": "http://monitor.example.net", "queries": {"a": "up"}})).unwrap();
    let cases =
        [(Play::Refuse, Reason::Connect), (Play::Silent, Reason::Timeout), (Play::Drip, Reason::Timeout)];
    for (play, reason) in cases {
        for (probe, verdict) in [(&here, Verdict::Failed), (&there, Verdict::Unknown)] {
            let seen = script::run(probe, play.clone()).await;
            assert_eq!((seen.verdict, seen.reason), (verdict, Some(reason)), "{}", seen.summary);
        }
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let long = "x".repeat(5000);
    let queries = json!({"Bad Name": "up", "empty": " ", "long": long});
    let refused = build(json!({"url": "ftp://h/", "queries": queries})).err().unwrap();
    let paths: Vec<_> = refused.iter().map(|r| r.path.as_str()).collect();
    assert_eq!(paths, ["queries.Bad Name", "queries.empty", "queries.long", "url"]);
    assert_eq!(build(json!({"queries": {}})).err().unwrap()[0].path, "queries");
}
