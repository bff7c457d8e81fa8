//! What GitHub's answers mean.

use std::time::Duration;

use http::HeaderMap;
use jiff::fmt::rfc2822::DateTimeParser;
use serde::Deserialize;
use serde_json::Value;

use crate::channel::retry_after;
use crate::text::one_line;
use crate::{MessageRef, Receipt, Reply, request};

/// "Otherwise, wait for at least one minute before retrying" (docs.github.com, "Best practices for using the REST
/// API", on secondary rate limits).
const SECONDARY: Duration = Duration::from_secs(60);

/// What the list of issues holds.
pub(super) enum Found {
    /// The issue with the mark.
    Issue(u64),
    /// None has it.
    None,
    /// There is no list.
    Not(Receipt),
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
    #[serde(default)]
    body: Option<String>,
}

/// Looks for the mark. What cannot be read holds no issue: a second one is better than none.
pub(super) fn find(reply: &Reply, mark: &str) -> Found {
    match (judged(reply), reply) {
        (Receipt::Delivered(_), Reply::Http { body, .. }) => {
            let issues: Vec<Issue> = serde_json::from_slice(body).unwrap_or_default();
            let marked = |i: &&Issue| i.body.as_ref().is_some_and(|b| b.contains(mark));
            issues.iter().find(marked).map_or(Found::None, |i| Found::Issue(i.number))
        }
        (receipt, _) => Found::Not(receipt),
    }
}

/// The number of an issue that was opened.
pub(super) fn number(reply: &Reply) -> Result<u64, Receipt> {
    match (judged(reply), reply) {
        (Receipt::Delivered(_), Reply::Http { status, body, .. }) => {
            let issue = serde_json::from_slice::<Issue>(body);
            issue.map(|i| i.number).map_err(|_| Receipt::Retry {
                after: None,
                why: format!("HTTP {status}, but the answer is not GitHub's"),
            })
        }
        (receipt, _) => Err(receipt),
    }
}

/// The receipt of a step after which `message` is the thread.
pub(super) fn after(reply: &Reply, message: MessageRef) -> Receipt {
    match judged(reply) {
        Receipt::Delivered(_) => Receipt::Delivered(Some(message)),
        other => other,
    }
}

/// By status, but a 403 can be a limit as well as a no.
pub(super) fn judged(reply: &Reply) -> Receipt {
    let Reply::Http { status, headers, body } = reply else { return request::wrong_reply() };
    let said = serde_json::from_slice::<Value>(body).ok();
    let said = said.as_ref().and_then(|v| v.get("message")).and_then(Value::as_str);
    let said = said.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    let why = || format!("HTTP {status} {}", one_line(&said, 300)).trim_end().to_owned();
    if matches!(status, 403 | 429)
        && let Some(after) = limited(headers, &said)
    {
        return Receipt::Retry { after: Some(after), why: why() };
    }
    let hint = match status {
        301 | 307 | 308 => "the repository has moved",
        401 => "the token is not valid (any more)",
        403 => "the token may not write issues there",
        404 => "no such repository, or the token may not see it",
        410 => "the repository has no issues",
        _ => "",
    };
    match (Receipt::by_status(*status, headers, &said), hint) {
        (receipt @ Receipt::Refused { .. }, hint) if !hint.is_empty() => {
            receipt.reworded(|words| format!("{words} ({hint})"))
        }
        (receipt, _) => receipt,
    }
}

/// How long to wait, where the answer speaks of a limit: `Retry-After`; else the reset, if nothing remains; else a
/// minute.
fn limited(headers: &HeaderMap, said: &str) -> Option<Duration> {
    if let Some(after) = retry_after(headers) {
        return Some(after);
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    if number("x-ratelimit-remaining") == Some(0)
        && let Some(reset) = number("x-ratelimit-reset")
    {
        let now = headers.get(http::header::DATE).and_then(|d| d.to_str().ok());
        let now = now.and_then(|d| DateTimeParser::new().parse_timestamp(d).ok())?.as_second();
        let wait = u64::try_from(reset.saturating_sub(now)).unwrap_or_default();
        return Some(Duration::from_secs(wait.max(1)));
    }
    said.to_ascii_lowercase().contains("rate limit").then_some(SECONDARY)
}
