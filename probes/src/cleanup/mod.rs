//! What a launch owes the target: a server to shut down, as data, so that it is paid also after a crash.
//!
//! A debt goes through three states in the [`Ledger`]: *begun* (a launch is under way, nothing known yet),
//! *told* (the target named a server: this is how to end it), *settled* (it is gone, or was never there).

mod pay;
mod pay_user;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use pay::pay;
pub(crate) use pay::pay_and_settle;
pub(crate) use pay_user::segment;

/// Names one debt for life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DebtId(pub String);

impl std::fmt::Display for DebtId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How to end a server that a probe was told of. Holds a secret: the ledger must seal it before it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CleanUp {
    /// A Jupyter server with its own token (what BinderHub's `ready` hands out).
    Server {
        /// URL of the server with its trailing slash.
        url: String,
        /// The token that came with it.
        #[serde(with = "sealed")]
        token: SecretString,
    },
    /// A user of a JupyterHub, with the server that was started for it.
    HubUser {
        /// Root of the Hub's REST API with its trailing slash (`…/hub/api/`).
        api: String,
        /// Name of the user.
        user: String,
        /// Name of the server, empty for the default one.
        server: String,
        /// Whether the user was made for this run and must go too.
        delete_user: bool,
        /// A Hub token that may stop servers (and delete users).
        #[serde(with = "sealed")]
        token: SecretString,
    },
}

impl CleanUp {
    /// What is to be ended, in words, without secrets.
    pub fn what(&self) -> String {
        match self {
            Self::Server { url, .. } => format!("server {url}"),
            Self::HubUser { api, user, server, .. } if server.is_empty() => {
                format!("server of {user} at {api}")
            }
            Self::HubUser { api, user, server, .. } => format!("server {server} of {user} at {api}"),
        }
    }
}

/// Serialises the secret in clear: only the ledger does this, and seals the bytes at once.
mod sealed {
    use super::{ExposeSecret, SecretString};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose_secret())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
        String::deserialize(from).map(SecretString::from)
    }
}

/// What came of an attempt to pay a debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paid {
    /// Seen to be gone.
    Gone,
    /// The target accepted, but that it is gone cannot be seen from here.
    Accepted,
    /// It is still there, or could not be asked: try again later. Says why.
    NotYet(String),
}

/// The ledger could not write. A probe must not launch what it cannot promise to clean up.
#[derive(Debug, thiserror::Error)]
#[error("cannot record the launch in the ledger: {0}")]
pub struct LedgerError(pub String);

/// Where debts are kept. Each call returns only when the entry would survive a crash.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// A launch is about to be asked for; `what` names it in words.
    async fn begun(&self, id: &DebtId, what: &str) -> Result<(), LedgerError>;
    /// The target named a server.
    async fn told(&self, id: &DebtId, cleanup: &CleanUp) -> Result<(), LedgerError>;
    /// Nothing is left to do.
    async fn settled(&self, id: &DebtId) -> Result<(), LedgerError>;
}
