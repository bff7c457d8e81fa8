//! The one door of a probe to the network: requests, websockets, names, certificates, connections.
//!
//! Two implementations: [`real::RealNet`] on the real network, and the service's in-memory one for simulated time.

mod cluster;
mod error;
pub mod real;
#[cfg(test)]
pub(crate) mod script;
mod tls;
pub(crate) mod watch;

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite};

pub use cluster::ClusterAccess;
pub use error::{NetError, NetFault};
pub(crate) use real::fault::of_cluster as cluster_fault;
pub use tls::{Certificate, Chain};
pub use watch::mark;

/// A request with its whole body. The URI is absolute. Redirects are never followed by the net.
pub type Request = http::Request<Bytes>;

/// The body of an answer, chunk by chunk; ends with an error if the connection breaks before its end.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, NetError>> + Send>>;

/// An open websocket, before framing: probes speak through `tokio_tungstenite` on top of it.
pub type Socket = tokio_tungstenite::WebSocketStream<Box<dyn Duplex>>;

/// Any two-way byte stream.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// What the network itself timed. `None` where a step did not occur (a literal address, no TLS, a reused connection).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Name resolution.
    pub resolve: Option<Duration>,
    /// TCP connection.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// From the request being written to the head of the answer.
    pub first_byte: Option<Duration>,
}

/// The head of an answer and its body, still to be read.
pub struct Response {
    /// HTTP status.
    pub status: http::StatusCode,
    /// Headers of the answer.
    pub headers: http::HeaderMap,
    /// What the network timed.
    pub timing: Timing,
    /// The address that answered, where known.
    pub remote: Option<SocketAddr>,
    /// The body.
    pub body: Body,
}

/// A question to the name system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The name.
    pub name: String,
    /// Record type: `A`, `AAAA`, `CNAME`, `MX`, `NS`, `TXT`, `SRV`, `PTR`, `SOA`, `CAA`.
    pub record: String,
    /// The server to ask, or the system's.
    pub server: Option<SocketAddr>,
}

/// A TCP connection that was made and closed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected {
    /// The address that answered.
    pub remote: Option<IpAddr>,
    /// Resolve and connect.
    pub timing: Timing,
}

/// The one door. Every call may be dropped at any time; the caller owns the deadline.
#[async_trait]
pub trait Net: Send + Sync {
    /// Sends a request over a new connection and returns as soon as the head of the answer is there.
    async fn send(&self, request: Request) -> Result<Response, NetError>;

    /// Opens a websocket (`ws`, `wss`, `http` or `https` URI) with the request's headers.
    async fn websocket(&self, request: Request) -> Result<Socket, NetError>;

    /// Asks the name system; answers are texts as in a zone file (`192.0.2.1`, `10 mail.example.org.`).
    async fn resolve(&self, lookup: &Lookup) -> Result<Vec<String>, NetError>;

    /// Makes a TLS handshake and returns the chain the server sent, valid or not.
    async fn certificate(&self, host: &str, port: u16) -> Result<Chain, NetError>;

    /// A client of a Kubernetes API. The caller owns the deadline of every request it makes with it.
    async fn cluster(&self, access: &ClusterAccess) -> Result<kube::Client, NetError> {
        let _ = access;
        Err(NetError::new(NetFault::Local, "there is no Kubernetes API here"))
    }

    /// Opens a TCP connection and closes it.
    async fn connect(&self, host: &str, port: u16) -> Result<Connected, NetError>;
}

impl Response {
    /// Reads the body up to `limit` bytes.
    ///
    /// # Errors
    /// The connection breaks, or the body is longer ([`NetFault::TooLarge`]).
    pub async fn read(self, limit: usize) -> Result<Bytes, NetError> {
        use futures::StreamExt;
        let mut body = self.body;
        let mut whole = bytes::BytesMut::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            if whole.len() + chunk.len() > limit {
                return Err(NetError::new(NetFault::TooLarge, format!("body is larger than {limit} bytes")));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}
