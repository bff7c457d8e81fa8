use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use launchwatch_alerts::{Envelope, Post, Reply, Undelivered};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::TempDir;

use super::*;

mod command;
mod mail;
mod relay;
mod web;

/// A certificate for `localhost`, and a folder with its authority's file.
struct Identity {
    server: Arc<ServerConfig>,
    folder: TempDir,
}

impl Identity {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).unwrap();
        Self { server: Arc::new(server), folder }
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

/// The post as tests use it: no proxy, and trust in one file if given.
fn post(ca_file: Option<PathBuf>) -> RealPost {
    RealPost::new(&PostSettings { ca_file, ignore_proxies: true }).unwrap()
}

/// Delivers while a server works; whichever ends first ends both.
async fn beside(
    server: impl Future<Output = std::io::Result<()>>,
    post: &RealPost,
    envelope: Envelope,
) -> Result<Reply, Undelivered> {
    let delivery = post.deliver(envelope);
    tokio::pin!(server, delivery);
    let mut serving = true;
    loop {
        tokio::select! {
            biased;
            reply = &mut delivery => return reply,
            // A server that has hung up is silent from then on.
            _ = &mut server, if serving => serving = false,
        }
    }
}

/// An address on which nobody listens.
async fn nobody() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[test]
fn a_file_without_authorities_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let open =
        || RealPost::new(&PostSettings { ca_file: Some(path.clone()), ignore_proxies: true }).err().unwrap();
    assert!(matches!(open(), Error::CaFile { .. }));
    std::fs::write(&path, "not a certificate").unwrap();
    assert!(open().to_string().contains("ca.pem: it has no PEM certificate"), "{}", open());
}
