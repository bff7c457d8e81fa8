//! The door that opens on the real network: reqwest for HTTP, hickory for names, rustls for handshakes.

mod client;
mod cluster;
mod dial;
pub(super) mod fault;
mod handshake;
mod names;
mod roots;
mod upgrade;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;

use self::fault::Errand;
use self::names::Names;
use self::roots::Trust;
use super::watch::Watch;
use super::{Chain, ClusterAccess, Connected, Lookup, Net, NetError, NetFault, Request, Response, Socket};

/// What the operator may say about our own network.
#[derive(Debug, Clone, Default)]
pub struct NetSettings {
    /// A PEM file with certificates to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Leave `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` aside.
    pub ignore_proxies: bool,
}

/// The real network. Each request makes a new connection (HTTP/1.1, no redirects, no retries), so that name
/// resolution, connection and handshake are seen every time. Requests and websockets go through the proxies that
/// the environment names; [`Net::certificate`] and [`Net::connect`] always go straight.
pub struct RealNet {
    http: reqwest::Client,
    names: Names,
    trust: Trust,
    proxies: Option<hyper_util::client::proxy::matcher::Matcher>,
    clusters: cluster::Clusters,
}

impl RealNet {
    /// Reads the system's trusted certificates and name servers.
    ///
    /// # Errors
    /// The CA file cannot be used, or a proxy of the environment is not a URL ([`NetFault::Local`]).
    pub fn new(settings: NetSettings) -> Result<Self, NetError> {
        let trust = Trust::load(settings.ca_file.as_deref())?;
        let names = Names::of_system()?;
        let http = client::build(&trust, names.clone(), settings.ignore_proxies)?;
        let proxies =
            (!settings.ignore_proxies).then(hyper_util::client::proxy::matcher::Matcher::from_system);
        Ok(Self { http, names, trust, proxies, clusters: cluster::Clusters::new(settings.ca_file) })
    }

    /// Sends, and returns the answer together with what was timed.
    async fn exchange(&self, request: Request) -> Result<(reqwest::Response, super::Timing), NetError> {
        let uri = request.uri().clone();
        let request = client::translate(request)?;
        let watch = Watch::current();
        match watch.over(self.http.execute(request)).await {
            Ok(answer) => Ok((answer, watch.timing())),
            Err(error) => Err(Errand::http(&uri, self.proxies.as_ref()).failed(&error)),
        }
    }
}

#[async_trait]
impl Net for RealNet {
    async fn send(&self, request: Request) -> Result<Response, NetError> {
        let host: Arc<str> = request.uri().host().unwrap_or_default().into();
        let (mut answer, timing) = self.exchange(request).await?;
        Ok(Response {
            status: answer.status(),
            headers: std::mem::take(answer.headers_mut()),
            timing,
            remote: answer.remote_addr(),
            body: Box::pin(answer.bytes_stream().map_err(move |e| Errand::body(&host).failed(&e))),
        })
    }

    async fn websocket(&self, request: Request) -> Result<Socket, NetError> {
        let (request, key) = upgrade::prepare(request)?;
        let uri = request.uri().clone();
        let (answer, _) = self.exchange(request).await?;
        upgrade::accept(answer, &uri, &key).await
    }

    async fn resolve(&self, lookup: &Lookup) -> Result<Vec<String>, NetError> {
        self.names.ask(lookup).await
    }

    async fn certificate(&self, host: &str, port: u16) -> Result<Chain, NetError> {
        let watch = Watch::current();
        watch
            .over(handshake::look(&self.names, &self.trust, host, port))
            .await
            .map(|seen| Chain { timing: watch.timing(), ..seen })
    }

    async fn cluster(&self, access: &ClusterAccess) -> Result<kube::Client, NetError> {
        self.clusters.client(access, self.proxies.as_ref()).await
    }

    async fn connect(&self, host: &str, port: u16) -> Result<Connected, NetError> {
        let watch = Watch::current();
        let stream = watch.over(dial::dial(&self.names, host, port)).await?;
        let timing = watch.timing();
        Ok(Connected { remote: stream.peer_addr().ok().map(|a| a.ip()), timing })
    }
}

/// A fault of our own.
fn local(what: impl AsRef<str>) -> NetError {
    NetError::new(NetFault::Local, what)
}

#[cfg(test)]
mod tests;
