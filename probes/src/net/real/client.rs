//! The one HTTP client: how it is set up, and where its connections are timed.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::{Layer, Service};

use super::{Names, Trust, local};
use crate::Stage;
use crate::net::watch::mark;
use crate::net::{NetError, NetFault, Request};

/// Headers kept of an answer; more is taken for garbage.
const MOST_HEADERS: usize = 256;

/// Makes the client: HTTP/1.1 only, a new connection for each request, nothing followed and nothing repeated.
pub(super) fn build(trust: &Trust, names: Names, ignore_proxies: bool) -> Result<reqwest::Client, NetError> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(trust.config()?)
        .dns_resolver(names)
        .connector_layer(TimeConnections)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .http1_max_headers(MOST_HEADERS)
        .pool_max_idle_per_host(0);
    if ignore_proxies {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|e| local(format!("cannot set up the HTTP client: {e}")))
}

/// Our request as the client's.
pub(super) fn translate(request: Request) -> Result<reqwest::Request, NetError> {
    let (parts, body) = request.into_parts();
    let url = reqwest::Url::parse(&parts.uri.to_string())
        .map_err(|e| NetError::new(NetFault::Garbled, format!("{} is not a URL: {e}", parts.uri)))?;
    let mut translated = reqwest::Request::new(parts.method, url);
    *translated.headers_mut() = parts.headers;
    if !body.is_empty() {
        *translated.body_mut() = Some(body.into());
    }
    Ok(translated)
}

/// Marks where connecting begins and ends. With the pool off, hyper connects inside the task that sends.
#[derive(Clone, Copy)]
struct TimeConnections;

impl<S> Layer<S> for TimeConnections {
    type Service = Timed<S>;

    fn layer(&self, inner: S) -> Timed<S> {
        Timed(inner)
    }
}

#[derive(Clone)]
struct Timed<S>(S);

impl<S, R> Service<R> for Timed<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, to: R) -> Self::Future {
        // A name to resolve comes first and moves this mark: see `Names`.
        mark(Stage::Connect);
        let connecting = self.0.call(to);
        Box::pin(async move {
            let connection = connecting.await?;
            mark(Stage::FirstByte);
            Ok(connection)
        })
    }
}
