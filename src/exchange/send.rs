//! Hands one request over: again and again until it is taken, or refused for what it holds.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, Request};
use launchwatch_alerts::text::one_line;
use launchwatch_alerts::{Envelope, Post, Reply};

use super::{Parcel, otlp, remote_write};
use crate::config::{Export, ExportKind};

/// Longest that a request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// First and longest pause between tries.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));
/// Pause while the door is shut: only a person can open it.
const SHUT: Duration = Duration::from_secs(60);
/// Longest pause that a receiver may ask for.
const ASKED: Duration = Duration::from_secs(600);

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there; so many of its samples were not wanted, and why.
    Taken(Option<(usize, String)>),
    /// What it holds is refused, and would be again.
    Refused(String),
    /// Nobody of ours comes in: the address, the token or a setting of the receiver is wrong.
    Shut(String),
    /// Not now; when it says so, not before this.
    Later(Option<Duration>, String),
}

/// Who sends, and where to.
pub(super) struct Sender {
    pub(super) export: Export,
    pub(super) post: Arc<dyn Post>,
}

impl Sender {
    /// One try.
    pub(super) async fn attempt(&self, parcel: &Parcel) -> Fate {
        let Some(request) = self.request(parcel.body.clone()) else {
            return Fate::Shut("the address is not one".to_owned());
        };
        let call = self.post.deliver(Envelope::Http(request));
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(Reply::Http { status: 200..=299, body, .. })) if self.export.kind == ExportKind::Otlp => {
                Fate::Taken(otlp::rejected(&body))
            }
            Ok(Ok(Reply::Http { status, headers, body })) => judged(status, &headers, &body),
            Ok(Ok(_)) => Fate::Later(None, "the reply does not belong to the request".to_owned()),
            Ok(Err(undelivered)) => Fate::Later(None, undelivered.to_string()),
            Err(_) => Fate::Later(None, format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }

    fn request(&self, body: Bytes) -> Option<Request<Bytes>> {
        let mut request =
            Request::builder().method(Method::POST).uri(self.export.url.as_str()).body(body).ok()?;
        let headers = match self.export.kind {
            ExportKind::RemoteWrite => remote_write::headers(),
            ExportKind::Otlp => otlp::headers(),
        };
        request.headers_mut().extend(self.export.headers.clone());
        request.headers_mut().extend(headers);
        Some(request)
    }
}

fn judged(status: u16, headers: &HeaderMap, body: &[u8]) -> Fate {
    let said = one_line(&String::from_utf8_lossy(body), 300);
    let why = format!("HTTP {status} {said}").trim_end().to_owned();
    match status {
        200..=299 => Fate::Taken(None),
        408 | 425 | 429 | 500..=599 => {
            let after = headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
            Fate::Later(after.map(|s| Duration::from_secs(s).min(ASKED)), why)
        }
        400 | 409 | 413 | 422 => Fate::Refused(why),
        _ => Fate::Shut(why),
    }
}

/// How long to wait after so many tries in a row that came to nothing.
pub(super) fn pause(fate: &Fate, tries: u32, chance: f64) -> Duration {
    let doubled = PAUSE.0.saturating_mul(1 << tries.saturating_sub(1).min(10)).min(PAUSE.1);
    match fate {
        Fate::Shut(_) => SHUT,
        // Receivers that were away are not met by everybody at once.
        Fate::Later(after, _) => after.unwrap_or_default().max(doubled.mul_f64(0.75 + chance / 2.0)),
        Fate::Taken(_) | Fate::Refused(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_means() {
        let soon = [(RETRY_AFTER, http::HeaderValue::from_static("7"))].into_iter().collect();
        let none = HeaderMap::new();
        let why = |status: u16| format!("HTTP {status} no");
        for (status, headers, expected) in [
            (200, &none, Fate::Taken(None)),
            (204, &none, Fate::Taken(None)),
            (400, &none, Fate::Refused(why(400))),
            (413, &none, Fate::Refused(why(413))),
            (301, &none, Fate::Shut(why(301))),
            (401, &none, Fate::Shut(why(401))),
            (404, &none, Fate::Shut(why(404))),
            (429, &soon, Fate::Later(Some(Duration::from_secs(7)), why(429))),
            (503, &none, Fate::Later(None, why(503))),
        ] {
            assert_eq!(judged(status, headers, b"no"), expected);
        }
    }

    #[test]
    fn pauses_grow_to_two_minutes_and_are_never_shorter_than_asked_for() {
        let later = |after| Fate::Later(after, String::new());
        let seconds: Vec<u64> = (1..=12).map(|n| pause(&later(None), n, 0.5).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 120, 120, 120, 120, 120]);
        assert_eq!(pause(&later(Some(Duration::from_secs(40))), 1, 0.5).as_secs(), 40);
        assert_eq!(pause(&Fate::Shut(String::new()), 1, 0.5), SHUT);
    }
}
