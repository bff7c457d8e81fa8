use std::time::Duration;

use serde_json::json;

use super::*;
use crate::conformance::fixture::{body, built, done, example, good, http_reply, opened, resolved, thread};
use crate::{Envelope, Receipt, Undelivered};

/// Without strips there is no picture, so that the first reply is the message's.
fn bare(mut n: Notification) -> Notification {
    n.facts.strips.clear();
    n
}

#[test]
fn answers_are_read_as_zulip_documents_them() {
    let zulip = example("zulip");
    let compose = |reply: Reply| done(zulip.compose(&bare(opened()), &[reply], None));
    let sent = http_reply(200, &[], r#"{"id":42,"msg":"","result":"success"}"#);
    assert_eq!(compose(sent), Receipt::Delivered(Some(MessageRef("42".into()))));
    let limited = r#"{"code":"RATE_LIMIT_HIT","msg":"API usage exceeded rate limit","result":"error","retry-after":28.5}"#;
    let why = "HTTP 429 RATE_LIMIT_HIT API usage exceeded rate limit".to_owned();
    for (headers, seconds) in [(&[][..], 28.5), (&[("retry-after", "29")], 29.0)] {
        let receipt = compose(http_reply(429, headers, limited));
        assert_eq!(
            receipt,
            Receipt::Retry { after: Some(Duration::from_secs_f64(seconds)), why: why.clone() }
        );
    }
    for (status, code, hint) in [
        (400, "STREAM_DOES_NOT_EXIST", "subscribe it"),
        (401, "UNAUTHORIZED", "api_key"),
        (401, "INVALID_API_KEY", "api_key"),
        (403, "USER_DEACTIVATED", "deactivated"),
        (400, "BAD_REQUEST", "BAD_REQUEST"),
    ] {
        let said = json!({"code": code, "msg": "no", "result": "error"}).to_string();
        match compose(http_reply(status, &[], &said)) {
            Receipt::Refused { why } => assert!(why.contains(code) && why.contains(hint), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(compose(http_reply(200, &[], "<html>")), Receipt::Retry { .. }));
}

#[test]
fn a_picture_that_cannot_be_uploaded_is_left_out() {
    let zulip = example("zulip");
    assert!(zulip.is_ornament(&opened(), &[], None) && !zulip.is_ornament(&opened(), &[good()], None));
    let content = |reply: Reply| body(zulip.compose(&opened(), &[reply], None))["content"].to_string();
    assert!(content(good()).contains("[hours.png](/user_uploads/1/ab/hours.png)"));
    let older = http_reply(200, &[], r#"{"result":"success","uri":"/user_uploads/2/x.png"}"#);
    assert!(content(older).contains("(/user_uploads/2/x.png)"));
    for reply in [
        Reply::Lost(Undelivered { step: "connect", detail: "refused".into() }),
        http_reply(413, &[], r#"{"result":"error","msg":"too large"}"#),
        http_reply(200, &[], "<html>"),
        http_reply(200, &[], r#"{"url":"/user_uploads/x) [y](https://evil.example"}"#),
    ] {
        let text = content(reply);
        assert!(!text.contains("hours.png") && text.contains("Last 6 h of launch-requirements"), "{text}");
    }
}

#[test]
fn a_message_that_may_not_be_edited_any_more_is_nothing_to_remark() {
    let (zulip, root, n) = (example("zulip"), thread("zulip"), bare(resolved()));
    let late =
        http_reply(400, &[], r#"{"code":"BAD_REQUEST","msg":"The time limit has passed","result":"error"}"#);
    let told = http_reply(200, &[], r#"{"id":43,"result":"success"}"#);
    let compose = |replies: &[Reply]| zulip.compose(&n, replies, root.as_ref());
    let Next::Send(e) = compose(&[]) else { panic!() };
    let Envelope::Http(r) = *e else { panic!() };
    assert_eq!((r.method().as_str(), r.uri().path()), ("PATCH", "/api/v1/messages/42"));
    assert_eq!(body(compose(std::slice::from_ref(&late)))["topic"], "mybinder-20240503");
    assert_eq!(done(compose(&[late.clone(), told])), Receipt::Delivered(root.clone()));
    // The same answer to the message itself is a refusal.
    assert!(matches!(done(compose(&[good(), late])), Receipt::Refused { .. }));
}

#[test]
fn everything_can_go_into_one_topic() {
    let settings = json!({"site": "https://x.example/chat/", "email": "b@x.example", "api_key": "k3yk3y",
        "channel": "#ops", "topic": "alerts"});
    let zulip = built("zulip", settings);
    let Next::Send(e) = zulip.compose(&bare(opened()), &[], None) else { panic!() };
    let Envelope::Http(r) = &*e else { panic!() };
    assert_eq!(r.uri(), "https://x.example/chat/api/v1/messages");
    assert_eq!(r.headers()["authorization"], "Basic YkB4LmV4YW1wbGU6azN5azN5");
    let sent = body(Next::Send(e));
    assert_eq!((&sent["to"], &sent["topic"]), (&json!("ops"), &json!("alerts")));
}

#[test]
fn settings_that_cannot_work_are_all_refused_at_once() {
    let settings = json!({"site": "ftp://x.example", "email": "bot", "api_key": "a b", "channel": " ",
        "topic": "x".repeat(61)});
    let problems = KIND.build(settings).err().unwrap();
    let paths: Vec<_> = problems.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["site", "email", "api_key", "channel", "topic"]);
}
