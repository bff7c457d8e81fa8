use std::time::Duration;

use super::*;
use crate::conformance::fixture::{body, built, done, example, good, http_reply, opened, resolved, thread};
use crate::{Envelope, Receipt, Undelivered};

const HOOK: &str = "https://mattermost.example.org/hooks/k3yk3yk3y";

/// Without strips there is no picture, so that the first reply is the message's.
fn bare(mut n: Notification) -> Notification {
    n.facts.strips.clear();
    n
}

fn fault(status: u16, id: &str) -> Reply {
    let said = json!({"id": id, "message": "no", "detailed_error": "", "status_code": status});
    http_reply(status, &[], &said.to_string())
}

#[test]
fn answers_are_read_as_mattermost_gives_them() {
    let bot = example("mattermost");
    let compose = |reply: Reply| done(bot.compose(&bare(opened()), &[reply], None));
    let sent = http_reply(201, &[], r#"{"id":"abc","channel_id":"x","message":"y","root_id":""}"#);
    assert_eq!(compose(sent), Receipt::Delivered(Some(MessageRef("abc".into()))));
    let limited = http_reply(429, &[("x-ratelimit-reset", "3")], "limit exceeded");
    let why = "HTTP 429 limit exceeded".to_owned();
    assert_eq!(compose(limited), Receipt::Retry { after: Some(Duration::from_secs(3)), why });
    for (status, id, hint) in [
        (401, "api.context.session_expired.app_error", "token"),
        (403, "api.context.permissions.app_error", "member"),
        (400, "api.context.invalid_body_param.app_error", "invalid_body_param"),
    ] {
        match compose(fault(status, id)) {
            Receipt::Refused { why } => assert!(why.contains(id) && why.contains(hint), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(compose(http_reply(200, &[], "<html>")), Receipt::Retry { .. }));
}

#[test]
fn the_news_goes_into_the_thread_with_a_picture() {
    let (bot, root) = (example("mattermost"), thread("mattermost"));
    let compose = |replies: &[Reply]| bot.compose(&resolved(), replies, root.as_ref());
    assert_eq!(body(compose(&[])), json!({"file": "(a PNG)"}));
    assert!(body(compose(&[good()])).get("root_id").is_none(), "the first message is rewritten");
    let told = body(compose(&[good(), good()]));
    assert_eq!((&told["root_id"], &told["file_ids"]), (&json!("k5ts0tx1kfrq8p7xo4ghq6yczc"), &json!(["f1"])));
    let lost = Reply::Lost(Undelivered { step: "connect", detail: "refused".into() });
    assert!(body(compose(&[lost, good()])).get("file_ids").is_none());
}

#[test]
fn a_deleted_thread_is_begun_anew_and_an_edit_that_is_forbidden_is_remarked() {
    let (bot, root, n) = (example("mattermost"), thread("mattermost"), bare(resolved()));
    let compose = |replies: &[Reply]| bot.compose(&n, replies, root.as_ref());
    for gone in [
        [fault(404, "app.post.get.app_error")].as_slice(),
        &[good(), fault(400, "api.post.create_post.root_id.app_error")],
    ] {
        assert!(body(compose(gone)).get("root_id").is_none());
    }
    let forbidden = fault(400, "api.post.update_post.permissions_time_limit.app_error");
    match done(compose(&[forbidden, good()])) {
        Receipt::Remarked { message, remark } => assert!(message == root && remark.contains("time_limit")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_webhook_gets_every_notification_as_a_message_of_its_own() {
    let hook = built("mattermost", json!({"webhook_url": HOOK}));
    let told = body(hook.compose(&resolved(), &[], thread("mattermost").as_ref()));
    assert!(told["text"].as_str().unwrap().contains("works again"));
    assert_eq!(done(hook.compose(&opened(), &[http_reply(200, &[], "ok")], None)), Receipt::Delivered(None));
    match done(hook.compose(&opened(), &[fault(400, "web.incoming_webhook.invalid.app_error")], None)) {
        Receipt::Refused { why } => assert!(why.contains("make a new one"), "{why}"),
        other => panic!("{other:?}"),
    }
    let busy = done(hook.compose(&opened(), &[http_reply(503, &[("retry-after", "9")], "")], None));
    assert_eq!(busy, Receipt::Retry { after: Some(Duration::from_secs(9)), why: "HTTP 503".into() });
    assert!(hook.secrets().len() == 2 && !hook.is_ornament(&opened(), &[], None));
    let shown = format!("{:?}", Envelope::Http(http::Request::get(HOOK).body("".into()).unwrap()));
    assert!(!shown.contains("k3y"), "{shown}");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let channel = "4yxzqkqp3tbw5k7s1d6n8r2m9h";
    for (settings, path) in [
        (json!({}), ""),
        (json!({"bot_token": "x", "channel": channel}), ""),
        (
            json!({"server": "https://x.example", "bot_token": "x", "channel": channel, "webhook_url": HOOK}),
            "",
        ),
        (json!({"server": "ftp://x.example", "bot_token": "x", "channel": channel}), "server"),
        (json!({"server": "https://x.example", "bot_token": "x", "channel": "town-square"}), "channel"),
        (json!({"server": "https://x.example", "bot_token": "x y", "channel": channel}), "bot_token"),
        (json!({"webhook_url": "x.example"}), "webhook_url"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}
