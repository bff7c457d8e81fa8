//! Name resolution with the system's own settings: its servers, hosts file and search domains; nothing is cached.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError as HickoryError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use reqwest::dns::{Addrs, Resolve, Resolving};

use super::local;
use crate::Stage;
use crate::net::watch::mark;
use crate::net::{Lookup, NetError, NetFault};

/// Asks the name system.
#[derive(Clone)]
pub(super) struct Names(Arc<TokioResolver>);

/// A resolver's error on its way through the HTTP client.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct NameFault(#[from] pub(super) NetError);

type Builder = ResolverBuilder<TokioRuntimeProvider>;

impl Names {
    /// The system's resolver; without settings the one on this machine, as the C library does.
    pub(super) fn of_system() -> Result<Self, NetError> {
        let builder =
            TokioResolver::builder_tokio().unwrap_or_else(|_| on_server(([127, 0, 0, 1], 53).into()));
        build(builder).map(|r| Self(Arc::new(r)))
    }

    /// The addresses of a host; an address is its own.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NetError> {
        if let Ok(ip) = host.trim_start_matches('[').trim_end_matches(']').parse() {
            return Ok(vec![ip]);
        }
        mark(Stage::Resolve);
        let found = self.0.lookup_ip(host).await.map_err(|e| refused(host, &e))?;
        Ok(found.iter().collect())
    }

    /// Asks for records; none of that type is an empty answer.
    pub(super) async fn ask(&self, lookup: &Lookup) -> Result<Vec<String>, NetError> {
        let record: RecordType = lookup
            .record
            .parse()
            .map_err(|_| local(format!("{} is not a record type that can be asked for", lookup.record)))?;
        let name = question(&lookup.name, record)?;
        let own = lookup.server.map(|server| build(on_server(server))).transpose()?;
        let answer = match &own {
            Some(resolver) => resolver.lookup(name, record).await,
            None => self.0.lookup(name, record).await,
        };
        match answer {
            Ok(found) => Ok(found
                .answers()
                .iter()
                .filter(|r| r.record_type() == record)
                .map(|r| r.data.to_string())
                .collect()),
            Err(e) if e.is_no_records_found() && !e.is_nx_domain() => Ok(Vec::new()),
            Err(e) => Err(refused(&lookup.name, &e)),
        }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: reqwest::dns::Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await.map_err(NameFault)?;
            mark(Stage::Connect);
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

fn build(mut builder: Builder) -> Result<TokioResolver, NetError> {
    builder.options_mut().cache_size = 0;
    builder.build().map_err(|e| local(format!("cannot set up name resolution: {e}")))
}

fn on_server(server: SocketAddr) -> Builder {
    let [mut udp, mut tcp] = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    (udp.port, tcp.port) = (server.port(), server.port());
    let server = NameServerConfig::new(server.ip(), true, vec![udp, tcp]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
}

/// The name to ask for; an address is turned into its reverse name when a `PTR` record is wanted.
fn question(name: &str, record: RecordType) -> Result<Name, NetError> {
    match name.parse::<IpAddr>() {
        Ok(ip) if record == RecordType::PTR => Ok(Name::from(ip)),
        _ => name.parse().map_err(|e| NetError::new(NetFault::Dns, format!("{name} is not a name: {e}"))),
    }
}

fn refused(name: &str, error: &HickoryError) -> NetError {
    match error {
        HickoryError::Io(io) if io.raw_os_error().is_some_and(|c| super::fault::EXHAUSTED.contains(&c)) => {
            local(format!("name resolution: out of resources on our side: {io}"))
        }
        HickoryError::Timeout => {
            NetError::new(NetFault::Dns, format!("no name server answered the question for {name}"))
        }
        HickoryError::NoConnections => NetError::new(NetFault::Dns, "no name server can be reached"),
        e if e.is_nx_domain() => NetError::new(NetFault::Dns, format!("the name {name} does not exist")),
        e if e.is_no_records_found() => {
            NetError::new(NetFault::Dns, format!("the name {name} has no address"))
        }
        other => NetError::new(NetFault::Dns, format!("cannot resolve {name}: {other}")),
    }
}
