//! What can be looked at over HTTP: the status page, the same as JSON, the API, metrics and health. What changes
//! anything goes through the inbox.

mod api;
mod health;
mod page;
mod runbook;
mod strip;
mod summary;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::dice::Dice;
use crate::inbox::Orders;
use crate::pipeline::board::SharedBoard;
use crate::runbooks::Runbooks;
use crate::store::Store;
use crate::telemetry::Metrics;

pub use api::Token;

/// Makes markup that is put at the end of the status page.
pub type Extra = Arc<dyn Fn() -> maud::Markup + Send + Sync>;

/// What pages are made from.
#[derive(Clone)]
pub struct Sources {
    /// How everything stands.
    pub board: SharedBoard,
    /// Incidents and deliveries of the past.
    pub store: Arc<dyn Store>,
    /// Figures.
    pub metrics: Metrics,
    /// The date, for ages.
    pub clock: Clock,
    /// Where commands go.
    pub orders: Orders,
    /// What commands need; without one, nobody can command.
    pub token: Option<Token>,
    /// Maintenances that the configuration plans.
    pub planned: Arc<[launchwatch_alerts::Maintenance]>,
    /// Names for what people make.
    pub dice: Dice,
    /// Why nothing outlives this process, if so.
    pub without_memory: Option<String>,
    /// What to do about causes.
    pub runbooks: Arc<Runbooks>,
    /// Markup put at the end of the status page (the demo's switches); empty otherwise.
    pub extra: Extra,
}

/// The pages as a router.
pub fn router(sources: Sources) -> Router {
    Router::new()
        .route("/", get(page::status))
        .route("/runbooks", get(runbook::list))
        .route("/runbooks/{label}", get(runbook::one))
        .route("/api/v1/status", get(summary::status))
        .merge(api::router())
        .route("/metrics", get(metrics))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(|| async { (StatusCode::NOT_FOUND, "not found\n") })
        .with_state(sources)
}

/// Serves until `stop` is done.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn metrics(State(sources): State<Sources>) -> Response {
    match sources.metrics.pieces() {
        Ok(pieces) => {
            let body =
                Body::from_stream(futures::stream::iter(pieces.map(Ok::<_, std::convert::Infallible>)));
            ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], body).into_response()
        }
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("cannot write metrics: {error}\n")).into_response()
        }
    }
}
