//! What is wrong with a request, and how to mend it (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use launchwatch_alerts::Disobeyed;
use schemars::JsonSchema;
use serde::Serialize;

use crate::inbox::NotDone;
use crate::store;

/// An answer that says no.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// A stable name of the case.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// What is wrong.
    detail: String,
    /// How to mend it; may be empty.
    hint: String,
}

impl Problem {
    fn new(kind: &'static str, status: StatusCode, detail: impl Into<String>, hint: &str) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        Self { kind, title, status: status.as_u16(), detail: detail.into(), hint: hint.to_owned() }
    }

    /// What is wrong, in words.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The status, what is wrong, and how to mend it: for a page.
    pub(super) fn said(&self) -> (StatusCode, &str, &str) {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, &self.detail, &self.hint)
    }

    /// What is wrong, in words.
    pub(super) fn words(&self) -> &str {
        &self.detail
    }

    /// The request cannot be read.
    pub(super) fn unreadable(detail: impl Into<String>, hint: &str) -> Self {
        Self::new("urn:launchwatch:unreadable", StatusCode::BAD_REQUEST, detail, hint)
    }

    /// The body is longer than anybody needs.
    pub(super) fn too_large() -> Self {
        Self::longer_than(super::api::MOST_BYTES)
    }

    /// The body is longer than so many bytes.
    pub(super) fn longer_than(most: usize) -> Self {
        let detail = format!("the body is larger than {} KiB", most / 1024);
        Self::new("urn:launchwatch:too-large", StatusCode::PAYLOAD_TOO_LARGE, detail, "say it in fewer words")
    }

    /// It is more than is taken at once.
    pub(super) fn too_much(detail: impl Into<String>) -> Self {
        let hint = "send it in several parts";
        Self::new("urn:launchwatch:too-large", StatusCode::PAYLOAD_TOO_LARGE, detail, hint)
    }

    /// It can be read, but cannot be meant.
    pub(super) fn nonsense(detail: impl Into<String>, hint: &str) -> Self {
        Self::new("urn:launchwatch:nonsense", StatusCode::UNPROCESSABLE_ENTITY, detail, hint)
    }

    /// What is asked about is not there.
    pub(super) fn not_found(detail: impl Into<String>, hint: &str) -> Self {
        Self::new("urn:launchwatch:not-found", StatusCode::NOT_FOUND, detail, hint)
    }

    /// It is there, and it is too late.
    pub(super) fn over(detail: impl Into<String>, hint: &str) -> Self {
        Self::new("urn:launchwatch:over", StatusCode::CONFLICT, detail, hint)
    }

    /// No token, or not the right one.
    pub(super) fn not_allowed(detail: &str) -> Self {
        let hint = "send `Authorization: Bearer TOKEN`; the token is in `command.token` in the service's state directory, new at each start";
        Self::new("urn:launchwatch:not-allowed", StatusCode::UNAUTHORIZED, detail, hint)
    }

    /// They are known, and may not.
    pub(super) fn forbidden(detail: impl Into<String>, hint: &str) -> Self {
        Self::new("urn:launchwatch:forbidden", StatusCode::FORBIDDEN, detail, hint)
    }

    /// They try too often.
    pub(super) fn too_many(detail: impl Into<String>) -> Self {
        let hint = "wait as long as `Retry-After` says";
        Self::new("urn:launchwatch:too-many", StatusCode::TOO_MANY_REQUESTS, detail, hint)
    }

    /// It may be done, but not now.
    pub(super) fn later(detail: impl Into<String>, hint: &str) -> Self {
        Self::new("urn:launchwatch:later", StatusCode::SERVICE_UNAVAILABLE, detail, hint)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = (status, Json(self)).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            _ => {}
        }
        answer
    }
}

impl From<store::Error> for Problem {
    /// What the database says is for the log.
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "cannot answer a request");
        Self::later("the store does not answer", "try again; the log says more")
    }
}

impl From<NotDone> for Problem {
    fn from(why: NotDone) -> Self {
        match &why {
            NotDone::TryAgain => Self::later(why.to_string(), "try again in a moment"),
            NotDone::Lost => Self::later(why.to_string(), "`launchwatch incidents` shows how it stands"),
            NotDone::Disobeyed(Disobeyed::NoIncident(_)) => {
                Self::not_found(why.to_string(), "`launchwatch incidents` lists them")
            }
            NotDone::Disobeyed(Disobeyed::NoSilence(_)) => {
                Self::not_found(why.to_string(), "`launchwatch silence list` lists them")
            }
            NotDone::Disobeyed(Disobeyed::Nonsense(_)) => Self::nonsense(why.to_string(), ""),
        }
    }
}

/// For every other path of the API.
pub(super) async fn nothing_here() -> Problem {
    Problem::not_found("the API has no such path", "")
}
