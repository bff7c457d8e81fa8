use std::time::Duration;

use serde_json::json;

use super::*;
use crate::conformance::fixture::{
    body, built, done, example, good, http_reply, opened, resolved, thread, update,
};
use crate::{Envelope, Receipt};

const URL: &str = "https://discord.com/api/webhooks/1/token";

fn to(next: Next) -> String {
    match next {
        Next::Send(e) => match *e {
            Envelope::Http(r) => format!("{} {}", r.method(), r.uri()),
            other => panic!("{other:?}"),
        },
        Next::Done(r) => panic!("done: {r:?}"),
    }
}

#[test]
fn answers_are_read_as_discord_documents_them() {
    let sent = r#"{"id":"12","channel_id":"34","type":0,"content":"x","webhook_id":"1"}"#;
    let later = |seconds: f64, why: &str| Receipt::Retry {
        after: Some(Duration::from_secs_f64(seconds)),
        why: why.into(),
    };
    let never = |why: &str| Receipt::Refused { why: why.into() };
    for (status, headers, said, expected) in [
        (200, &[][..], sent, Receipt::Delivered(Some(MessageRef("34/12".into())))),
        (
            429,
            &[("retry-after", "1")],
            r#"{"message":"You are being rate limited.","retry_after":1.337,"global":false}"#,
            later(1.337, "HTTP 429 0 You are being rate limited."),
        ),
        (429, &[("retry-after", "65")], "error code: 1015", later(65.0, "HTTP 429 error code: 1015")),
        (
            404,
            &[],
            r#"{"message":"Unknown Webhook","code":10015}"#,
            never(
                "HTTP 404 10015 Unknown Webhook (the webhook was deleted or its address is incomplete: make a new one)",
            ),
        ),
        (
            400,
            &[],
            r#"{"message":"Invalid Form Body","code":50035}"#,
            never("HTTP 400 50035 Invalid Form Body"),
        ),
        (502, &[], "<html>", Receipt::Retry { after: None, why: "HTTP 502 <html>".into() }),
        (
            200,
            &[],
            "<html>",
            Receipt::Retry { after: None, why: "HTTP 200, but the answer is not Discord's".into() },
        ),
    ] {
        let receipt = done(example("discord").compose(&opened(), &[http_reply(status, headers, said)], None));
        assert_eq!(receipt, expected, "{status} {said}");
    }
}

#[test]
fn the_first_message_is_rewritten_and_a_deleted_one_is_written_anew() {
    let (discord, root) = (example("discord"), thread("discord"));
    let rewriting = discord.compose(&resolved(), &[], root.as_ref());
    assert!(to(rewriting).ends_with("/messages/1100000000000000002"));
    assert!(to(discord.compose(&resolved(), &[good()], root.as_ref())).ends_with("?wait=true"));
    let gone = http_reply(404, &[], r#"{"message":"Unknown Message","code":10008}"#);
    let sent = http_reply(200, &[], r#"{"id":"12","channel_id":"34"}"#);
    let receipt = done(discord.compose(&resolved(), &[gone, sent], root.as_ref()));
    assert_eq!(receipt, Receipt::Delivered(Some(MessageRef("34/12".into()))));
}

#[test]
fn threads_and_forums_are_named_in_the_address() {
    let root = MessageRef("34/12".into());
    let in_thread = built("discord", json!({"webhook_url": URL, "thread_id": "77"}));
    assert_eq!(to(in_thread.compose(&opened(), &[], None)), format!("POST {URL}?wait=true&thread_id=77"));
    let next = in_thread.compose(&update(), &[], Some(&root));
    assert_eq!(to(next), format!("PATCH {URL}/messages/12?thread_id=77"));

    let forum = built("discord", json!({"webhook_url": URL, "forum": true}));
    assert_eq!(to(forum.compose(&opened(), &[], None)), format!("POST {URL}?wait=true"));
    let name = body(forum.compose(&opened(), &[], None))["thread_name"].as_str().unwrap().to_owned();
    assert!(name.contains("nobody can launch") && name.chars().count() <= 100);
    assert_eq!(
        to(forum.compose(&update(), &[], Some(&root))),
        format!("PATCH {URL}/messages/12?thread_id=34")
    );
    let told = forum.compose(&update(), &[good()], Some(&root));
    assert!(body(told).get("thread_name").is_none());
    assert_eq!(
        to(forum.compose(&update(), &[good()], Some(&root))),
        format!("POST {URL}?wait=true&thread_id=34")
    );
}

#[test]
fn a_message_without_a_picture_takes_the_old_one_away() {
    let mut n = resolved();
    n.facts.strips.clear();
    let rewritten = body(example("discord").compose(&n, &[], thread("discord").as_ref()));
    assert_eq!(rewritten["attachments"], json!([]));
    assert!(rewritten["embeds"][0].get("image").is_none());
}

#[test]
fn a_reference_of_another_form_is_not_followed() {
    let elsewhere = MessageRef("34/../../x".into());
    assert!(to(example("discord").compose(&resolved(), &[], Some(&elsewhere))).starts_with("POST"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, path) in [
        (json!({"webhook_url": "discord.com/api/webhooks/1/x"}), "webhook_url"),
        (json!({"webhook_url": "https://discord.com/?wait=true"}), "webhook_url"),
        (json!({"webhook_url": "https://discord.com/"}), "webhook_url"),
        (json!({"webhook_url": URL, "thread_id": "general"}), "thread_id"),
        (json!({"webhook_url": URL, "thread_id": "7", "forum": true}), "forum"),
    ] {
        assert_eq!(KIND.build(settings.clone()).err().unwrap()[0].path, path, "{settings}");
    }
}
