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

use super::Sources;
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
    let rid = match run(query.as_deref().unwrap_or_default()) {
        Ok(rid) => rid,
        Err(()) => {
            let what = "rid: at most 64 letters, digits, `-`, `_` and `.`\n";
            return said(StatusCode::UNPROCESSABLE_ENTITY, what.into(), None);
        }
    };
    let mut kept = pings::Body::default();
    match read(body, MOST_OF_PING, |piece| kept.push(piece)).await {
        Ok(()) => answer(sources.pings.ping(key, word, rid.as_deref(), &kept).await),
        Err(refused) => refused,
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
        return refused;
    }
    // Who has no key hears nothing of how we read.
    if !sources.pings.knows_alerts(key) {
        return answer(Heard::Nobody);
    }
    match understand(&bytes) {
        Ok(told) => answer(sources.pings.alerts(key, &told).await),
        Err(why) => said(StatusCode::BAD_REQUEST, format!("{why}\n"), None),
    }
}

/// The name of the run that a query gives.
fn run(query: &str) -> Result<Option<String>, ()> {
    let rid = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "rid");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match rid {
        Some((_, rid)) if rid.is_empty() || rid.len() > LONGEST_RUN || !rid.chars().all(fits) => Err(()),
        rid => Ok(rid.map(|(_, rid)| rid.into_owned())),
    }
}

/// Hands over a body piece by piece, as far as it is not too long and does not take too long.
async fn read(body: Body, most: usize, mut take: impl FnMut(&[u8])) -> Result<(), Response> {
    let mut stream = body.into_data_stream();
    let mut length = 0;
    let all = async {
        while let Some(piece) = stream.next().await {
            let Ok(piece) = piece else { return Err(StatusCode::BAD_REQUEST) };
            length += piece.len();
            if length > most {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            take(&piece);
        }
        Ok(())
    };
    let read = tokio::time::timeout(PATIENCE, all).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT));
    read.map_err(|status| said(status, format!("{}\n", status.canonical_reason().unwrap_or_default()), None))
}

fn answer(heard: Heard) -> Response {
    match heard {
        Heard::Yes => said(StatusCode::OK, "OK\n".into(), None),
        Heard::Nobody => said(StatusCode::NOT_FOUND, "not found\n".into(), None),
        Heard::TooOften(wait) => said(StatusCode::TOO_MANY_REQUESTS, "too often\n".into(), Some(wait)),
        Heard::NotNow => {
            let wait = Some(Duration::from_secs(5));
            said(StatusCode::SERVICE_UNAVAILABLE, "not written down; say it again\n".into(), wait)
        }
    }
}

fn said(status: StatusCode, words: String, wait: Option<Duration>) -> Response {
    // A ping that somebody keeps is a ping that does not arrive.
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], words).into_response();
    if let Some(wait) = wait {
        let seconds = HeaderValue::from(wait.as_secs_f64().ceil().max(1.0) as u64);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
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
            assert_eq!(run(query), expected, "{query}");
        }
        assert_eq!(run(&format!("rid={}", "x".repeat(65))), Err(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_and_one_that_never_comes_are_given_up() {
        let flood = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 1 << 16]));
        let mut taken = 0;
        let refused = read(Body::from_stream(flood), 1 << 20, |piece| taken += piece.len()).await;
        assert_eq!(refused.unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(taken, 1 << 20);
        let silence = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let refused = read(Body::from_stream(silence), 1 << 20, |_| ()).await;
        assert_eq!(refused.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
    }
}
