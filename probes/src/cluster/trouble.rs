//! Why a Kubernetes API did not tell what was asked.

use std::time::Duration;

use crate::{NetError, Reason, hub};

/// No answer, or none that can be trusted. It accuses nobody: we could not look.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    /// The class.
    pub(crate) reason: Reason,
    /// The status that the API answered with, where it did.
    pub(crate) status: Option<u16>,
    /// When the API wants to be asked again, where it said so.
    pub(crate) retry_after: Option<Duration>,
    /// What was tried on what, and what came of it.
    pub(crate) what: String,
}

impl Trouble {
    pub(crate) fn new(reason: Reason, what: impl Into<String>) -> Self {
        Self { reason, status: None, retry_after: None, what: what.into() }
    }

    /// An answer that breaks off, or contradicts itself.
    pub(crate) fn half(what: impl Into<String>) -> Self {
        Self::new(Reason::HalfAnswer, what)
    }

    /// No client could be made.
    pub(crate) fn unreachable(error: &NetError) -> Self {
        Self::new(error.reason(), error.detail.clone())
    }

    /// An answer with a status that is not 200, and what the API says about it.
    pub(super) fn status(what: &str, status: u16, said: &str, retry_after: Option<Duration>) -> Self {
        let reason = match status {
            401 | 403 => Reason::ProbeAuth,
            404 => Reason::NotFound,
            410 => Reason::HalfAnswer,
            429 => Reason::RateLimited,
            _ => Reason::HttpStatus,
        };
        let mut words = format!("{what}: the API answered {status}");
        if !said.is_empty() {
            words.push_str(": ");
            words.extend(said.chars().take(200));
        }
        if let Some(after) = retry_after {
            words.push_str(&format!(" (asks to come again in {} s)", after.as_secs()));
        }
        Self { reason, status: Some(status), retry_after, what: words }
    }

    /// Whether what was asked for is too old: a continue token or a resource version.
    pub(super) fn is_expired(&self) -> bool {
        self.status == Some(410)
    }

    /// Whether we lack the right, or the thing is not there at all: asking again is of no use.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.status, Some(401 | 403 | 404))
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl From<Trouble> for hub::Trouble {
    fn from(trouble: Trouble) -> Self {
        Self::unknown(trouble.reason, trouble.what)
    }
}
