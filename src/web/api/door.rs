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

/// Makes an extractor of so many names of a path.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident($($each:ident),*)) => {
        $(#[$doc])*
        pub(in crate::web) struct $name($(pub(in crate::web) names!(@ $each)),*);

        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = Infallible;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
                let names = axum::extract::Path::<($(names!(@ $each)),*)>::from_request_parts(parts, state).await;
                let ($($each),*) = names.map(|p| p.0).unwrap_or_default();
                Ok(Self($($each),*))
            }
        }
    };
    (@ $each:ident) => { String };
}

names! {
    /// Two names of a path; never refused.
    Two(first, second)
}
names! {
    /// Three names of a path; never refused.
    Three(first, second, third)
}
