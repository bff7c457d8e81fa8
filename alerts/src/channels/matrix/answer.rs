//! What a homeserver's answers mean.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::channel::retry_after;
use crate::request;
use crate::text::one_line;
use crate::{Receipt, Reply};

/// An answer, judged.
pub(super) enum Answer {
    /// Done: the id that was asked for.
    Taken(String),
    /// What came of it instead.
    Not(Receipt),
}

#[derive(Deserialize, Default)]
struct Fault {
    #[serde(default)]
    errcode: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    retry_after_ms: Option<u64>,
}

/// Reads the id under `key` from a good answer.
pub(super) fn read(reply: &Reply, key: &str) -> Answer {
    let Reply::Http { status, headers, body } = reply else {
        return Answer::Not(request::wrong_reply());
    };
    if (200..300).contains(status) {
        let id =
            serde_json::from_slice::<Value>(body).ok().and_then(|v| Some(v.get(key)?.as_str()?.to_owned()));
        return id.map_or_else(|| Answer::Not(not_matrix(*status)), Answer::Taken);
    }
    let Ok(fault) = serde_json::from_slice::<Fault>(body) else {
        return Answer::Not(Receipt::by_status(*status, headers, &String::from_utf8_lossy(body)));
    };
    let said = format!("{} {}", one_line(&fault.errcode, 60), one_line(&fault.error, 200));
    if *status == 429 || fault.errcode == "M_LIMIT_EXCEEDED" {
        let after = fault.retry_after_ms.map(Duration::from_millis).max(retry_after(headers));
        return Answer::Not(Receipt::Retry { after, why: format!("HTTP {status} {said}") });
    }
    Answer::Not(hinted(Receipt::by_status(*status, headers, &said), &fault.errcode))
}

fn hinted(receipt: Receipt, errcode: &str) -> Receipt {
    let hint = match errcode {
        "M_FORBIDDEN" => "the account is not in the room, or may not write there: invite it",
        "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN" => "the access token is not valid (any more)",
        "M_NOT_FOUND" => "there is no such room",
        _ => return receipt,
    };
    receipt.reworded(|words| format!("{words} ({hint})"))
}

fn not_matrix(status: u16) -> Receipt {
    Receipt::Retry { after: None, why: format!("HTTP {status}, but the answer is not a homeserver's") }
}
