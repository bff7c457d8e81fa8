//! A sign-in that is under way, as its browser keeps it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::web::access::token::same;

/// How long it may take, in seconds.
pub(super) const LASTS: i64 = 600;

/// A sign-in that is under way.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    provider: String,
    state: String,
    pub(super) verifier: String,
    pub(super) nonce: String,
    pub(super) next: String,
    ends: i64,
}

impl Flow {
    /// One that begins now.
    pub(super) fn new(
        provider: &str,
        state: &str,
        secrets: (&str, &str),
        next: &str,
        now: Timestamp,
    ) -> Self {
        let [provider, state, next] = [provider, state, next].map(str::to_owned);
        let (verifier, nonce) = (secrets.0.to_owned(), secrets.1.to_owned());
        Self { provider, state, verifier, nonce, next, ends: now.as_second().saturating_add(LASTS) }
    }

    /// As the value of a cookie.
    pub(super) fn written(&self) -> Option<String> {
        serde_json::to_vec(self).ok().map(|text| BASE64_URL_SAFE_NO_PAD.encode(text))
    }

    /// Of the value of a cookie.
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    /// Whether this provider answers to it, and in time.
    pub(super) fn is(&self, provider: &str, state: &str, now: Timestamp) -> bool {
        let state = !state.is_empty() && same(self.state.as_bytes(), state.as_bytes());
        state && self.provider == provider && now.as_second() < self.ends
    }
}
