//! What an answer of `/api/v1/query` says: one number, nothing, or why not.

use http::StatusCode;
use serde_json::Value;

use crate::Reason;

/// Why there is no number, in the words of Prometheus where it has some.
#[derive(Debug, PartialEq)]
pub(super) struct Mute {
    pub(super) reason: Reason,
    pub(super) what: String,
}

/// Reads an answer; `None` for an empty result or one that is not a number.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Option<f64>, Mute> {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let word = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
    if !status.is_success() || word("status") == "error" {
        return Err(refusal(status, word("errorType"), word("error")));
    }
    let garbled = |what: String| Mute { reason: Reason::Garbled, what };
    let result = document.pointer("/data/result");
    match (document.pointer("/data/resultType").and_then(Value::as_str), result) {
        (Some("scalar"), Some(point)) => value(point).map_err(garbled),
        (Some("vector"), Some(Value::Array(samples))) => match samples.as_slice() {
            [] => Ok(None),
            [one] => value(one.get("value").unwrap_or(&Value::Null)).map_err(garbled),
            many => Err(garbled(format!("{} series instead of one; sum or average them", many.len()))),
        },
        (Some(other), Some(_)) => Err(garbled(format!("a {other} is no single number"))),
        _ => Err(garbled(format!("the answer ({status}) is not one of Prometheus"))),
    }
}

fn refusal(status: StatusCode, kind: &str, words: &str) -> Mute {
    let reason = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Reason::ProbeAuth,
        StatusCode::TOO_MANY_REQUESTS => Reason::RateLimited,
        StatusCode::NOT_FOUND => Reason::NotFound,
        _ => Reason::HttpStatus,
    };
    let what = match (kind, words) {
        (_, "") => format!("answered {status}"),
        (kind, words) => format!("answered {status}: {kind}: {words}"),
    };
    Mute { reason, what }
}

/// `[time, "number"]`.
fn value(point: &Value) -> Result<Option<f64>, String> {
    let text = point.get(1).and_then(Value::as_str);
    let number = text.and_then(super::super::metrics::number);
    match number {
        Some(number) => Ok(Some(number).filter(|n| n.is_finite())),
        None => Err(format!("no number in {point}")),
    }
}
