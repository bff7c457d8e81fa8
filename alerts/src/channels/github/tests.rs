use std::time::Duration;

use serde_json::json;

use super::*;
use crate::Envelope;
use crate::conformance::fixture::{
    acknowledged, built, done, example, http_reply, opened, reminder, resolved, thread, update,
};

const ISSUES: &str = "/repos/example/hub-operations/issues";

/// The next request: `METHOD path`, and its body.
fn call(n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> (String, Value) {
    let Next::Send(e) = example("github").compose(n, replies, thread) else { panic!("done") };
    let Envelope::Http(r) = *e else { panic!() };
    let body = if r.body().is_empty() { Value::Null } else { serde_json::from_slice(r.body()).unwrap() };
    (format!("{} {}", r.method(), r.uri().path()), body)
}

fn receipt(n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Receipt {
    done(example("github").compose(n, replies, thread))
}

fn ok(body: Value) -> Reply {
    http_reply(200, &[], &body.to_string())
}

fn empty() -> Reply {
    ok(json!([]))
}

fn issue() -> Reply {
    http_reply(201, &[], &json!({"number": 17}).to_string())
}

fn listed(n: &Notification) -> Reply {
    ok(json!([{"number": 16, "body": null}, {"number": 17, "body": format!("x\n{}", markdown::mark(n))}]))
}

fn taken() -> Receipt {
    Receipt::Delivered(Some(MessageRef("example/hub-operations#17".into())))
}

#[test]
fn an_issue_is_opened_with_its_labels_and_a_mark() {
    assert_eq!(call(&opened(), &[], None).0, format!("GET {ISSUES}"));
    let (open, body) = call(&opened(), &[empty()], None);
    assert_eq!(open, format!("POST {ISSUES}"));
    assert_eq!(body["title"], "🔴 mybinder: nobody can launch since 18:27 UTC (2 min)");
    assert_eq!(body["labels"], json!(["outage"]));
    assert!(body["body"].as_str().unwrap().contains(&markdown::mark(&opened())));
    assert_eq!(receipt(&opened(), &[empty(), issue()], None), taken());
}

#[test]
fn an_opening_whose_answer_was_lost_opens_no_second_issue() {
    assert_eq!(receipt(&opened(), &[listed(&opened())], None), taken());
    let other = Notification { incident: crate::IncidentId("another".into()), ..opened() };
    assert_eq!(call(&other, &[listed(&opened())], None).0, format!("POST {ISSUES}"));
    // A list that was cut is no list: a second issue is better than none.
    assert_eq!(
        call(&opened(), &[http_reply(200, &[], "[{\"number\": 17, ")], None).0,
        format!("POST {ISSUES}")
    );
}

#[test]
fn what_follows_is_commented_and_the_end_closes_it() {
    let thread = thread("github");
    for n in [update(), reminder(), acknowledged()] {
        assert_eq!(call(&n, &[], thread.as_ref()).0, format!("POST {ISSUES}/17/comments"));
        assert_eq!(receipt(&n, &[issue()], thread.as_ref()), taken());
    }
    let (close, body) = call(&resolved(), &[], thread.as_ref());
    assert_eq!((close, &body["state"]), (format!("PATCH {ISSUES}/17"), &json!("closed")));
    assert_eq!(call(&resolved(), &[issue()], thread.as_ref()).0, format!("POST {ISSUES}/17/comments"));
    assert_eq!(receipt(&resolved(), &[issue(), issue()], thread.as_ref()), taken());
}

#[test]
fn closing_is_repeated_and_a_comment_is_not() {
    let (thread, busy) = (thread("github"), || http_reply(502, &[], ""));
    let retried = receipt(&resolved(), &[busy()], thread.as_ref());
    assert!(matches!(retried, Receipt::Retry { .. }), "not commented yet: {retried:?}");
    let forbidden = http_reply(403, &[], r#"{"message":"Resource not accessible"}"#);
    let told = receipt(&resolved(), &[forbidden, issue()], thread.as_ref());
    assert!(
        matches!(&told, Receipt::Remarked { remark, .. } if remark.contains("could not be closed")),
        "{told:?}"
    );
}

#[test]
fn a_thread_that_is_not_known_or_gone_is_looked_for_and_begun_anew() {
    assert_eq!(call(&update(), &[listed(&update())], None).0, format!("POST {ISSUES}/17/comments"));
    let elsewhere = MessageRef("example/other#3".into());
    assert_eq!(call(&update(), &[], Some(&elsewhere)).0, format!("GET {ISSUES}"));
    let gone = || http_reply(410, &[], r#"{"message":"This issue was deleted"}"#);
    let thread = thread("github");
    assert_eq!(call(&update(), &[gone()], thread.as_ref()).0, format!("GET {ISSUES}"));
    assert_eq!(call(&update(), &[gone(), empty()], thread.as_ref()).0, format!("POST {ISSUES}"));
    assert_eq!(receipt(&update(), &[gone(), empty(), issue()], thread.as_ref()), taken());
}

#[test]
fn trouble_that_came_and_went_is_told_as_one_closed_issue() {
    assert_eq!(call(&resolved(), &[empty(), issue()], None).0, format!("PATCH {ISSUES}/17"));
    assert_eq!(receipt(&resolved(), &[empty(), issue(), issue()], None), taken());
    let test = Notification::test(opened().at, "x");
    assert_eq!(call(&test, &[empty(), issue()], None).0, format!("PATCH {ISSUES}/17"));
}

#[test]
fn limits_are_told_from_refusals() {
    let date = ("date", "Fri, 03 May 2024 18:29:10 GMT");
    let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
    let wait = |s| Some(Duration::from_secs(s));
    for (status, headers, said, after) in [
        (403, &[("retry-after", "30")][..], secondary, wait(30)),
        (403, &[], secondary, wait(60)),
        (403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1714761000"), date], "", wait(50)),
        (429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1714760000"), date], "", wait(1)),
        (429, &[], "", None),
        (502, &[], "", None),
    ] {
        match receipt(&opened(), &[http_reply(status, headers, said)], None) {
            Receipt::Retry { after: waits, .. } => assert_eq!(waits, after, "{status} {headers:?}"),
            other => panic!("{status}: {other:?}"),
        }
    }
    for (status, words) in
        [(401, "token"), (403, "may not write"), (404, "repository"), (410, "no issues"), (301, "moved")]
    {
        match receipt(&opened(), &[http_reply(status, &[], r#"{"message":"no"}"#)], None) {
            Receipt::Refused { why } => assert!(why.contains(words), "{why}"),
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[test]
fn nothing_in_markdown_mentions_links_or_breaks_out() {
    let mut n = opened();
    let awkward = "@ada #12 [x](http://evil.example) <b> **b** `c` https://a.example";
    n.facts.failing[0].summary = awkward.into();
    n.facts.failing[0].evidence = vec!["```".into(), "@ada".into(), "````x".into()];
    let body = markdown::body(&Story::of(&n));
    let (outside, code) = body.split_once("`````text\n").unwrap();
    assert!(code.starts_with("```\n@ada\n````x\n`````\n"), "{code}");
    for bad in ["@ada", "#12", " [x](http", "<b>", " **b**", "`c`", "https://a"] {
        assert!(!outside.contains(bad), "{bad}: {outside}");
    }
}

#[test]
fn an_enterprise_server_is_called_at_its_own_address() {
    let settings = json!({"repository": "a/b", "token": "t", "api_url": "https://git.example.org/api/v3/"});
    let Next::Send(e) = built("github", settings).compose(&opened(), &[], None) else { panic!() };
    let Envelope::Http(r) = *e else { panic!() };
    assert!(
        r.uri().to_string().starts_with("https://git.example.org/api/v3/repos/a/b/issues?"),
        "{}",
        r.uri()
    );
    assert!(r.uri().to_string().ends_with("&labels=launchwatch"), "{}", r.uri());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, path) in [
        (json!({"repository": "hub-operations", "token": "t"}), "repository"),
        (json!({"repository": "a/b/c", "token": "t"}), "repository"),
        (json!({"repository": "https://github.com/a/b", "token": "t"}), "repository"),
        (json!({"repository": "a/b", "token": "t t"}), "token"),
        (json!({"repository": "a/b", "token": "t", "labels": ["a,b"]}), "labels"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}
