//! What the `http` kind accepts, and what it makes of answers.

use std::sync::Arc;

use super::*;
use crate::Verdict;
use crate::net::script::{self, Play, Reply, Script, Told};

fn build(settings: serde_json::Value) -> Result<Http, Vec<Refused>> {
    let spec: HttpSpec = serde_json::from_value(settings).unwrap();
    spec.build(&Url::parse("https://hub.example.org/base").unwrap())
}

async fn play(settings: serde_json::Value, replies: Vec<Reply>) -> Outcome {
    script::run(&build(settings).unwrap(), Play::Answer(replies)).await
}

#[test]
fn the_page_is_the_target_a_path_under_it_or_any_url() {
    let page = |settings| build(settings).unwrap().page.url.to_string();
    assert_eq!(page(serde_json::json!({})), "https://hub.example.org/base");
    assert_eq!(page(serde_json::json!({"path": "/hub/api/"})), "https://hub.example.org/base/hub/api/");
    assert_eq!(page(serde_json::json!({"url": "http://x/y"})), "http://x/y");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let refused = build(serde_json::json!({
        "url": "https://me:pw@h/",
        "method": "G E T",
        "headers": {"bad name": "x"},
        "secret_headers": {"x-token": "line\nhunter2"},
        "expect": {
            "status": ["2yy", 999, "2xx", {}],
            "headers": [{"name": "x"}],
            "body": {"matches": ["("]},
            "json": [{"path": "a["}, {"path": "a"}],
        },
    }))
    .err()
    .unwrap();
    let paths: Vec<_> = refused.iter().map(|r| r.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "url",
            "method",
            "headers.bad name",
            "secret_headers.x-token",
            "expect.status[0]",
            "expect.status[1]",
            "expect.status[3]",
            "expect.headers[0]",
            "expect.body.matches[0]",
            "expect.json[0].path",
            "expect.json[1]",
        ]
    );
    assert!(!format!("{refused:?}").contains("hunter2"), "a secret stands in a refusal");
}

#[tokio::test(start_paused = true)]
async fn the_status_decides_first() {
    let cases = [
        (serde_json::json!({}), 204, Verdict::Passed, None),
        (serde_json::json!({}), 503, Verdict::Failed, Some(Reason::HttpStatus)),
        (serde_json::json!({}), 401, Verdict::Failed, Some(Reason::HttpStatus)),
        (
            serde_json::json!({"secret_headers": {"a": "secret-1"}}),
            401,
            Verdict::Unknown,
            Some(Reason::ProbeAuth),
        ),
        (serde_json::json!({}), 429, Verdict::Unknown, Some(Reason::RateLimited)),
        (serde_json::json!({"expect": {"status": [429]}}), 429, Verdict::Passed, None),
        (
            serde_json::json!({"expect": {"status": ["4xx", 200]}}),
            204,
            Verdict::Failed,
            Some(Reason::HttpStatus),
        ),
        (serde_json::json!({"follow_redirects": 0}), 302, Verdict::Passed, None),
        (serde_json::json!({"expect": {"status": [302]}}), 302, Verdict::Passed, None),
    ];
    for (settings, status, verdict, reason) in cases {
        let seen = play(settings.clone(), vec![Reply::new(status, "").with("location", "/x")]).await;
        assert_eq!((seen.verdict, seen.reason), (verdict, reason), "{settings} {status}");
    }
}

#[tokio::test(start_paused = true)]
async fn conditions_that_fail_show_what_was_seen() {
    let settings = serde_json::json!({"expect": {
        "headers": [{"name": "content-type", "contains": "json"}, {"name": "x-gone", "exists": true}],
        "body": {"contains": ["hello"], "not_matches": ["(?i)ERROR \\d+"]},
        "json": [{"path": "ok", "equals": true}],
    }});
    let body = r#"{"ok": false, "why": "error 17"}"#;
    let seen = play(settings, vec![Reply::new(200, body).with("content-type", "text/plain")]).await;
    assert_eq!((seen.verdict, seen.reason), (Verdict::Failed, Some(Reason::Condition)));
    for told in [
        r#"header content-type: expected "json" in it, saw "text/plain""#,
        "header x-gone: expected to be there, not there",
        r#"body: expected "hello" in it, not found"#,
        r#"saw "error 17""#,
        "ok: expected true, saw false",
    ] {
        assert!(seen.summary.contains(told), "{told} is not in {}", seen.summary);
    }
    assert_eq!(seen.failed_stage, Some(Stage::Body));
}

#[tokio::test(start_paused = true)]
async fn a_large_body_matters_only_to_conditions_on_it() {
    let large = || vec![Reply::new(200, &"x".repeat(5000))];
    let seen = play(serde_json::json!({"max_body": 1000}), large()).await;
    assert_eq!(seen.verdict, Verdict::Passed);
    let seen =
        play(serde_json::json!({"max_body": 1000, "expect": {"body": {"contains": ["y"]}}}), large()).await;
    assert_eq!(seen.reason, Some(Reason::TooLarge));
}

#[tokio::test(start_paused = true)]
async fn credentials_are_not_carried_to_another_host() {
    let probe = build(serde_json::json!({
        "secret_headers": {"authorization": "token hunter2hunter2"}, "method": "POST", "body": "x",
    }))
    .unwrap();
    let hop = |to: &str| Reply::new(302, "").with("location", to);
    let replies = vec![hop("/next"), hop("https://elsewhere.example.net/"), Reply::new(200, "")];
    let net = Arc::new(Script::new(Play::Answer(replies)));
    let seen = script::run_over(Arc::clone(&net), &probe, Duration::from_secs(10), &Told::default()).await;
    assert_eq!(seen.verdict, Verdict::Passed);
    let asked = net.asked.lock().unwrap();
    let sent: Vec<_> =
        asked.iter().map(|r| (r.method().as_str(), r.headers().contains_key("authorization"))).collect();
    assert_eq!(sent, [("POST", true), ("GET", true), ("GET", false)]);
}

#[tokio::test(start_paused = true)]
async fn redirects_have_an_end() {
    let seen = script::run(&build(serde_json::json!({})).unwrap(), Play::Circle).await;
    assert_eq!(seen.reason, Some(Reason::Redirects));
    let hops = (0..9).map(|n| Reply::new(301, "").with("location", &format!("/{n}"))).collect();
    let seen = play(serde_json::json!({"follow_redirects": 3}), hops).await;
    assert_eq!(seen.reason, Some(Reason::Redirects));
    assert!(seen.summary.contains("more than 3"), "{}", seen.summary);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_degraded() {
    let probe = build(serde_json::json!({"slow_after": "1ms"})).unwrap();
    let mut replies = vec![Reply::new(200, "x")];
    assert_eq!(script::run(&probe, Play::Answer(replies.clone())).await.verdict, Verdict::Passed);
    replies.insert(0, Reply::new(302, &"x".repeat(10)).with("location", "/x"));
    let probe = build(serde_json::json!({"slow_after": "10us"})).unwrap();
    let seen = script::run(&probe, Play::Answer(replies)).await;
    assert_eq!((seen.verdict, seen.reason), (Verdict::Degraded, Some(Reason::Slow)));
}

#[tokio::test(start_paused = true)]
async fn a_run_cut_off_names_the_stage_it_hung_in() {
    let seen = script::run(&build(serde_json::json!({})).unwrap(), Play::Silent).await;
    assert_eq!((seen.reason, seen.failed_stage), (Some(Reason::Timeout), Some(Stage::FirstByte)));
    let seen = script::run(&build(serde_json::json!({})).unwrap(), Play::Drip).await;
    assert_eq!((seen.reason, seen.failed_stage), (Some(Reason::Timeout), Some(Stage::Body)));
}
