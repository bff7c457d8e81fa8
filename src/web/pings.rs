//! What others tell us over HTTP: pings of jobs, alerts of Alertmanager and Prometheus. The key in the address is the proof.
//!
//! # Why
//! Whoever speaks here is a line in somebody's crontab: `curl --retry` or Alertmanager's own retries are all that
//! stands behind it. So *yes* is said only for what is written down, and everything that may pass is answered with a
//! status that makes them try again.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Sources;
use super::problem::Problem;
use crate::pings::{self, Alert, Heard, Unreadable, Word};

/// Longest body that is read to its end: of a ping only the beginning is kept.
const MOST_OF_PING: usize = 1 << 20;
/// Longest letter with alerts.
const MOST_OF_ALERTS: usize = 2 << 20;
/// Longest that a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest name of a run.
const LONGEST_RUN: usize = 64;

/// `/ping/{key}`: it has ended well.
pub(super) async fn success(
    State(sources): State<Sources>,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Response {
    ping(&sources, &key, Word::Success, query, body).await
}

/// `/ping/{key}/{word}`: `start`, `success`, `fail`, or an exit code.
pub(super) async fn word(
    State(sources): State<Sources>,
    Path((key, word)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Response {
    match Word::read(&word) {
        Some(word) => ping(&sources, &key, word, query, body).await,
        None => answer(Heard::Nobody),
    }
}

async fn ping(sources: &Sources, key: &str, word: Word, query: Option<String>, body: Body) -> Response {
    let mut kept = pings::Body::default();
    let read = read(body, MOST_OF_PING, |piece| kept.push(piece)).await;
    match read.and_then(|()| run(query.as_deref().unwrap_or_default())) {
        Ok(rid) => answer(sources.pings.ping(key, word, rid.as_deref(), &kept).await),
        Err(refused) => refused.into_response(),
    }
}

/// `/hooks/alertmanager/{key}`: a receiver of Alertmanager with `webhook_configs`.
pub(super) async fn webhook(State(sources): State<Sources>, Path(key): Path<String>, body: Body) -> Response {
    alerts(&sources, &key, body, pings::of_webhook).await
}

/// `/hooks/alertmanager/{key}/api/v2/alerts`: Prometheus, as if we were an Alertmanager.
pub(super) async fn as_alertmanager(
    State(sources): State<Sources>,
    Path(key): Path<String>,
    body: Body,
) -> Response {
    let now = sources.clock.now();
    alerts(&sources, &key, body, |bytes| pings::of_prometheus(bytes, now)).await
}

async fn alerts(
    sources: &Sources,
    key: &str,
    body: Body,
    understand: impl FnOnce(&[u8]) -> Result<Vec<Alert>, Unreadable>,
) -> Response {
    let mut bytes = Vec::new();
    if let Err(refused) = read(body, MOST_OF_ALERTS, |piece| bytes.extend_from_slice(piece)).await {
        return refused.into_response();
    }
    // Who has no key hears nothing of how we read.
    if !sources.pings.knows_alerts(key) {
        return answer(Heard::Nobody);
    }
    match understand(&bytes) {
        Ok(told) => answer(sources.pings.alerts(key, &told).await),
        Err(why) => Problem::unreadable(why.to_string(), "").into_response(),
    }
}

/// What can be asked beside the word.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Run {
    /// Names the run, so that its start and its end belong together and what is said twice counts once: letters, digits,
    /// `-`, `_` and `.`, at most 64.
    #[serde(default)]
    #[expect(dead_code, reason = "read piece by piece, so that any other key is let be")]
    #[schemars(with = "Option<String>", regex(pattern = "^[A-Za-z0-9._-]{1,64}$"))]
    rid: Option<String>,
}

/// The name of the run that a query gives.
fn run(query: &str) -> Result<Option<String>, Problem> {
    let rid = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "rid");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match rid {
        Some((_, rid)) if rid.is_empty() || rid.len() > LONGEST_RUN || !rid.chars().all(fits) => {
            let hint = "letters, digits, `-`, `_` and `.`, at most 64; such as a UUID";
            Err(Problem::nonsense("rid: this cannot name a run", hint))
        }
        rid => Ok(rid.map(|(_, rid)| rid.into_owned())),
    }
}

/// Hands over a body piece by piece, as far as it is not too long and does not take too long.
async fn read(body: Body, most: usize, mut take: impl FnMut(&[u8])) -> Result<(), Problem> {
    let mut stream = body.into_data_stream();
    let mut length = 0;
    let all = async {
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|_| Problem::unreadable("the body broke off", "send it again"))?;
            length += piece.len();
            if length > most {
                return Err(Problem::longer_than(most));
            }
            take(&piece);
        }
        Ok(())
    };
    let late =
        || Problem::later(format!("the body did not come within {} s", PATIENCE.as_secs()), "send it again");
    tokio::time::timeout(PATIENCE, all).await.unwrap_or_else(|_| Err(late()))
}

fn answer(heard: Heard) -> Response {
    let mut response = match heard {
        Heard::Yes => (StatusCode::OK, "OK\n").into_response(),
        Heard::Nobody => nobody().into_response(),
        Heard::TooOften(wait) => {
            let mut response = Problem::too_many("this key is used too often").into_response();
            let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
            response
        }
        Heard::NotNow => Problem::later("it could not be written down", "say it again").into_response(),
    };
    // A ping that somebody keeps is a ping that does not arrive.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The same for a key that nobody has, and for a word that means nothing.
fn nobody() -> Problem {
    Problem::not_found("nobody has this key, or this word means nothing", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_a_plain_word_or_not_at_all() {
        for (query, expected) in [
            ("", Ok(None)),
            ("x=1", Ok(None)),
            ("rid=5e1f-0.a_B", Ok(Some("5e1f-0.a_B".to_owned()))),
            ("rid=", Err(())),
            ("rid=a%20b", Err(())),
            ("rid=%1b%5b31m", Err(())),
        ] {
            assert_eq!(run(query).map_err(drop), expected, "{query}");
        }
        assert!(run(&format!("rid={}", "x".repeat(65))).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_and_one_that_never_comes_are_given_up() {
        let flood = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 1 << 16]));
        let mut taken = 0;
        let refused = read(Body::from_stream(flood), 1 << 20, |piece| taken += piece.len()).await;
        assert_eq!(refused.unwrap_err().said().0, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(taken, 1 << 20);
        let silence = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let refused = read(Body::from_stream(silence), 1 << 20, |_| ()).await;
        assert_eq!(refused.unwrap_err().said().0, StatusCode::SERVICE_UNAVAILABLE);
    }
}
