use std::time::Duration;

use super::*;
use crate::Envelope;
use crate::conformance::fixture::{
    acknowledged, body, built, done, example, http_reply, opened, reminder, resolved, update,
};

#[test]
fn answers_are_read_as_ntfy_gives_them() {
    let compose = |reply: Reply| done(example("ntfy").compose(&opened(), &[reply], None));
    let sent = r#"{"id":"xE73Iyuabi","time":1673542291,"event":"message","topic":"t"}"#;
    assert_eq!(compose(http_reply(200, &[], sent)), Receipt::Delivered(None));
    let limited = r#"{"code":42901,"http":429,"error":"limit reached: too many requests"}"#;
    let why = "HTTP 429 42901 limit reached: too many requests".to_owned();
    let receipt = compose(http_reply(429, &[("retry-after", "5")], limited));
    assert_eq!(receipt, Receipt::Retry { after: Some(Duration::from_secs(5)), why });
    for (status, said, hint) in [
        (401, r#"{"code":40101,"http":401,"error":"unauthorized"}"#, "token"),
        (403, r#"{"code":40301,"http":403,"error":"forbidden"}"#, "may not write"),
        (404, "page not found", "no ntfy"),
        (400, r#"{"code":40024,"http":400,"error":"request body must be valid JSON"}"#, "40024"),
    ] {
        match compose(http_reply(status, &[], said)) {
            Receipt::Refused { why } => assert!(why.contains(hint), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(compose(http_reply(507, &[], "")), Receipt::Retry { .. }));
}

#[test]
fn what_wakes_somebody_is_loud_and_what_does_not_is_quiet() {
    let loud = |priority: u8, severity: Severity, mut n: Notification| {
        n.severity = severity;
        let ntfy = built("ntfy", json!({"topic": "topic", "priority": priority}));
        body(ntfy.compose(&n, &[], None))["priority"].as_u64().unwrap()
    };
    for (priority, expected) in [(5, [5, 4, 5, 2, 2]), (3, [3, 2, 3, 2, 2]), (1, [1, 1, 1, 1, 1])] {
        let kinds = [opened(), update(), reminder(), acknowledged(), resolved()];
        assert_eq!(kinds.map(|n| loud(priority, Severity::Page, n)), expected);
    }
    let kinds = [opened(), update(), reminder(), acknowledged(), resolved()];
    assert_eq!(kinds.map(|n| loud(5, Severity::Ticket, n)), [3, 3, 3, 2, 2]);
}

#[test]
fn the_end_takes_the_place_of_the_beginning_and_news_stands_by_itself() {
    let of = |n: Notification| body(example("ntfy").compose(&n, &[], None))["sequence_id"].clone();
    assert_eq!(of(opened()), of(resolved()));
    assert_eq!(of(opened()), of(acknowledged()));
    assert_ne!(of(opened()), of(update()));
    assert_ne!(of(update()), of(reminder()));
    assert_eq!(of(update()), of(update()), "a second attempt is the same message");
}

#[test]
fn a_server_of_ones_own_needs_no_token() {
    let settings = json!({"server": "http://127.0.0.1:2586", "topic": "alerts"});
    let Next::Send(e) = built("ntfy", settings).compose(&opened(), &[], None) else { panic!() };
    let Envelope::Http(r) = *e else { panic!() };
    assert_eq!(r.uri(), "http://127.0.0.1:2586/");
    assert!(!r.headers().contains_key("authorization"));
}

#[test]
fn settings_that_cannot_work_are_all_refused_at_once() {
    let settings =
        json!({"server": "ftp://x.example", "topic": "a/b", "token": "a b", "priority": 6, "tags": ["a,b"]});
    let problems = KIND.build(settings).err().unwrap();
    let paths: Vec<_> = problems.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["server", "topic", "priority", "tags[0]", "token"]);
}
