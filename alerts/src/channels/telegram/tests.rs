use std::time::Duration;

use super::*;
use crate::conformance::fixture::{
    body, built, done, example, flood, good, http_reply, opened, resolved, thread,
};
use crate::{Envelope, Receipt};

fn method(next: Next) -> String {
    match next {
        Next::Send(e) => match *e {
            Envelope::Http(r) => r.uri().path().rsplit('/').next().unwrap().to_owned(),
            other => panic!("{other:?}"),
        },
        Next::Done(r) => panic!("done: {r:?}"),
    }
}

fn fault(status: u16, words: &str) -> Reply {
    http_reply(status, &[], &json!({"ok": false, "error_code": status, "description": words}).to_string())
}

#[test]
fn answers_are_read_as_telegram_gives_them() {
    let sent = json!({"ok": true, "result": {"message_id": 7, "chat": {"id": -100}, "date": 1}}).to_string();
    let limited = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 35",
        "parameters": {"retry_after": 35}});
    let telegram = example("telegram");
    let compose = |reply: Reply| done(telegram.compose(&opened(), &[reply], None));
    assert_eq!(compose(http_reply(200, &[], &sent)), Receipt::Delivered(Some(MessageRef("-100/7".into()))));
    let receipt = compose(http_reply(429, &[], &limited.to_string()));
    let why = "HTTP 429 Too Many Requests: retry after 35".to_owned();
    assert_eq!(receipt, Receipt::Retry { after: Some(Duration::from_secs(35)), why });
    for (status, words, hint) in [
        (400, "Bad Request: chat not found", "invite it"),
        (403, "Forbidden: bot was kicked from the supergroup chat", "invite the bot"),
        (403, "Forbidden: bot was blocked by the user", "write to the bot first"),
        (400, "Bad Request: message thread not found", "topic"),
        (401, "Unauthorized", "token"),
        (404, "Not Found", "token"),
        (400, "Bad Request: something new", "something new"),
    ] {
        match compose(fault(status, words)) {
            Receipt::Refused { why } => assert!(why.contains(words) && why.contains(hint), "{why}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    assert!(matches!(compose(http_reply(200, &[], "<html>")), Receipt::Retry { .. }));
    assert!(matches!(compose(http_reply(502, &[], "<html>")), Receipt::Retry { .. }));
}

#[test]
fn a_picture_goes_with_the_first_message_if_the_words_fit_beside_it() {
    let telegram = example("telegram");
    assert_eq!(method(telegram.compose(&opened(), &[], None)), "sendPhoto");
    let mut long = opened();
    long.facts.failing[0].summary = "x".repeat(300);
    long.facts.failing[0].evidence = vec!["y".repeat(180); 5];
    assert_eq!(method(telegram.compose(&long, &[], None)), "sendMessage");
    assert_eq!(method(telegram.compose(&flood(), &[], None)), "sendMessage");
    // An answer has words only; a first message stays what it was.
    let picture = thread("telegram");
    assert_eq!(method(telegram.compose(&resolved(), &[], picture.as_ref())), "editMessageMedia");
    assert_eq!(method(telegram.compose(&resolved(), &[good()], picture.as_ref())), "sendMessage");
    let words = MessageRef("-100/7".into());
    assert_eq!(method(telegram.compose(&resolved(), &[], Some(&words))), "editMessageText");
    let mut bare = resolved();
    bare.facts.strips.clear();
    assert_eq!(method(telegram.compose(&bare, &[], picture.as_ref())), "editMessageCaption");
}

#[test]
fn a_repeated_rewriting_is_none_and_a_deleted_message_is_written_anew() {
    let (telegram, root) = (example("telegram"), thread("telegram"));
    let same = fault(400, "Bad Request: message is not modified: specified new message content is the same");
    let receipt = done(telegram.compose(&resolved(), &[same, good()], root.as_ref()));
    assert_eq!(receipt, Receipt::Delivered(root.clone()));
    let gone = fault(400, "Bad Request: message to edit not found");
    let anew = telegram.compose(&resolved(), std::slice::from_ref(&gone), root.as_ref());
    assert!(body(anew).get("reply_parameters").is_none());
}

#[test]
fn a_group_that_moved_is_followed_and_that_is_said() {
    let moved = json!({"ok": false, "error_code": 400, "parameters": {"migrate_to_chat_id": -100_777},
        "description": "Bad Request: group chat was upgraded to a supergroup chat"});
    let moved = http_reply(400, &[], &moved.to_string());
    for root in [None, thread("telegram")] {
        let telegram = example("telegram");
        let again = telegram.compose(&resolved(), std::slice::from_ref(&moved), root.as_ref());
        assert_eq!(body(again)["chat_id"].to_string().trim_matches('"'), "-100777");
        match done(telegram.compose(&resolved(), &[moved.clone(), good()], root.as_ref())) {
            Receipt::Remarked { message: Some(_), remark } => assert!(remark.contains("-100777"), "{remark}"),
            other => panic!("{other:?}"),
        }
        // What went well before that was in the old chat.
        let next = telegram.compose(&resolved(), &[good(), moved.clone()], root.as_ref());
        assert_eq!(method(next), "sendPhoto");
    }
}

#[test]
fn a_group_that_takes_no_pictures_gets_words() {
    let telegram = example("telegram");
    let no = fault(400, "Bad Request: not enough rights to send photos to the chat");
    assert_eq!(method(telegram.compose(&opened(), std::slice::from_ref(&no), None)), "sendMessage");
    let receipt = done(telegram.compose(&opened(), &[no.clone(), good()], None));
    assert!(matches!(receipt, Receipt::Delivered(Some(_))), "{receipt:?}");
    let root = thread("telegram");
    let compose = |replies: &[Reply]| method(telegram.compose(&resolved(), replies, root.as_ref()));
    assert_eq!(compose(std::slice::from_ref(&no)), "editMessageCaption");
    assert_eq!(compose(&[no, good()]), "sendMessage");
}

#[test]
fn a_topic_and_a_server_of_ones_own_are_named() {
    let settings =
        json!({"bot_token": "1:abcd", "chat_id": "@alerts", "topic": 5, "api_url": "http://[::1]:8081/x/"});
    let next = built("telegram", settings).compose(&flood(), &[], None);
    let Next::Send(e) = next else { panic!() };
    let Envelope::Http(r) = *e else { panic!() };
    assert_eq!(r.uri(), "http://[::1]:8081/x/bot1:abcd/sendMessage");
    let sent: Value = serde_json::from_slice(r.body()).unwrap();
    assert_eq!((&sent["chat_id"], &sent["message_thread_id"]), (&json!("@alerts"), &json!(5)));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, path) in [
        (json!({"bot_token": "abcd", "chat_id": 1}), "bot_token"),
        (json!({"bot_token": "1:ab/../x", "chat_id": 1}), "bot_token"),
        (json!({"bot_token": "1:abcd", "chat_id": "alerts"}), "chat_id"),
        (json!({"bot_token": "1:abcd", "chat_id": "@"}), "chat_id"),
        (json!({"bot_token": "1:abcd", "chat_id": "-5", "api_url": "ftp://x.example"}), "api_url"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}
