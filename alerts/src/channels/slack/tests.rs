use std::time::Duration;

use serde_json::json;
use slack_morphism::prelude::{SlackApiChatPostMessageResponse, SlackApiChatUpdateResponse};

use super::*;
use crate::Receipt;
use crate::conformance::fixture::{
    body, built, done, example, good, http_reply, opened, resolved, thread, update,
};

fn says(error: &str) -> Reply {
    http_reply(200, &[], &json!({"ok": false, "error": error}).to_string())
}

fn method(next: Next) -> String {
    match next {
        Next::Send(e) => match *e {
            crate::Envelope::Http(r) => r.uri().path().rsplit('/').next().unwrap().to_owned(),
            other => panic!("{other:?}"),
        },
        Next::Done(r) => panic!("done: {r:?}"),
    }
}

#[test]
fn a_limit_is_waited_out_and_a_broken_channel_is_refused_with_a_hint() {
    let slack = example("slack");
    let limited = http_reply(200, &[("retry-after", "30")], r#"{"ok":false,"error":"ratelimited"}"#);
    assert_eq!(
        done(slack.compose(&opened(), &[limited], None)),
        Receipt::Retry { after: Some(Duration::from_secs(30)), why: "slack says ratelimited".into() }
    );
    for (error, words) in [
        ("channel_not_found", "private channel"),
        ("not_in_channel", "invite the bot"),
        ("invalid_auth", "token"),
        ("account_inactive", "token"),
        ("missing_scope", "chat:write"),
        ("something_new", "slack says something_new"),
    ] {
        match done(slack.compose(&opened(), &[says(error)], None)) {
            Receipt::Refused { why } => assert!(why.contains(words), "{why}"),
            other => panic!("{error}: {other:?}"),
        }
    }
    let page = http_reply(200, &[], "<html>log in to this network</html>");
    assert!(matches!(done(slack.compose(&opened(), &[page], None)), Receipt::Retry { after: None, .. }));
}

#[test]
fn blocks_that_slack_cannot_read_are_sent_again_as_text() {
    let slack = example("slack");
    let again = body(slack.compose(&opened(), &[says("invalid_blocks")], None));
    assert!(again.get("blocks").is_none() && again["text"].as_str().unwrap().contains("nobody can launch"));
    let receipt = done(slack.compose(&opened(), &[says("invalid_blocks"), says("msg_too_long")], None));
    assert!(matches!(receipt, Receipt::Refused { .. }));
}

#[test]
fn later_notifications_rewrite_the_first_message_and_answer_in_its_thread() {
    let (slack, root) = (example("slack"), thread("slack"));
    for (n, broadcast) in [(update(), None), (resolved(), Some(true))] {
        let rewritten = slack.compose(&n, &[], root.as_ref());
        assert_eq!(method(slack.compose(&n, &[], root.as_ref())), "chat.update");
        assert_eq!(body(rewritten)["ts"], "1714760951.000100");
        let told = body(slack.compose(&n, &[good()], root.as_ref()));
        assert_eq!(told["thread_ts"], "1714760951.000100");
        assert_eq!(told["reply_broadcast"].as_bool(), broadcast);
    }
}

#[test]
fn the_thread_is_told_even_if_the_first_message_cannot_be_rewritten() {
    let (slack, root, n) = (example("slack"), thread("slack"), resolved());
    let compose = |replies: &[Reply]| slack.compose(&n, replies, root.as_ref());
    assert_eq!(method(compose(&[says("edit_window_closed")])), "chat.postMessage");
    assert_eq!(
        done(compose(&[says("edit_window_closed"), good()])),
        Receipt::Remarked { message: root.clone(), remark: "slack says edit_window_closed".into() }
    );
    let limited = done(compose(&[http_reply(429, &[("retry-after", "3")], "")]));
    assert!(matches!(limited, Receipt::Retry { after: Some(_), .. }), "{limited:?}");
}

#[test]
fn a_deleted_thread_is_begun_anew() {
    let (slack, root, n) = (example("slack"), thread("slack"), resolved());
    let gone = [says("message_not_found"), says("thread_not_found")];
    assert!(body(slack.compose(&n, &gone, root.as_ref())).get("thread_ts").is_none());
    let receipt = done(slack.compose(&n, &[&gone[..], &[good()]].concat(), root.as_ref()));
    assert!(matches!(receipt, Receipt::Delivered(Some(_))), "{receipt:?}");
}

#[test]
fn a_webhook_gets_every_notification_as_a_message_of_its_own() {
    let slack = built("slack", json!({"webhook_url": "https://hooks.slack.com/services/T0/B0/secret"}));
    let told = body(slack.compose(&resolved(), &[], thread("slack").as_ref()));
    assert!(told["text"].as_str().unwrap().contains("works again"));
    assert_eq!(
        done(slack.compose(&resolved(), &[http_reply(200, &[], "ok")], None)),
        Receipt::Delivered(None)
    );
    let gone = done(slack.compose(&resolved(), &[http_reply(404, &[], "no_service")], None));
    assert_eq!(gone, Receipt::Refused { why: "HTTP 404 no_service".into() });
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, path) in [
        (json!({}), ""),
        (json!({"bot_token": "x"}), "channel"),
        (json!({"channel": "C1"}), ""),
        (json!({"bot_token": "x", "channel": "C1", "webhook_url": "https://x.example"}), ""),
        (json!({"bot_token": "x\ny", "channel": "C1"}), "bot_token"),
        (json!({"bot_token": "x", "channel": " "}), "channel"),
        (json!({"webhook_url": "hooks.slack.com/x"}), "webhook_url"),
    ] {
        let problems = KIND.build(settings.clone()).err().unwrap();
        assert_eq!(problems[0].path, path, "{settings}");
    }
}

#[test]
fn a_stand_in_is_called_instead_of_slack() {
    let settings = json!({"bot_token": "x", "channel": "C1", "api_url": "http://127.0.0.1:8080/api/"});
    let Next::Send(e) = built("slack", settings).compose(&opened(), &[], None) else { panic!() };
    let crate::Envelope::Http(r) = *e else { panic!() };
    assert_eq!(r.uri(), "http://127.0.0.1:8080/api/chat.postMessage");
}

/// Answers as Slack's documentation shows them.
#[test]
fn our_reading_of_answers_agrees_with_the_librarys() {
    let posted = json!({"ok": true, "channel": "C123456", "ts": "1503435956.000247", "message": {
        "text": "Here's a message for you", "username": "ecto1", "bot_id": "B123456", "type": "message",
        "subtype": "bot_message", "ts": "1503435956.000247"}});
    let typed: SlackApiChatPostMessageResponse = serde_json::from_value(posted.clone()).unwrap();
    let ours = answer::read(&http_reply(200, &[], &posted.to_string()));
    assert_eq!(ours, Answer::Taken(Some(MessageRef(format!("{}:{}", typed.channel.0, typed.ts.0)))));

    let updated = json!({"ok": true, "channel": "C123456", "ts": "1401383885.000061", "text": "Updated text",
        "message": {"text": "Updated text", "user": "U34567890"}});
    let typed: SlackApiChatUpdateResponse = serde_json::from_value(updated.clone()).unwrap();
    let ours = answer::read(&http_reply(200, &[], &updated.to_string()));
    assert_eq!(ours, Answer::Taken(Some(MessageRef(format!("{}:{}", typed.channel.0, typed.ts.0)))));
}

fn with_buttons() -> Box<dyn Channel> {
    built("slack", json!({"bot_token": "xoxb-1", "channel": "C1", "app_token": "xapp-1-example"}))
}

/// The buttons of a message: action and value.
fn buttons(message: &serde_json::Value) -> Vec<(String, String)> {
    let blocks = message["blocks"].as_array().into_iter().flatten();
    let elements = blocks.filter(|b| b["type"] == "actions").flat_map(|b| b["elements"].as_array().unwrap());
    let text = |e: &serde_json::Value, key: &str| e[key].as_str().unwrap().to_owned();
    elements.map(|e| (text(e, "action_id"), text(e, "value"))).collect()
}

#[test]
fn what_asks_for_an_answer_has_buttons_and_nothing_else_has() {
    use crate::conformance::fixture::{acknowledged, reminder};
    let incident = |action: &str| (action.to_owned(), "mybinder-20240503".to_owned());
    let both = [incident(Hearing::ACKNOWLEDGE), incident(Hearing::SILENCE_HOUR)];
    for (n, expected) in [
        (opened(), &both[..]),
        (update(), &both),
        (reminder(), &both),
        (acknowledged(), &[]),
        (resolved(), &[]),
    ] {
        let slack = with_buttons();
        assert_eq!(buttons(&body(slack.compose(&n, &[], None))), expected, "{:?}", n.kind);
        let rewritten = body(slack.compose(&n, &[], thread("slack").as_ref()));
        assert_eq!(buttons(&rewritten), expected, "{:?}", n.kind);
        assert!(buttons(&body(example("slack").compose(&n, &[], None))).is_empty(), "{:?}", n.kind);
    }
}

#[test]
fn an_app_token_is_what_is_listened_with_and_stays_secret() {
    let slack = with_buttons();
    assert_eq!(slack.secrets().len(), 2);
    let Some(Hearing::SlackSocket { api, app_token }) = slack.ears() else { panic!("no ears") };
    assert_eq!((api.as_str(), app_token.expose_secret()), ("https://slack.com/api", "xapp-1-example"));
    assert!(!format!("{:?}", slack.ears()).contains("xapp"));
    assert!(example("slack").ears().is_none());
    for settings in [
        json!({"bot_token": "x", "channel": "C1", "app_token": "xoxb-the-wrong-one"}),
        json!({"webhook_url": "https://hooks.slack.com/x", "app_token": "xapp-1"}),
    ] {
        let problems = KIND.build(settings).err().unwrap();
        assert_eq!(problems[0].path, "app_token");
        assert!(!format!("{problems:?}").contains("wrong-one"));
    }
}
