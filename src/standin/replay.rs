//! Replay: plays a script as the answer to every launch, so that a test can feed any stream to a probe.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http::{HeaderValue, StatusCode, header};
use tokio::time::{Instant, sleep_until};

use super::answer;
use super::script::{Ending, Script};
use super::stream::{self, Out};

/// Seconds between the comments of a stream that stays open.
const KEEP_ALIVE: f64 = 25.0;

/// A server that knows one answer.
#[derive(Debug, Clone)]
pub struct Replay {
    script: Arc<Script>,
}

impl Replay {
    /// Plays `script`.
    #[must_use]
    pub fn new(script: Script) -> Self {
        Self { script: Arc::new(script) }
    }

    /// Plays the script for `/build/…` and the hub's progress; every other path is 404.
    pub fn router(&self) -> Router {
        self.over(Router::new())
    }

    /// Plays the script for `/build/…` and the hub's progress; `rest` answers every other path.
    pub fn over(&self, rest: Router) -> Router {
        Router::new()
            .route("/build/{*rest}", any(play))
            .route("/hub/api/users/{name}/server/progress", any(play))
            .with_state(Arc::clone(&self.script))
            .fallback_service(rest)
    }
}

async fn play(State(script): State<Arc<Script>>, _: Request) -> Response {
    if script.ending == Ending::Refused {
        return answer::hang_up();
    }
    let (status, kind) = (script.status, HeaderValue::from_str(&script.content_type));
    let mut response = answer::events(stream::body(None, move |out| write(script, out)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

async fn write(script: Arc<Script>, out: Out) {
    let start = Instant::now();
    let at = |seconds: f64| start + Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let mut last = 0.0;
    for piece in &script.pieces {
        sleep_until(at(piece.at)).await;
        out.bytes(piece.bytes.clone()).await;
        last = piece.at;
    }
    match script.ending {
        Ending::Close(end) => sleep_until(at(end)).await,
        Ending::Cut(end) => {
            sleep_until(at(end)).await;
            out.cut().await;
        }
        Ending::Refused => {}
        Ending::Stay => {
            let mut beat = (last / KEEP_ALIVE).floor();
            loop {
                beat += 1.0;
                sleep_until(at(beat * KEEP_ALIVE)).await;
                out.bytes(":keepalive\n\n").await;
            }
        }
    }
}
