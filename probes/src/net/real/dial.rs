//! A plain TCP connection to a host, address after address.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::Names;
use super::fault::Errand;
use crate::Stage;
use crate::net::NetError;
use crate::net::watch::mark;

/// How long an address may keep the next one waiting.
const PATIENCE: Duration = Duration::from_secs(3);

/// Connects to the first address that answers.
pub(super) async fn dial(names: &Names, host: &str, port: u16) -> Result<TcpStream, NetError> {
    let addresses = names.addresses(host).await?;
    mark(Stage::Connect);
    let errand = Errand::connect(host, port);
    let mut refusal = None;
    let last = addresses.len().saturating_sub(1);
    for (n, ip) in addresses.into_iter().enumerate() {
        let connecting = TcpStream::connect(SocketAddr::new(ip, port));
        // Only the last one may use all the time that the caller has.
        let connected = if n == last {
            connecting.await
        } else {
            let late = |_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut));
            tokio::time::timeout(PATIENCE, connecting).await.unwrap_or_else(late)
        };
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => refusal = Some(errand.failed(&error)),
        }
    }
    Err(refusal.unwrap_or_else(|| errand.no_address()))
}
