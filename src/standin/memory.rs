//! Memory: the stand-in behind an in-memory pipe or a real listener, speaking HTTP/1.1 with upgrades over either.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::admit::Peer;
use super::answer::HangUp;
use super::settings::Spawner;

/// Bytes that a pipe holds before its writer must wait.
const PIPE: usize = 64 << 10;

/// One new connection to `router` without any socket; the other end is served until either side closes it.
pub fn dial(router: Router, spawn: &Spawner) -> DuplexStream {
    let (near, far) = tokio::io::duplex(PIPE);
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    spawn("stand-in connection", Box::pin(converse(far, router, peer)));
    near
}

/// Serves `router` on a listener until `stop` ends. Connections under way are left to their clients.
///
/// # Errors
/// When the listener itself fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    spawn: &Spawner,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let mut stop = std::pin::pin!(stop);
    loop {
        let (socket, peer): (_, SocketAddr) = tokio::select! {
            biased;
            () = &mut stop => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // The client was gone before it was accepted: no trouble of ours.
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(e) => return Err(e),
            },
        };
        spawn("stand-in connection", Box::pin(converse(socket, router.clone(), peer.ip())));
    }
}

/// Serves one connection. An error is the client's business: it sees the connection end.
async fn converse<S>(io: S, router: Router, peer: IpAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(router.clone(), request, peer));
    let connection =
        http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(io), service);
    let _ = connection.with_upgrades().await;
}

async fn answer(router: Router, request: http::Request<Incoming>, peer: IpAddr) -> io::Result<Response> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.extensions().get::<HangUp>().is_some() {
        return Err(io::Error::from(io::ErrorKind::ConnectionReset));
    }
    Ok(response)
}
