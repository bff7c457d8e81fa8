//! What the Bot API's answers mean. It says what is wrong in English sentences, which have been the same for years.

use serde::Deserialize;

use crate::channel::{Answer, hinted, judged, not_theirs};
use crate::text::one_line;
use crate::{MessageRef, Receipt, Reply, request};

#[derive(Deserialize)]
struct Body {
    ok: bool,
    #[serde(default)]
    result: Option<Sent>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Sent {
    message_id: i64,
    chat: Chat,
    /// There where the message is a picture.
    #[serde(default)]
    photo: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Chat {
    id: i64,
}

#[derive(Deserialize, Default)]
struct Parameters {
    /// Seconds.
    #[serde(default)]
    retry_after: Option<f64>,
    /// The id of the chat from now on.
    #[serde(default)]
    migrate_to_chat_id: Option<i64>,
}

/// Reads the answer to a message or to a rewriting.
pub(super) fn read(reply: &Reply) -> Answer {
    let Reply::Http { status, headers, body } = reply else {
        return Answer::Not(request::wrong_reply());
    };
    let good = (200..300).contains(status);
    let Ok(body) = serde_json::from_slice::<Body>(body) else {
        return match good {
            true => not_theirs(*status, "Telegram"),
            false => Answer::Not(judged(*status, headers, &String::from_utf8_lossy(body), None)),
        };
    };
    if good && body.ok {
        return Answer::Taken(body.result.map(|sent| {
            let picture = if sent.photo.is_some() { "/picture" } else { "" };
            MessageRef(format!("{}/{}{picture}", sent.chat.id, sent.message_id))
        }));
    }
    let said = one_line(&body.description, 200);
    let has = |words: &str| said.to_ascii_lowercase().contains(words);
    if has("message is not modified") {
        // A repeated step.
        return Answer::Taken(None);
    }
    if has("message to edit not found")
        || has("message can't be edited")
        || has("message to be replied not found")
    {
        return Answer::Gone(format!("HTTP {status} {said}"));
    }
    let hint = match () {
        () if has("chat not found") => "wrong chat_id, or the bot is not in the chat: invite it",
        () if has("bot was kicked") || has("bot is not a member") => "invite the bot into the chat",
        () if has("bot was blocked") || has("can't initiate") => "the person must write to the bot first",
        () if has("thread not found") || has("topic_closed") => "the topic is closed or gone",
        () if has("not enough rights") || has("write_forbidden") => "the bot may not write there",
        () if *status == 401 || *status == 404 => "the bot token is not valid (any more)",
        () => "",
    };
    Answer::Not(hinted(judged(*status, headers, &said, body.parameters.retry_after), hint))
}

/// The id that the chat has from now on, where the answer is that it has another one.
pub(super) fn moved_to(reply: &Reply) -> Option<i64> {
    let Reply::Http { status: 400, body, .. } = reply else { return None };
    serde_json::from_slice::<Body>(body).ok()?.parameters.migrate_to_chat_id
}

/// Whether the answer is that the chat takes no picture, or not this one.
pub(super) fn no_pictures(reply: &Reply) -> bool {
    let Reply::Http { status: 400..=403, body, .. } = reply else { return false };
    let said = serde_json::from_slice::<Body>(body).map(|b| b.description.to_ascii_lowercase());
    said.is_ok_and(|said| ["photo", "media", "image"].iter().any(|word| said.contains(word)))
}

/// What is to be said of a chat that moved.
pub(super) fn remarked(receipt: Receipt, moved: Option<i64>) -> Receipt {
    match (receipt, moved) {
        (Receipt::Delivered(message), Some(id)) => {
            let remark = format!("told, but the chat has a new id: set chat_id to {id}");
            Receipt::Remarked { message, remark }
        }
        (receipt, _) => receipt,
    }
}
