//! A network without sockets: hosts are routers in this process. For simulated time, where no real socket may be used.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyStream, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use launchwatch_probes::net::{
    Chain, ClusterAccess, Connected, Duplex, Lookup, Net, NetError, NetFault, Request, Response, Socket,
    Timing,
};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::standin::{self, Spawner};

/// Stands before a host: says of a request whether the connection comes about at all.
pub type Gate = Arc<dyn Fn(&http::Method, &http::Uri) -> Option<NetError> + Send + Sync>;

/// Shows the certificates of a host, as they are now.
pub type Show = Arc<dyn Fn(&str) -> Option<Chain> + Send + Sync>;

/// Hosts by authority (`hub.example:80`), clusters by context.
#[derive(Clone)]
pub struct MemoryNet {
    hosts: BTreeMap<String, Router>,
    gates: BTreeMap<String, Gate>,
    clusters: BTreeMap<String, Router>,
    certificates: Option<Show>,
    spawn: Spawner,
}

impl MemoryNet {
    /// A network without hosts.
    pub fn new(spawn: Spawner) -> Self {
        Self {
            hosts: BTreeMap::new(),
            gates: BTreeMap::new(),
            clusters: BTreeMap::new(),
            certificates: None,
            spawn,
        }
    }

    /// Adds a host.
    #[must_use]
    pub fn with_host(mut self, authority: &str, router: Router) -> Self {
        self.hosts.insert(authority.to_owned(), router);
        self
    }

    /// Puts a gate before a host.
    #[must_use]
    pub fn with_gate(mut self, authority: &str, gate: Gate) -> Self {
        self.gates.insert(authority.to_owned(), gate);
        self
    }

    /// Adds a Kubernetes API under the name of a kubeconfig context.
    #[must_use]
    pub fn with_cluster(mut self, context: &str, router: Router) -> Self {
        self.clusters.insert(context.to_owned(), router);
        self
    }

    /// Says what certificates hosts show.
    #[must_use]
    pub fn with_certificates(mut self, show: Show) -> Self {
        self.certificates = Some(show);
        self
    }

    async fn exchange(
        &self,
        request: Request,
    ) -> Result<(http::Response<hyper::body::Incoming>, Duration), NetError> {
        let host = authority(request.uri())?;
        let Some(router) = self.hosts.get(&host) else {
            return Err(NetError::new(NetFault::Connect, format!("connection to {host} refused")));
        };
        if let Some(error) = self.gates.get(&host).and_then(|gate| gate(request.method(), request.uri())) {
            return Err(error);
        }
        let pipe = standin::dial(router.clone(), &self.spawn);
        let (mut sender, connection) = http1::handshake(TokioIo::new(pipe)).await.map_err(|e| cut(&e))?;
        (self.spawn)(
            "memory connection",
            Box::pin(async move {
                let _ = connection.with_upgrades().await;
            }),
        );
        let began = Instant::now();
        let answer = sender.send_request(in_origin_form(request, &host)?).await.map_err(|e| cut(&e))?;
        Ok((answer, began.elapsed()))
    }
}

#[async_trait]
impl Net for MemoryNet {
    async fn send(&self, request: Request) -> Result<Response, NetError> {
        let (answer, first_byte) = self.exchange(request).await?;
        let (head, body) = answer.into_parts();
        let body = BodyStream::new(body).filter_map(|frame| async move {
            match frame {
                Ok(frame) => frame.into_data().ok().map(Ok),
                Err(error) => Some(Err(cut(&error))),
            }
        });
        let timing =
            Timing { connect: Some(Duration::ZERO), first_byte: Some(first_byte), ..Timing::default() };
        Ok(Response {
            status: head.status,
            headers: head.headers,
            timing,
            remote: None,
            body: Box::pin(body),
        })
    }

    async fn websocket(&self, mut request: Request) -> Result<Socket, NetError> {
        // The key only proves that the answer is not from a cache: here there is none, so any will do.
        let key = "bGF1bmNod2F0Y2gtbWVtb3I=";
        let headers = request.headers_mut();
        headers.insert(http::header::CONNECTION, http::HeaderValue::from_static("Upgrade"));
        headers.insert(http::header::UPGRADE, http::HeaderValue::from_static("websocket"));
        headers.insert(http::header::SEC_WEBSOCKET_VERSION, http::HeaderValue::from_static("13"));
        headers.insert(http::header::SEC_WEBSOCKET_KEY, http::HeaderValue::from_static(key));
        let (answer, _) = self.exchange(request).await?;
        let accepted = answer
            .headers()
            .get(http::header::SEC_WEBSOCKET_ACCEPT)
            .is_some_and(|a| a == derive_accept_key(key.as_bytes()).as_str());
        if answer.status() != http::StatusCode::SWITCHING_PROTOCOLS || !accepted {
            return Err(NetError::new(NetFault::Garbled, format!("no websocket: HTTP {}", answer.status())));
        }
        let upgraded = hyper::upgrade::on(answer).await.map_err(|e| cut(&e))?;
        let io: Box<dyn Duplex> = Box::new(TokioIo::new(upgraded));
        Ok(WebSocketStream::from_raw_socket(io, Role::Client, None).await)
    }

    async fn resolve(&self, lookup: &Lookup) -> Result<Vec<String>, NetError> {
        let known = self.hosts.keys().any(|h| h.split(':').next() == Some(lookup.name.as_str()));
        if known {
            Ok(vec!["127.0.0.1".into()])
        } else {
            Err(NetError::new(NetFault::Dns, format!("{} does not exist", lookup.name)))
        }
    }

    async fn certificate(&self, host: &str, _port: u16) -> Result<Chain, NetError> {
        let shown = self.certificates.as_ref().and_then(|show| show(host));
        shown.ok_or_else(|| NetError::new(NetFault::Tls, format!("{host} speaks no TLS in memory")))
    }

    async fn cluster(&self, access: &ClusterAccess) -> Result<kube::Client, NetError> {
        let router = match &access.context {
            Some(context) => self.clusters.get(context),
            None => self.clusters.values().next().filter(|_| self.clusters.len() == 1),
        };
        let Some(router) = router.cloned() else {
            let what = format!("there is no Kubernetes API for {} in memory", access.name());
            return Err(NetError::new(NetFault::Local, what));
        };
        // The client's worker task ends with its last handle; nothing of it outlives the probe that asked for it.
        Ok(kube::Client::new(router, "default"))
    }

    async fn connect(&self, host: &str, port: u16) -> Result<Connected, NetError> {
        if self.hosts.contains_key(&format!("{host}:{port}")) {
            return Ok(Connected {
                remote: None,
                timing: Timing { connect: Some(Duration::ZERO), ..Timing::default() },
            });
        }
        Err(NetError::new(NetFault::Connect, format!("connection to {host}:{port} refused")))
    }
}

fn authority(uri: &http::Uri) -> Result<String, NetError> {
    let host = uri.host().ok_or_else(|| NetError::new(NetFault::Garbled, "the URL has no host"))?;
    let default = if matches!(uri.scheme_str(), Some("https" | "wss")) { 443 } else { 80 };
    Ok(format!("{host}:{}", uri.port_u16().unwrap_or(default)))
}

/// The request as it goes over a connection: path only, `Host` set.
fn in_origin_form(request: Request, host: &str) -> Result<http::Request<Full<Bytes>>, NetError> {
    let (mut head, body) = request.into_parts();
    let bare = host.strip_suffix(":80").unwrap_or(host);
    let value =
        http::HeaderValue::from_str(bare).map_err(|e| NetError::new(NetFault::Garbled, e.to_string()))?;
    head.headers.entry(http::header::HOST).or_insert(value);
    let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
    head.uri =
        path.parse().map_err(|e: http::uri::InvalidUri| NetError::new(NetFault::Garbled, e.to_string()))?;
    Ok(http::Request::from_parts(head, Full::new(body)))
}

fn cut(error: &hyper::Error) -> NetError {
    NetError::new(NetFault::Cut, format!("the connection broke: {error}"))
}

/// What a simulated service needs of tasks.
pub fn spawner(tasks: &crate::tasks::Tasks) -> Spawner {
    let tasks = tasks.clone();
    Arc::new(move |name, work| tasks.spawn(name, crate::tasks::OnExit::Fine, work))
}
