//! The line between the service and the world: it can be cut as a whole, or to some hosts only.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use launchwatch::edges::memory::MemoryNet;
use launchwatch_probes::net::{Chain, Connected, Lookup, Net, NetError, NetFault, Request, Response, Socket};

/// Cuts on order, and counts what witnesses are asked. Cheap to clone.
#[derive(Clone, Default)]
pub struct Cable(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    cut: bool,
    out_of_files: bool,
    unreachable: BTreeSet<String>,
    asked: usize,
}

/// The same answer to everything.
fn plain() -> Router {
    Router::new().fallback(get(|| async { "well" }))
}

impl Cable {
    /// Lays the cable over a network with two more sites and two witnesses on it.
    pub fn over(&self, net: MemoryNet) -> Laid {
        let net = ["one.example:80", "two.example:80", "witness-a.example:80", "witness-b.example:80"]
            .into_iter()
            .fold(net, |net, host| net.with_host(host, plain()));
        Laid { net, cable: self.clone() }
    }

    /// Nothing gets through any more, or everything again.
    pub fn cut(&self, cut: bool) {
        self.0.lock().unwrap().cut = cut;
    }

    /// Nothing gets through to this host any more, or again.
    pub fn lose(&self, host: &str, lost: bool) {
        let unreachable = &mut self.0.lock().unwrap().unreachable;
        if lost {
            unreachable.insert(host.to_owned());
        } else {
            unreachable.remove(host);
        }
    }

    /// No connection can be opened for want of file descriptors.
    pub fn out_of_files(&self, out: bool) {
        self.0.lock().unwrap().out_of_files = out;
    }

    /// How often witnesses were asked.
    pub fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }

    async fn passes(&self, host: &str) -> Result<(), NetError> {
        let fault = {
            let mut state = self.0.lock().unwrap();
            state.asked += usize::from(host.starts_with("witness"));
            if state.out_of_files {
                let why = "connect: out of resources on our side: Too many open files (os error 24)";
                Some(NetError::new(NetFault::Local, why))
            } else if state.cut || state.unreachable.contains(host) {
                Some(NetError::new(NetFault::Connect, format!("connect to {host}: host unreachable")))
            } else {
                None
            }
        };
        let Some(fault) = fault else { return Ok(()) };
        tokio::time::sleep(Duration::from_millis(300)).await;
        Err(fault)
    }
}

/// The network at the end of a cable.
pub struct Laid {
    net: MemoryNet,
    cable: Cable,
}

fn host(request: &Request) -> String {
    request.uri().host().unwrap_or_default().to_owned()
}

#[async_trait::async_trait]
impl Net for Laid {
    async fn send(&self, request: Request) -> Result<Response, NetError> {
        self.cable.passes(&host(&request)).await?;
        self.net.send(request).await
    }
    async fn websocket(&self, request: Request) -> Result<Socket, NetError> {
        self.cable.passes(&host(&request)).await?;
        self.net.websocket(request).await
    }
    async fn resolve(&self, lookup: &Lookup) -> Result<Vec<String>, NetError> {
        self.cable.passes(&lookup.name).await?;
        self.net.resolve(lookup).await
    }
    async fn certificate(&self, host: &str, port: u16) -> Result<Chain, NetError> {
        self.cable.passes(host).await?;
        self.net.certificate(host, port).await
    }
    async fn connect(&self, host: &str, port: u16) -> Result<Connected, NetError> {
        self.cable.passes(host).await?;
        self.net.connect(host, port).await
    }
}
