//! What is asked, read from query and body: bounded, without unknown keys, harmless to show.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::SignedDuration;
use launchwatch_alerts::text::one_line;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::LIMIT;
use crate::web::access::{Via, caller};
use crate::web::problem::Problem;

/// Longest name of a person, and longest reason, in bytes.
const NAME: usize = 80;
const REASON: usize = 500;

/// A JSON body, whatever its content type says.
pub(in crate::web) struct Body<T>(pub(in crate::web) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = match Bytes::from_request(request, state).await {
            Ok(bytes) => bytes,
            Err(BytesRejection::FailedToBufferBody(e)) if e.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Problem::too_large());
            }
            Err(e) => return Err(Problem::unreadable(e.body_text(), "")),
        };
        // A list of values would be read as well, in the order of the keys: nobody means that.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(Problem::unreadable("the body is not a JSON object", "such as {\"by\": \"ada\"}"));
        }
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        match serde_path_to_error::deserialize(&mut reader) {
            Ok(value) => Ok(Self(value)),
            Err(e) => {
                let (path, what) = (e.path().to_string(), e.inner().to_string());
                if path == "." || !e.inner().is_data() {
                    return Err(Problem::unreadable(what, "the body is a JSON object"));
                }
                // The path tells more than the column.
                let what = what.split(" at line ").next().unwrap_or_default();
                Err(Problem::unreadable(format!("{path}: {what}"), ""))
            }
        }
    }
}

/// A query string.
pub(in crate::web) struct Asked<T>(pub(in crate::web) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(e) => Err(Problem::unreadable(e.body_text(), "")),
        }
    }
}

/// As many rows as somebody wants, within reason.
pub(in crate::web) fn rows(wanted: Option<usize>) -> usize {
    wanted.unwrap_or(LIMIT.0).min(LIMIT.1)
}

/// A span such as `4h`, always with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(in crate::web) struct Lasting(pub(in crate::web) SignedDuration);

impl Lasting {
    /// How long.
    pub(in crate::web) const fn span(self) -> SignedDuration {
        self.0
    }
}

impl TryFrom<String> for Lasting {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words =
            || format!("expected a span such as `30m`, `2h` or `1h30m`, found `{}`", one_line(&text, 40));
        let span: Duration = humantime::parse_duration(&text).map_err(|_| words())?;
        let unit = text.ends_with(|c: char| c.is_ascii_alphabetic());
        SignedDuration::try_from(span).ok().filter(|_| unit).map(Self).ok_or_else(words)
    }
}

/// The name of a person, fit to be shown.
pub(in crate::web) fn name(text: &str, key: &str) -> Result<String, Problem> {
    // Who has signed in, or has a token of their own, speaks for themselves.
    let caller = caller();
    if key == "by" && matches!(caller.via, Via::Session | Via::Token) {
        return Ok(caller.name);
    }
    let name = one_line(text, NAME);
    if name.is_empty() {
        return Err(Problem::nonsense(format!("`{key}` is empty"), "say who it is"));
    }
    Ok(name)
}

/// A reason, fit to be shown.
pub(in crate::web) fn reason(text: &str) -> String {
    one_line(text, REASON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        for (text, seconds) in [
            ("4h", Some(14_400)),
            ("1h30m", Some(5_400)),
            ("90", None),
            ("soon", None),
            ("-1h", None),
            ("", None),
        ] {
            assert_eq!(Lasting::try_from(text.to_owned()).ok().map(|l| l.0.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn names_are_one_harmless_line_and_never_empty() {
        assert_eq!(name("ada\u{202e}\nb", "by").ok(), Some("ada b".to_owned()));
        assert!(name(" \n", "by").is_err());
        assert!(name(&"x".repeat(500), "by").is_ok_and(|n| n.len() <= NAME));
    }
}
