//! From the errors of the libraries to a class and a sentence that an operator understands.

use std::error::Error;
use std::io::{self, ErrorKind};

use hyper_util::client::proxy::matcher::Matcher;

use super::names::NameFault;
use super::roots::explain;
use crate::net::{NetError, NetFault};

/// What was tried on what, for the words of an error.
pub(super) struct Errand {
    what: String,
    /// Before the request was sent a broken connection means that there is none; after it, that it was cut.
    sent: bool,
    proxy: Option<Proxy>,
}

/// The proxy that a connection goes through.
struct Proxy {
    /// Name and port.
    place: String,
    /// Whether it only passes bytes on, as for `https`.
    tunnels: bool,
}

/// Error numbers for "no more files", here or in the system, and "no buffer space".
pub(super) const EXHAUSTED: [i32; 3] = [23, 24, 105];

impl Errand {
    /// A request to this URI.
    pub(super) fn http(uri: &http::Uri, proxies: Option<&Matcher>) -> Self {
        let tunnels = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let found = proxies.and_then(|m| m.intercept(uri));
        let proxy = found.map(|found| Proxy { place: place(found.uri()), tunnels });
        Self { what: format!("request to {}", place(uri)), sent: true, proxy }
    }

    /// Reading an answer from this host.
    pub(super) fn body(host: &str) -> Self {
        Self { what: format!("answer of {host}"), sent: true, proxy: None }
    }

    /// A TCP connection.
    pub(super) fn connect(host: &str, port: u16) -> Self {
        Self { what: format!("connect to {host}:{port}"), sent: false, proxy: None }
    }

    /// The name resolves to nothing.
    pub(super) fn no_address(&self) -> NetError {
        NetError::new(NetFault::Dns, format!("{}: the name has no address", self.what))
    }

    /// The class and the words for an error.
    pub(super) fn failed(&self, error: &(dyn Error + 'static)) -> NetError {
        let connecting =
            !self.sent || error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect);
        let (fault, why) = chain(error).find_map(|e| known(e, connecting)).unwrap_or_else(|| {
            let root = chain(error).last().map(ToString::to_string).unwrap_or_default();
            (if connecting { NetFault::Connect } else { NetFault::Cut }, root)
        });
        match &self.proxy {
            Some(proxy) if connecting => self.at_proxy(error, proxy, fault, &why),
            _ => NetError::new(fault, format!("{}: {why}", self.what)),
        }
    }

    /// What stands between us and the proxy is our trouble; what the proxy finds at the target is the target's.
    fn at_proxy(&self, error: &(dyn Error + 'static), proxy: &Proxy, fault: NetFault, why: &str) -> NetError {
        let tunnel = chain(error).map(ToString::to_string).find(|t| t.starts_with("tunnel error"));
        let (fault, why) = match tunnel.as_deref() {
            // The tunnel stood, and broke afterwards.
            None if proxy.tunnels => (fault, why),
            Some("tunnel error: unsuccessful") => (NetFault::Connect, "the proxy does not get through"),
            Some("tunnel error: unexpected end of file") => (NetFault::Connect, "the proxy hung up"),
            Some("tunnel error: proxy authorization required") => {
                (NetFault::Local, "the proxy wants other credentials than ours")
            }
            _ => (NetFault::Local, why),
        };
        NetError::new(fault, format!("{} through proxy {}: {why}", self.what, proxy.place))
    }
}

/// The class and the words for an error of a Kubernetes client. Its own words may quote credentials and answers: only
/// what lies at the bottom is told.
pub(crate) fn of_cluster(what: &str, error: &kube::Error) -> NetError {
    if let Some(told) = chain(error).find_map(|e| e.downcast_ref::<NetError>()) {
        return NetError::new(told.fault, format!("{what}: {}", told.detail));
    }
    if matches!(error, kube::Error::Auth(_)) || chain(error).any(|e| e.is::<kube::client::AuthError>()) {
        return NetError::new(NetFault::Local, format!("{what}: our credentials cannot be had"));
    }
    let legacy =
        |e: &(dyn Error + 'static)| e.downcast_ref().map(hyper_util::client::legacy::Error::is_connect);
    let sent = !chain(error).find_map(legacy).unwrap_or_default();
    Errand { what: what.to_owned(), sent, proxy: None }.failed(error)
}

/// An error and all that caused it, also inside `io::Error`, which hides its content from `source`.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&e| {
        let inside = e.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inside.map(|i| i as &(dyn Error + 'static)).or_else(|| e.source())
    })
}

/// The class of one link of the chain, if it tells anything by itself.
fn known(error: &(dyn Error + 'static), connecting: bool) -> Option<(NetFault, String)> {
    if let Some(name) = error.downcast_ref::<NameFault>() {
        return Some((name.0.fault, name.0.detail.clone()));
    }
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some((NetFault::Tls, format!("TLS handshake failed: {}", explain(tls))));
    }
    if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
        return of_hyper(hyper);
    }
    error.downcast_ref::<io::Error>().and_then(|e| of_io(e, connecting))
}

fn of_hyper(error: &hyper::Error) -> Option<(NetFault, String)> {
    // hyper tells this one apart only in its words; the reason is the finer one of two that both fit.
    if error.is_parse() && error.to_string().contains("too large") {
        Some((NetFault::TooLarge, "the head of the answer is too large".to_owned()))
    } else if error.is_parse() {
        Some((NetFault::Garbled, "the answer is not HTTP".to_owned()))
    } else if error.is_incomplete_message() {
        Some((NetFault::Cut, "the connection was closed before the answer was complete".to_owned()))
    } else {
        None
    }
}

fn of_io(error: &io::Error, connecting: bool) -> Option<(NetFault, String)> {
    let broken = if connecting { NetFault::Connect } else { NetFault::Cut };
    let ours = error.raw_os_error().is_some_and(|code| EXHAUSTED.contains(&code));
    let told = match error.kind() {
        _ if ours => (NetFault::Local, format!("out of resources on our side: {error}")),
        ErrorKind::AddrNotAvailable => (NetFault::Local, "no free local port or address".to_owned()),
        ErrorKind::PermissionDenied => (NetFault::Local, "not permitted on our side".to_owned()),
        ErrorKind::OutOfMemory => (NetFault::Local, "out of memory on our side".to_owned()),
        ErrorKind::ConnectionRefused => (broken, "connection refused".to_owned()),
        ErrorKind::ConnectionReset => (broken, "connection reset".to_owned()),
        ErrorKind::HostUnreachable => (broken, "host unreachable".to_owned()),
        ErrorKind::NetworkUnreachable => (broken, "network unreachable".to_owned()),
        ErrorKind::TimedOut => (broken, "no answer to the connection attempt".to_owned()),
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => (broken, "connection closed".to_owned()),
        ErrorKind::InvalidData | ErrorKind::InvalidInput if !connecting => {
            (NetFault::Garbled, "the answer is garbled".to_owned())
        }
        _ => return None,
    };
    Some(told)
}

/// Host and port of a URI, without the user and password it may hold.
fn place(uri: &http::Uri) -> String {
    let host = uri.host().unwrap_or_default();
    uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands for the tunnel's error, whose type is not public: it is known by its words.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Said(&'static str, #[source] Option<io::Error>);

    #[test]
    fn what_lies_before_the_proxy_is_ours_and_what_lies_behind_it_is_the_targets() {
        let refused = || Some(io::Error::from(ErrorKind::ConnectionRefused));
        let reset = || Some(io::Error::from(ErrorKind::ConnectionReset));
        let cases = [
            ("https", "tunnel error: unsuccessful", None, NetFault::Connect),
            ("https", "tunnel error: proxy authorization required", None, NetFault::Local),
            ("https", "tunnel error: failed to create underlying connection", refused(), NetFault::Local),
            ("https", "connect", reset(), NetFault::Connect),
            ("http", "connect", refused(), NetFault::Local),
        ];
        let matcher = Matcher::builder().all("http://me:hunter2@proxy.example.org:3128").build();
        for (scheme, said, cause, fault) in cases {
            let uri = format!("{scheme}://hub.example.org/").parse().unwrap();
            let errand = Errand { sent: false, ..Errand::http(&uri, Some(&matcher)) };
            let seen = errand.failed(&Said(said, cause));
            assert_eq!(seen.fault, fault, "{scheme}, {said}: {seen}");
            assert!(seen.detail.contains("through proxy proxy.example.org:3128"), "{seen}");
            assert!(!seen.detail.contains("hunter2"), "{seen}");
        }
    }

    #[test]
    fn exhaustion_on_our_side_is_ours_wherever_it_shows() {
        for code in EXHAUSTED {
            let seen =
                Errand::connect("h", 1).failed(&Said("connect", Some(io::Error::from_raw_os_error(code))));
            assert_eq!(seen.fault, NetFault::Local, "{seen}");
        }
        let seen = Errand::body("h").failed(&io::Error::from(ErrorKind::AddrNotAvailable));
        assert_eq!(seen.fault, NetFault::Local, "{seen}");
    }
}
