//! What can be looked at over HTTP: the status page, the same as JSON, the API, metrics and health. What changes
//! anything goes through the inbox.

mod access;
mod api;
mod assets;
mod desk;
mod feeds;
mod health;
mod links;
mod live;
mod looks;
mod pings;
mod problem;
mod report;
mod routes;
mod runbook;
mod shell;
mod status;
mod summary;
#[cfg(test)]
pub(crate) mod testing;
mod words;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt};
use tokio::net::TcpListener;
use tower::util::MapRequest;

use crate::clock::Clock;
use crate::dice::Dice;
use crate::inbox::Orders;
use crate::lead::Lead;
use crate::pings::Pings;
use crate::pipeline::agents::Agents;
use crate::pipeline::board::SharedBoard;
use crate::runbooks::Runbooks;
use crate::store::Store;
use crate::telemetry::Metrics;

pub use access::{Keeper, Role, Token};
pub use api::{Rates, Setup, openapi};
pub use desk::Desk;
pub use status::{Status, keep as keep_pages};

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
    /// Who leads, where there are several of us.
    pub lead: Lead,
    /// The path at which a proxy shows us, without a slash at its end: `/services/launchwatch`, or nothing.
    pub base: Arc<str>,
    /// What is told outside the pages.
    pub public: Public,
    /// What to do about causes.
    pub runbooks: Arc<Runbooks>,
    /// What is shown of the configuration.
    pub setup: Arc<Setup>,
    /// Who may come in.
    pub keeper: Arc<Keeper>,
    /// What the public pages show of the past, and how they are arranged.
    pub status: Status,
    /// Those who tell us something.
    pub pings: Arc<Pings>,
    /// What the working pages need besides.
    pub desk: Desk,
    /// Who looks from elsewhere.
    pub agents: Agents,
    /// How often each of them tells us.
    pub rates: Arc<Rates>,
    /// Markup put at the end of the status page (the demo's switches); empty otherwise.
    pub extra: Extra,
}

/// What is told outside the pages.
#[derive(Clone, Default)]
pub struct Public {
    /// Where people reach the pages.
    pub url: Option<url::Url>,
    /// Whether news go out by e-mail.
    pub mails: bool,
    /// Rung when a mail is owed.
    pub owed: Arc<tokio::sync::Notify>,
}

impl Public {
    /// For a service of this configuration.
    pub fn of(config: &crate::config::Config) -> Self {
        let (url, mails) = (config.service.public_url.clone(), config.subscriptions.is_some());
        Self { url, mails, ..Self::default() }
    }
}

/// The pages as a router. Behind a proxy they are found with its path in front and without.
pub fn router(sources: Sources) -> Router {
    let base = Arc::clone(&sources.base);
    let inner = routes::router(&sources)
        .route("/api/v1/{*nothing}", axum::routing::any(problem::nothing_here))
        .fallback(|| async { (StatusCode::NOT_FOUND, "not found\n") })
        .layer(DefaultBodyLimit::max(api::MOST_BYTES))
        .layer(axum::middleware::from_fn_with_state(sources.clone(), access::frame))
        .with_state(sources);
    Router::new().fallback_service(MapRequest::new(inner, move |request| without_base(&base, request)))
}

/// The request as it would be without the proxy's path.
fn without_base(base: &str, mut request: Request) -> Request {
    let rest = request.uri().path_and_query().and_then(|path| path.as_str().strip_prefix(base));
    let rest = rest.filter(|_| !base.is_empty());
    let path = match rest {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('?') => format!("/{rest}"),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => return request,
    };
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    request
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
    let stop = stop.shared();
    let ends = stop.clone();
    let router =
        router.layer(map_response(move |response| std::future::ready(until(response, ends.clone()))));
    // Whoever asks is told apart by address.
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// A stream of events has no end of its own: it ends with the service, which else would wait for whoever reads it.
fn until(response: Response, stop: impl Future<Output = ()> + Send + 'static) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| !kind.as_bytes().starts_with(b"text/event-stream")) {
        return response;
    }
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(stop)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn streams_of_events_end_with_the_service_and_pages_do_not() {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let stopped = stopped.map(|_| ()).shared();
        let body = || {
            let first = futures::stream::iter([Ok::<_, std::convert::Infallible>("data: 1\n\n")]);
            Body::from_stream(first.chain(futures::stream::pending()))
        };
        let of = |kind: &'static str| ([(header::CONTENT_TYPE, kind)], body()).into_response();
        let mut events = until(of("text/event-stream"), stopped.clone()).into_body().into_data_stream();
        let mut page = until(of("text/html"), stopped).into_body().into_data_stream();
        assert!(events.next().await.is_some() && page.next().await.is_some());
        assert!(events.next().now_or_never().is_none(), "it goes on while the service does");
        drop(stop);
        assert!(events.next().await.is_none());
        assert!(page.next().now_or_never().is_none(), "what has an end is sent to it");
    }

    #[test]
    fn behind_a_proxy_pages_are_found_with_its_path_and_without() {
        let seen = |base: &str, path: &str| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            without_base(base, request).uri().to_string()
        };
        for (base, path, expected) in [
            ("", "/a?b", "/a?b"),
            ("/watch", "/watch", "/"),
            ("/watch", "/watch/", "/"),
            ("/watch", "/watch?x=1", "/?x=1"),
            ("/watch", "/watch/a?b", "/a?b"),
            ("/watch", "/watching", "/watching"),
            ("/watch", "/a", "/a"),
        ] {
            assert_eq!(seen(base, path), expected, "{base} {path}");
        }
    }
}
