use std::time::Duration;

use super::*;
use crate::conformance::fixture::{body, done, example, http_reply, opened, resolved};
use crate::{Envelope, Receipt};

#[test]
fn answers_are_read_as_google_gives_them() {
    let chat = example("google_chat");
    let compose = |reply: Reply| done(chat.compose(&opened(), &[reply], None));
    let sent = r#"{"name":"spaces/A/messages/B.B","thread":{"name":"spaces/A/threads/B"},"text":"x"}"#;
    let thread = Some(MessageRef("spaces/A/threads/B".into()));
    assert_eq!(compose(http_reply(200, &[], sent)), Receipt::Delivered(thread));
    let fault = |code: u16, status: &str| {
        json!({"error": {"code": code, "message": "no", "status": status}}).to_string()
    };
    let limited = http_reply(429, &[("retry-after", "2")], &fault(429, "RESOURCE_EXHAUSTED"));
    let why = "HTTP 429 RESOURCE_EXHAUSTED no".to_owned();
    assert_eq!(compose(limited), Receipt::Retry { after: Some(Duration::from_secs(2)), why });
    for (status, name, hint) in [
        (403, "PERMISSION_DENIED", "token"),
        (404, "NOT_FOUND", "make a new one"),
        (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ] {
        match compose(http_reply(status, &[], &fault(status, name))) {
            Receipt::Refused { why } => assert!(why.contains(name) && why.contains(hint), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(compose(http_reply(200, &[], "<html>")), Receipt::Retry { .. }));
    assert!(matches!(compose(http_reply(503, &[], &fault(503, "UNAVAILABLE"))), Receipt::Retry { .. }));
}

#[test]
fn an_incident_is_a_thread_and_a_second_attempt_is_the_same_message() {
    let chat = example("google_chat");
    let key = |n| body(chat.compose(&n, &[], None))["thread"]["threadKey"].clone();
    assert_eq!(key(opened()), key(resolved()));
    let uri = |n: Notification| match chat.compose(&n, &[], None) {
        Next::Send(e) => match *e {
            Envelope::Http(r) => r.uri().to_string(),
            other => panic!("{other:?}"),
        },
        Next::Done(_) => panic!(),
    };
    assert_eq!(uri(opened()), uri(opened()));
    assert!(uri(opened()).ends_with("&requestId=mybinder-20240503-1"));
}

#[test]
fn an_underscore_is_kept_inside_of_words_only() {
    assert_eq!(escaped("spawn_failed _it_ a_"), "spawn_failed \u{2cd}it\u{2cd} a\u{2cd}");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for url in [
        "chat.googleapis.com",
        "https://chat.googleapis.com/v1/spaces/A/messages",
        "https://x.example/?key=a",
    ] {
        let problems = KIND.build(json!({"webhook_url": url})).err().unwrap();
        assert_eq!(problems[0].path, "webhook_url", "{url}");
    }
}
