//! What the door goes by: the configuration of access, with what is counted and bounded while the service runs.

use std::sync::Arc;

use ipnet::IpNet;
use jiff::SignedDuration;
use launchwatch_probes::Net;
use tokio::sync::Semaphore;
use url::Url;

use super::limits::Limits;
use crate::config::access::{Access, HubLogin, OidcLogin, PasswordUser};

/// Passwords looked at, at once: each takes some MiB and a processor for a while.
const AT_ONCE: usize = 2;

/// Keeps the door.
pub struct Keeper {
    pub(super) public: bool,
    pub(super) session: SignedDuration,
    pub(super) proxies: Vec<IpNet>,
    pub(super) passwords: Vec<PasswordUser>,
    pub(super) jupyterhub: Option<HubLogin>,
    pub(super) oidc: Option<OidcLogin>,
    /// Where people find the pages, as far as that is configured.
    pub(super) public_url: Option<Url>,
    /// Where providers of accounts are spoken to.
    pub(super) net: Arc<dyn Net>,
    pub(super) limits: Limits,
    pub(super) hashing: Arc<Semaphore>,
    /// Said on the page where people sign in: how to, in the demo.
    pub(super) hint: Option<String>,
}

impl Keeper {
    /// A keeper that goes by this configuration.
    pub fn new(access: &Access, public_url: Option<&Url>, net: Arc<dyn Net>) -> Self {
        Self {
            public: access.public,
            session: SignedDuration::try_from(access.session).unwrap_or(SignedDuration::from_hours(12)),
            proxies: access.trusted_proxies.clone(),
            passwords: access.passwords.clone(),
            jupyterhub: access.jupyterhub.clone(),
            oidc: access.oidc.clone(),
            public_url: public_url.cloned(),
            net,
            limits: Limits::default(),
            hashing: Arc::new(Semaphore::new(AT_ONCE)),
            hint: None,
        }
    }

    /// Says how to sign in, where people sign in.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Whether there is any way to sign in.
    pub(in crate::web) fn has_ways(&self) -> bool {
        !self.passwords.is_empty() || self.jupyterhub.is_some() || self.oidc.is_some()
    }
}
