//! Router: which room of the stand-in answers which path, and what every answer carries.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get};
use http::{HeaderValue, Uri, header};
use tower::ServiceExt as _;

use super::federation::MemberName;
use super::world::World;
use super::{admit, answer, federation, health, hub, pages, server, wire};

/// The whole stand-in.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/build/{*rest}", any(admit::build))
        .route("/v2/{*rest}", get(pages::launch_page))
        .route("/health", get(health::health))
        .route("/versions", get(health::versions_page))
        .route("/metrics", get(health::metrics))
        .route("/api/repoproviders", get(pages::providers))
        .route("/active_hosts", get(federation::active_hosts))
        .route("/member/{name}/{*rest}", any(member))
        .route("/hub/api", any(hub::api))
        .route("/hub/api/", any(hub::api))
        .route("/hub/api/{*rest}", any(hub::api))
        .route("/hub/{*rest}", any(hub::pages))
        .route("/user/{*rest}", any(server::user))
        .fallback(pages::other)
        .layer(from_fn_with_state(Arc::clone(&world), dress))
        .with_state(world)
}

/// Counts the request and dates the answer.
async fn dress(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    let kind = kind(request.uri().path());
    *world.state().counts.requests.entry(kind).or_insert(0) += 1;
    let mut response = next.run(request).await;
    if let Ok(date) = HeaderValue::from_str(&wire::http_date(world.now())) {
        response.headers_mut().insert(header::DATE, date);
    }
    response.headers_mut().insert(header::SERVER, HeaderValue::from_static("TornadoServer/6.5.5"));
    response
}

fn kind(path: &str) -> &'static str {
    let mut steps = path.split('/').skip(1);
    match steps.next().unwrap_or_default() {
        "build" => "build",
        "v2" => "page",
        "health" => "health",
        "versions" => "versions",
        "metrics" => "metrics",
        "hub" => "hub",
        "user" if path.contains("/api/kernels") => "kernel",
        "user" => "server",
        "member" | "active_hosts" => "federation",
        _ => "other",
    }
}

/// A member of the federation that this stand-in plays itself: the same world under a longer path.
async fn member(
    State(world): State<Arc<World>>,
    Path((name, _)): Path<(String, String)>,
    mut request: Request,
) -> Response {
    let prefix = format!("/member/{name}");
    let inner = request.uri().path_and_query().and_then(|p| p.as_str().strip_prefix(prefix.as_str()));
    let Some(Ok(uri)) = inner.map(str::parse::<Uri>) else {
        return answer::empty(404);
    };
    *request.uri_mut() = uri;
    request.extensions_mut().insert(MemberName(name));
    match Box::pin(router(world).oneshot(request)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
