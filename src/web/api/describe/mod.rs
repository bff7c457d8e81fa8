//! What the API can do, described once: the OpenAPI document, the page `/api` and the tests are made from these rows.
//!
//! # Why
//! THE TABLE says which routes there are and who may ask; a row here says what they mean. A test holds the two against
//! each other, so neither a route without words nor words without a route can come about. Types describe themselves.

mod note;
mod notes;
mod openapi;
mod page;
#[cfg(test)]
mod tests;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::web::Sources;
use crate::web::access::Who;

pub use openapi::text as openapi_text;

/// Where all of the API is, but for what others tell us.
const ROOT: &str = "/api/v1/";
/// Where others tell us.
#[cfg(test)]
const TOLD: [&str; 2] = ["/ping/", "/hooks/"];

/// The OpenAPI document.
pub(in crate::web) async fn openapi(State(sources): State<Sources>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi::text(&sources.base)).into_response()
}

/// The page that lists what can be asked.
pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who) -> Response {
    page::page(&sources, &who)
}
