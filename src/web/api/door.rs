//! What a path names.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// The path's name, decoded; never refused.
pub(in crate::web) struct Named(pub(in crate::web) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let name = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(name.map(|p| p.0).unwrap_or_default()))
    }
}
