//! What a delivery came to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::MessageRef;

/// Recipients of a mail whose fate is known (taken, or refused for good) while others still wait: code and text of
/// each. Kept beside the delivery, so that the next attempt tells only the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settled(pub Vec<(String, u16, String)>);

/// What a delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// Taken by the service.
    Delivered(Option<MessageRef>),
    /// Taken by the service, but something beside it went wrong for good: one of several recipients does not
    /// exist, the first message of the thread could not be rewritten. Nothing is owed any more.
    Remarked {
        /// As in `Delivered`.
        message: Option<MessageRef>,
        /// What went wrong, in words.
        remark: String,
    },
    /// Not now; `after` is what the service asked for.
    Retry {
        /// Not before this long.
        after: Option<Duration>,
        /// Why, in words.
        why: String,
    },
    /// Some recipients have it, the others not now: to be tried again with `settled` handed to
    /// [`crate::courier::deliver_rest`], so that nobody is told twice.
    Partly {
        /// Not before this long, where the service asked for it.
        after: Option<Duration>,
        /// Why, in words.
        why: String,
        /// Who is settled.
        settled: Settled,
    },
    /// Never: wrong credentials, no such room, … The channel is broken until somebody mends it.
    Refused {
        /// Why, in words.
        why: String,
    },
}

impl Receipt {
    /// What is to be known beside the outcome: why not, or the remark. `None` when all is well.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Delivered(_) => None,
            Self::Remarked { remark: why, .. }
            | Self::Retry { why, .. }
            | Self::Partly { why, .. }
            | Self::Refused { why } => Some(why),
        }
    }

    /// The same outcome with its words changed.
    pub(crate) fn reworded(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Delivered(message) => Self::Delivered(message),
            Self::Remarked { message, remark } => Self::Remarked { message, remark: change(&remark) },
            Self::Retry { after, why } => Self::Retry { after, why: change(&why) },
            Self::Partly { after, why, settled } => {
                let settled =
                    settled.0.into_iter().map(|(to, code, said)| (to, code, change(&said))).collect();
                Self::Partly { after, why: change(&why), settled: Settled(settled) }
            }
            Self::Refused { why } => Self::Refused { why: change(&why) },
        }
    }

    /// Reads an HTTP status as most services mean it: 2xx taken, 408, 429 and 5xx later (with `Retry-After`), the
    /// rest never.
    pub fn by_status(status: u16, headers: &http::HeaderMap, said: &str) -> Self {
        let why = || format!("HTTP {status} {}", crate::text::one_line(said, 300)).trim_end().to_owned();
        match status {
            200..=299 => Self::Delivered(None),
            408 | 425 | 429 | 500..=599 => Self::Retry { after: retry_after(headers), why: why() },
            _ => Self::Refused { why: why() },
        }
    }
}

/// `Retry-After` in seconds. (A date is not understood: the backoff then decides.)
pub(crate) fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
