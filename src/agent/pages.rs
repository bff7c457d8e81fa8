//! What an agent shows of itself, where it is told to listen: health and figures.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use jiff::SignedDuration;
use serde_json::json;
use tokio::net::TcpListener;

use super::client::Client;
use super::figures::Figures;
use super::outgoing::Outgoing;
use crate::clock::Clock;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// Who has not gone round for so long is stuck (it does every 5 s).
const STUCK: SignedDuration = SignedDuration::from_secs(30);

/// What is shown.
#[derive(Clone)]
pub(super) struct View {
    pub(super) figures: Figures,
    pub(super) metrics: Metrics,
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) outgoing: Outgoing,
}

/// Serves until the agent stops.
pub(super) async fn serve(listener: TcpListener, view: View, tasks: Tasks) {
    let stopped = async move { drop(tasks.stopped().await) };
    let served = axum::serve(listener, router(view)).with_graceful_shutdown(stopped);
    if let Err(error) = served.await {
        tracing::error!(%error, "health and figures are no longer shown");
    }
}

fn router(view: View) -> axum::Router {
    axum::Router::new().route("/healthz", get(health)).route("/metrics", get(metrics)).with_state(view)
}

/// 200 while results are taken; 503 when nobody takes them: restart us. That the service cannot be reached is no reason.
async fn health(State(view): State<View>) -> impl IntoResponse {
    let silent = view.figures.alive_at().map(|at| view.clock.now().duration_since(at));
    let well = silent.is_none_or(|silent| silent <= STUCK);
    let waiting = view.outgoing.waiting();
    let said = view.figures.said();
    let body = json!({
        "status": if well { "ok" } else { "stuck" },
        "service": view.client.root().as_str(),
        "clock_ahead_ms": view.client.offset.ahead_ms(),
        "waiting": waiting.observations,
        "waiting_bytes": waiting.bytes,
        "lost": waiting.lost,
        "said": said,
    });
    (if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}

async fn metrics(State(view): State<View>) -> impl IntoResponse {
    let ours = view.metrics.text().unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], ours + &view.figures.text())
}
