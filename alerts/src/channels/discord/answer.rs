//! What Discord's answers mean.

use serde::Deserialize;

use crate::channel::{Answer, hinted, judged, not_theirs};
use crate::text::one_line;
use crate::{MessageRef, Reply, request};

#[derive(Deserialize)]
struct Message {
    id: String,
    channel_id: String,
}

#[derive(Deserialize, Default)]
struct Fault {
    #[serde(default)]
    code: u64,
    #[serde(default)]
    message: String,
    /// Seconds, with a fraction.
    #[serde(default)]
    retry_after: Option<f64>,
}

/// Reads the answer to a message (`wait=true`: Discord names it) or to a rewriting.
pub(super) fn read(reply: &Reply) -> Answer {
    let Reply::Http { status, headers, body } = reply else {
        return Answer::Not(request::wrong_reply());
    };
    if (200..300).contains(status) {
        return match serde_json::from_slice::<Message>(body) {
            Ok(m) => Answer::Taken(Some(MessageRef(format!("{}/{}", m.channel_id, m.id)))),
            Err(_) => not_theirs(*status, "Discord"),
        };
    }
    let Ok(fault) = serde_json::from_slice::<Fault>(body) else {
        return Answer::Not(judged(*status, headers, &String::from_utf8_lossy(body), None));
    };
    let said = format!("{} {}", fault.code, one_line(&fault.message, 200));
    let hint = match fault.code {
        // Unknown message; unknown channel, which is a thread that was deleted.
        10008 | 10003 => return Answer::Gone(format!("HTTP {status} {said}")),
        10015 | 50027 => "the webhook was deleted or its address is incomplete: make a new one",
        220_001 | 220_003 => "the channel is a forum: set forum or thread_id",
        220_002 => "the channel is no forum: leave forum out",
        _ => "",
    };
    Answer::Not(hinted(judged(*status, headers, &said, fault.retry_after), hint))
}
