//! The API for people and programs: incidents, alerts, silences, deliveries, and commands for those who have the token.
//!
//! # Why
//! Nothing here changes anything by itself: a command goes through the inbox to the one writer like every result, and
//! is answered when it is durable. What may hold words of people or lines of logs needs the token; the rest is as
//! public as the status page. No cookies and no cross-origin headers: a browser cannot be made to command.

mod alerts;
mod door;
mod incidents;
mod letter;
mod maintenance;
mod problem;
mod silences;
mod view;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};

use super::Sources;

pub use door::Token;
pub(super) use view::without_comments;

/// Most bytes of a body: a comment is short.
const MOST_BYTES: usize = 64 * 1024;
/// Rows of a list where nothing is said, and at most.
const LIMIT: (usize, usize) = (50, 500);

/// Everything under `/api/v1` but the status.
pub(super) fn router() -> Router<Sources> {
    Router::new()
        .route("/api/v1/incidents", get(incidents::list))
        .route("/api/v1/incidents/{id}", get(incidents::one))
        .route("/api/v1/incidents/{id}/acknowledge", post(incidents::acknowledge))
        .route("/api/v1/incidents/{id}/unacknowledge", post(incidents::unacknowledge))
        .route("/api/v1/incidents/{id}/assign", post(incidents::assign))
        .route("/api/v1/incidents/{id}/comment", post(incidents::comment))
        .route("/api/v1/incidents/{id}/label", post(incidents::label))
        .route("/api/v1/alerts", get(alerts::alerts))
        .route("/api/v1/hidden", get(alerts::hidden))
        .route("/api/v1/deliveries", get(alerts::deliveries))
        .route("/api/v1/maintenance", get(maintenance::list))
        .route("/api/v1/silences", get(silences::list).post(silences::add))
        .route("/api/v1/silences/{id}", delete(silences::end))
        .route("/api/v1/{*nothing}", axum::routing::any(problem::nothing_here))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
}
