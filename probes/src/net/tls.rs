//! What a server shows in its TLS handshake.

use jiff::Timestamp;

/// One certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Subject, as a distinguished name.
    pub subject: String,
    /// Issuer, as a distinguished name.
    pub issuer: String,
    /// DNS names and addresses the certificate is for.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
}

/// The chain as the server sent it, leaf first, and what a verifier says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Leaf first.
    pub certificates: Vec<Certificate>,
    /// `None` when the chain is trusted for the host; else why not.
    pub problem: Option<String>,
    /// Resolve, connect and tls.
    pub timing: super::Timing,
    /// Protocol version agreed on, such as `TLSv1.3`.
    pub protocol: Option<String>,
}
