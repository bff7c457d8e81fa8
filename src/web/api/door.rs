//! Who may command: those who have the token.

use std::convert::Infallible;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::web::Sources;

/// The token that commands need. Only its digest is kept: comparing digests takes the same time whatever was sent.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// The token with this text.
    pub fn new(text: &SecretString) -> Self {
        Self(Sha256::digest(text.expose_secret()).into())
    }

    fn is(&self, text: &str) -> bool {
        let theirs: [u8; 32] = Sha256::digest(text).into();
        // All bytes are looked at, whichever differs first.
        self.0.iter().zip(theirs).fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// The request has the right token.
pub(super) struct Allowed;

impl FromRequestParts<Sources> for Allowed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, sources: &Sources) -> Result<Self, Problem> {
        match seen(parts, sources) {
            Seen::Right => Ok(Self),
            Seen::Wrong => Err(Problem::not_allowed("this is not the token of this service")),
            Seen::None => Err(Problem::not_allowed("this needs the token")),
        }
    }
}

/// Whether the request has the right token; one with a wrong token is refused also where none is needed.
pub(super) struct Known(pub(super) bool);

impl FromRequestParts<Sources> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, sources: &Sources) -> Result<Self, Problem> {
        match Allowed::from_request_parts(parts, sources).await {
            Ok(Allowed) => Ok(Self(true)),
            Err(_) if matches!(seen(parts, sources), Seen::None) => Ok(Self(false)),
            Err(problem) => Err(problem),
        }
    }
}

enum Seen {
    Right,
    Wrong,
    None,
}

fn seen(parts: &Parts, sources: &Sources) -> Seen {
    let Some(value) = parts.headers.get(AUTHORIZATION) else { return Seen::None };
    let token = value.to_str().ok().and_then(|v| v.split_once(' '));
    let token =
        token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    match (token, &sources.token) {
        (Some(theirs), Some(ours)) if ours.is(theirs) => Seen::Right,
        _ => Seen::Wrong,
    }
}

/// The path's name, decoded; never refused.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let name = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(name.map(|p| p.0).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_token_opens_the_door() {
        let token = Token::new(&"correct-horse".to_owned().into());
        for (text, expected) in
            [("correct-horse", true), ("correct-hors", false), ("correct-horsf", false), ("", false)]
        {
            assert_eq!(token.is(text), expected, "{text}");
        }
        assert_eq!(format!("{token:?}"), "Token");
    }
}
