//! The real post: envelopes leave by HTTP (reqwest), by a mail relay (lettre) or through a program.

mod command;
mod http;
mod smtp;
mod trust;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use launchwatch_alerts::{Envelope, Post, Reply, Undelivered};

use self::trust::Trust;

/// Longest wait for one address to take a connection; a host may have several.
const CONNECT: Duration = Duration::from_secs(10);

/// How the post is set up.
#[derive(Debug, Clone, Default)]
pub struct PostSettings {
    /// Further certificate authorities to trust (PEM), beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Goes straight, whatever `HTTPS_PROXY` and its kin say. Mail never uses a proxy.
    pub ignore_proxies: bool,
}

/// Why the post cannot open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("reading certificate authorities from {}", path.display())]
    CaFile {
        /// As given.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file has no certificate, or one that cannot be used.
    #[error("no usable certificate authority in {}: {why}", path.display())]
    CaContent {
        /// As given.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("setting up TLS")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("setting up the HTTP client")]
    Client(#[source] reqwest::Error),
}

/// Delivers for real. Sets no limit on the whole: that is the courier's.
pub struct RealPost {
    client: reqwest::Client,
    trust: Trust,
}

impl RealPost {
    /// Opens the post. Reads certificate files, so call it at the start, not while serving.
    ///
    /// # Errors
    /// The `ca_file` cannot be used, or the TLS or HTTP library refuses to start.
    pub fn new(settings: &PostSettings) -> Result<Self, Error> {
        let trust = Trust::load(settings.ca_file.as_deref())?;
        let client = http::client(&trust, settings.ignore_proxies)?;
        Ok(Self { client, trust })
    }
}

#[async_trait]
impl Post for RealPost {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        match envelope {
            Envelope::Http(request) => http::deliver(&self.client, request).await,
            Envelope::Mail(letter) => smtp::deliver(&letter, &self.trust).await,
            Envelope::Command(order) => command::deliver(order).await,
        }
    }
}

#[cfg(test)]
mod tests;
