//! What Mattermost's answers mean.

use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use crate::channel::{Answer, hinted, judged, not_theirs};
use crate::text::one_line;
use crate::{MessageRef, Receipt, Reply, request};

#[derive(Deserialize)]
struct Post {
    id: String,
}

#[derive(Deserialize, Default)]
struct Fault {
    #[serde(default)]
    id: String,
    #[serde(default)]
    message: String,
}

/// Reads the answer to a post or to its being rewritten.
pub(super) fn read(reply: &Reply) -> Answer {
    let Reply::Http { status, headers, body } = reply else {
        return Answer::Not(request::wrong_reply());
    };
    if (200..300).contains(status) {
        return match serde_json::from_slice::<Post>(body) {
            Ok(post) => Answer::Taken(Some(MessageRef(post.id))),
            Err(_) => not_theirs(*status, "Mattermost"),
        };
    }
    let fault = serde_json::from_slice::<Fault>(body).unwrap_or_default();
    // A deleted post cannot be found; one that is deleted cannot be answered.
    let lost =
        fault.id.contains("root_id") || fault.id.contains("sql_post.get") || fault.id.contains("post.get");
    match refusal(*status, headers, body, &fault) {
        Receipt::Refused { why } if lost => Answer::Gone(why),
        receipt => Answer::Not(receipt),
    }
}

/// Reads the answer of an incoming webhook, which is the word `ok`.
pub(super) fn of_webhook(reply: &Reply) -> Receipt {
    let Reply::Http { status, headers, body } = reply else {
        return request::wrong_reply();
    };
    if (200..300).contains(status) {
        return Receipt::Delivered(None);
    }
    let fault = serde_json::from_slice::<Fault>(body).unwrap_or_default();
    refusal(*status, headers, body, &fault)
}

fn refusal(status: u16, headers: &HeaderMap, body: &[u8], fault: &Fault) -> Receipt {
    let said = match fault.id.as_str() {
        "" => String::from_utf8_lossy(body).into_owned(),
        id => format!("{} {}", one_line(id, 80), one_line(&fault.message, 200)),
    };
    // Seconds until more is taken (developers.mattermost.com, "Rate limiting").
    let reset = headers.get("x-ratelimit-reset").and_then(|v| v.to_str().ok()?.trim().parse().ok());
    let hint = match (status, fault.id.as_str()) {
        (_, "web.incoming_webhook.invalid.app_error") => "the webhook was deleted: make a new one",
        (_, "web.incoming_webhook.disabled.app_error") => "incoming webhooks are switched off on this server",
        (401, _) => "the bot token is not valid (any more)",
        (403, _) => "the bot is not a member of the channel, or may not write there",
        _ => "",
    };
    hinted(judged(status, headers, &said, reset), hint)
}

/// The id of an uploaded file. `None` where there is no telling.
pub(super) fn uploaded(reply: &Reply) -> Option<String> {
    let Reply::Http { status: 200..=299, body, .. } = reply else { return None };
    let body: Value = serde_json::from_slice(body).ok()?;
    body.pointer("/file_infos/0/id")?.as_str().map(str::to_owned)
}
