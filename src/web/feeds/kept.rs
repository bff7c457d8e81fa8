//! Answers that may be kept for a minute, and are not sent again while they are the same.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// How long they may be kept.
const MINUTE: HeaderValue = HeaderValue::from_static("max-age=60");

/// The answer; without its body for who has it.
pub(super) fn answer(asked: &HeaderMap, status: StatusCode, kind: &'static str, body: String) -> Response {
    let digest = Sha256::digest(&body);
    let tag: String = digest.iter().take(12).map(|b| format!("{b:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let known = asked.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let same =
        known.split(',').any(|k| matches!(k.trim().trim_start_matches("W/"), k if k == tag || k == "*"));
    let mut response = match same && status == StatusCode::OK {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => (status, [(header::CONTENT_TYPE, kind)], body).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, MINUTE);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The store does not answer: feeds that say nothing would say that nothing happens.
pub(super) fn not_now() -> Response {
    let headers = [(header::RETRY_AFTER, "30"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, "what is known cannot be read right now\n").into_response()
}
