//! From an HTTP request to an open websocket.

use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::uri::Scheme;
use http::{HeaderValue, Method, StatusCode, Uri};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::fault::Errand;
use super::local;
use crate::net::{Duplex, NetError, NetFault, Request, Socket};

/// Largest frame and message taken from a server.
const LARGEST: usize = 4 << 20;
/// Kernels speak in short messages; the library's own default of 128 KiB a socket is for bulk.
const BUFFER: usize = 4 << 10;

/// The same request as the client must send it, and the key the server has to answer to.
pub(super) fn prepare(mut request: Request) -> Result<(Request, String), NetError> {
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(match request.uri().scheme_str() {
        Some("wss" | "https") => Scheme::HTTPS,
        _ => Scheme::HTTP,
    });
    *request.uri_mut() = Uri::from_parts(parts).map_err(|e| local(format!("not a websocket URI: {e}")))?;
    *request.method_mut() = Method::GET;
    let key = generate_key();
    let sent = HeaderValue::from_str(&key).map_err(|e| local(format!("cannot make a websocket key: {e}")))?;
    let headers = request.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_KEY, sent);
    Ok((request, key))
}

/// Checks the answer and takes over the connection.
pub(super) async fn accept(answer: reqwest::Response, uri: &Uri, key: &str) -> Result<Socket, NetError> {
    let host = uri.host().unwrap_or_default();
    let status = answer.status();
    if status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(NetError::new(
            NetFault::Garbled,
            format!("{host} answered {status} instead of opening a websocket"),
        ));
    }
    let accepted = answer.headers().get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
    if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err(NetError::new(
            NetFault::Garbled,
            format!("{host} opened a websocket with the answer to another key"),
        ));
    }
    let stream: Box<dyn Duplex> =
        Box::new(answer.upgrade().await.map_err(|e| Errand::body(host).failed(&e))?);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(LARGEST)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await)
}
