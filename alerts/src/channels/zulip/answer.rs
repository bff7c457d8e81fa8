//! What Zulip's answers mean (zulip.com/api/rest-error-handling).

use serde::Deserialize;
use serde_json::Value;

use crate::channel::{Answer, hinted, judged, not_theirs};
use crate::text::one_line;
use crate::{MessageRef, Reply, request};

#[derive(Deserialize)]
struct Body {
    result: Value,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    msg: String,
    #[serde(default)]
    code: String,
    /// Seconds, with a fraction.
    #[serde(default, rename = "retry-after")]
    retry_after: Option<f64>,
}

/// Reads the answer to a message or, where `rewriting`, to its being rewritten.
pub(super) fn read(reply: &Reply, rewriting: bool) -> Answer {
    let Reply::Http { status, headers, body } = reply else {
        return Answer::Not(request::wrong_reply());
    };
    let good = (200..300).contains(status);
    let Ok(body) = serde_json::from_slice::<Body>(body) else {
        return match good {
            true => not_theirs(*status, "Zulip"),
            false => Answer::Not(judged(*status, headers, &String::from_utf8_lossy(body), None)),
        };
    };
    if good && body.result != "error" {
        let id = match &body.id {
            Value::Number(id) => Some(id.to_string()),
            Value::String(id) => Some(id.clone()),
            _ => None,
        };
        return Answer::Taken(id.map(MessageRef));
    }
    let said = format!("{} {}", one_line(&body.code, 60), one_line(&body.msg, 200));
    if rewriting && *status == 400 {
        // Most organisations let a message be edited for minutes only: nothing that anybody must mend.
        return Answer::Taken(None);
    }
    let hint = match body.code.as_str() {
        "STREAM_DOES_NOT_EXIST" => "there is no such channel, or the bot cannot see it: subscribe it",
        "UNAUTHORIZED" | "INVALID_API_KEY" => "email and api_key are not those of a bot (any more)",
        "USER_DEACTIVATED" => "the bot was deactivated",
        "REALM_DEACTIVATED" => "the organisation was deactivated",
        _ if *status == 401 => "email and api_key are not those of a bot (any more)",
        _ => "",
    };
    Answer::Not(hinted(judged(*status, headers, &said, body.retry_after), hint))
}

/// Where an uploaded file is, relative to the organisation. `None` where there is no telling.
pub(super) fn uploaded(reply: &Reply) -> Option<String> {
    let Reply::Http { status: 200..=299, body, .. } = reply else { return None };
    let body: Value = serde_json::from_slice(body).ok()?;
    // Called `uri` before Zulip 9.
    let path = body.get("url").or_else(|| body.get("uri"))?.as_str()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '%');
    (path.starts_with("/user_uploads/") && path.chars().all(plain)).then(|| path.to_owned())
}
