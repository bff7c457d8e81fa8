//! Answer: the few shapes of HTTP response that the stand-in gives.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};

/// Put on a response by a handler that wants the connection closed without an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HangUp;

/// A response of a type and status.
pub(crate) fn answer(status: u16, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

pub(crate) fn json(status: u16, body: String) -> Response {
    answer(status, "application/json", body)
}

pub(crate) fn html(status: u16, body: String) -> Response {
    answer(status, "text/html; charset=UTF-8", body)
}

/// No body and no type.
pub(crate) fn empty(status: u16) -> Response {
    let mut response = answer(status, "", Body::empty());
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}

/// An event stream, as every answer of `/build` is.
pub(crate) fn events(body: impl Into<Body>) -> Response {
    let response = answer(200, "text/event-stream", body);
    let response = with(response, "access-control-allow-headers", "cache-control");
    with(response, "cache-control", "no-cache")
}

pub(crate) fn redirect(status: u16, to: &str) -> Response {
    with(empty(status), "location", to)
}

/// Adds a header; a value that no header can carry is left out.
pub(crate) fn with(mut response: Response, name: &'static str, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().append(HeaderName::from_static(name), value);
    }
    response
}

/// Closes the connection without a byte.
pub(crate) fn hang_up() -> Response {
    let mut response = empty(502);
    response.extensions_mut().insert(HangUp);
    response
}

/// Never answers. The client's own deadline ends it.
pub(crate) async fn never() -> Response {
    futures::future::pending().await
}

/// What the proxy says when a route's target does not answer.
pub(crate) fn unavailable() -> Response {
    html(503, page("503 : Service Unavailable", "Your server appears to be down."))
}

/// A small page.
pub(crate) fn page(title: &str, text: &str) -> String {
    maud::html! {
        (maud::DOCTYPE)
        html { head { title { (title) } } body { h1 { (title) } p { (text) } } }
    }
    .into_string()
}
