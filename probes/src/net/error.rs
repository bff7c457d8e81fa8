//! Why the network did not give an answer, in the classes that become reasons.

use crate::{Reason, redact::mask_query_values};

/// The class of a network error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetFault {
    /// The name does not resolve, or the resolver does not answer.
    Dns,
    /// Refused, reset or unreachable before anything was sent.
    Connect,
    /// Handshake or certificate.
    Tls,
    /// The connection broke after the request was sent.
    Cut,
    /// The answer is not HTTP, or not the protocol asked for.
    Garbled,
    /// The answer is larger than the bound.
    TooLarge,
    /// A fault on our side: no file descriptors, no ports, a broken proxy setting.
    Local,
}

/// Why the network did not give an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct NetError {
    /// The class.
    pub fault: NetFault,
    /// In words, without secrets.
    pub detail: String,
}

impl NetError {
    /// An error of a class; tokens in URLs are masked.
    pub fn new(fault: NetFault, detail: impl AsRef<str>) -> Self {
        Self { fault, detail: mask_query_values(detail.as_ref()) }
    }

    /// The reason that an outcome gets from this error.
    pub fn reason(&self) -> Reason {
        match self.fault {
            NetFault::Dns => Reason::Dns,
            NetFault::Connect => Reason::Connect,
            NetFault::Tls => Reason::Tls,
            NetFault::Cut => Reason::StreamCut,
            NetFault::Garbled => Reason::Garbled,
            NetFault::TooLarge => Reason::TooLarge,
            NetFault::Local => Reason::Prober,
        }
    }
}
