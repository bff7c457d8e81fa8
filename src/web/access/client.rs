//! Where a request comes from: the client's address behind proxies, whether it is encrypted, and whose page sent it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName, header};
use ipnet::IpNet;
use url::Url;

use super::keeper::Keeper;

/// Where a request comes from. The address is for counting only: it is never logged, shown or kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Client {
    /// Of the client, not of a proxy in between.
    pub(super) address: IpAddr,
    /// As the client sees it.
    pub(super) https: bool,
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Client {
    /// Of a request; what it says of itself counts only if a trusted proxy says it.
    pub(super) fn of(keeper: &Keeper, extensions: &Extensions, headers: &HeaderMap) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        let trusted = peer.is_some_and(|peer| is_in(&keeper.proxies, peer));
        let address = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let https = keeper.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
        if !trusted {
            return Self { address, https };
        }
        // The first of several is what the client spoke to the outermost proxy.
        let proto = text(headers, &FORWARDED_PROTO).and_then(|all| all.split(',').next());
        let https = https || proto.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"));
        Self { address: behind(&keeper.proxies, address, headers), https }
    }
}

/// The last address of the chain that is no proxy of ours: those before it anybody may have written.
fn behind(proxies: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut last = peer;
    let lines: Vec<&str> =
        headers.get_all(&FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    for word in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = address(word.trim()) else { break };
        last = address;
        if !is_in(proxies, address) {
            break;
        }
    }
    last
}

/// An address, with or without a port.
fn address(word: &str) -> Option<IpAddr> {
    let bare = word.trim_start_matches('[').trim_end_matches(']');
    let bare = bare.parse().ok().or_else(|| word.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    bare.map(|address: IpAddr| address.to_canonical())
}

fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whose page sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// One of ours.
    Ours,
    /// Somebody else's.
    Other,
    /// The client does not say: no browser, or an old one.
    Unsaid,
}

/// Whose page sent a request, as the browser says: pages cannot make it lie.
pub(super) fn origin(keeper: &Keeper, headers: &HeaderMap) -> Origin {
    match text(headers, &FETCH_SITE) {
        Some("same-origin" | "none") => return Origin::Ours,
        Some(_) => return Origin::Other,
        None => {}
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Origin::Unsaid };
    let origin = origin.to_str().ok().and_then(|text| text.parse::<Url>().ok());
    let Some(authority) = origin.as_ref().and_then(authority) else { return Origin::Other };
    let host = text(headers, &header::HOST).map(str::to_ascii_lowercase);
    let public = keeper.public_url.as_ref().and_then(self::authority);
    if public.is_some_and(|ours| ours == authority) || host.is_some_and(|ours| ours == authority) {
        Origin::Ours
    } else {
        Origin::Other
    }
}

/// Host and port, the port only where it is not the scheme's own.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::config::access::Access;
    use crate::web::testing;

    fn keeper(proxies: &[&str], public_url: Option<&str>) -> Keeper {
        let access = Access {
            trusted_proxies: proxies.iter().map(|p| p.parse().unwrap()).collect(),
            ..Access::default()
        };
        Keeper::new(&access, public_url.map(|url| url.parse().unwrap()).as_ref(), testing::no_net())
    }

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_trusted_proxies_are_believed_about_who_asks() {
        let keeper = keeper(&["10.0.0.0/8", "fd00::/8"], None);
        for (peer, lines, expected) in [
            ("192.0.2.1:9", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1:9", &[], "10.0.0.1"),
            ("10.0.0.1:9", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1:9", &["1.2.3.4, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1:9", &["1.2.3.4", "198.51.100.7, 10.9.9.9"], "198.51.100.7"),
            ("10.0.0.1:9", &["198.51.100.7:4711, 10.9.9.9"], "198.51.100.7"),
            ("10.0.0.1:9", &["198.51.100.7, nonsense"], "10.0.0.1"),
            ("[fd00::1]:9", &["[2001:db8::7]"], "2001:db8::7"),
            ("[::ffff:10.0.0.1]:9", &["::ffff:198.51.100.7"], "198.51.100.7"),
        ] {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            let lines: Vec<_> = lines.iter().map(|line| (FORWARDED_FOR, *line)).collect();
            let client = Client::of(&keeper, &extensions, &headers(&lines));
            assert_eq!(client.address.to_string(), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn it_is_encrypted_if_the_address_or_a_trusted_proxy_says_so() {
        for (public, peer, proto, expected) in [
            (None, "10.0.0.1:9", Some("https"), true),
            (None, "10.0.0.1:9", Some("HTTPS, http"), true),
            (None, "10.0.0.1:9", Some("http"), false),
            (None, "192.0.2.1:9", Some("https"), false),
            (Some("https://watch.example/"), "192.0.2.1:9", None, true),
            (Some("http://watch.example/"), "192.0.2.1:9", None, false),
        ] {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            let lines: Vec<_> = proto.into_iter().map(|proto| (FORWARDED_PROTO, proto)).collect();
            let client = Client::of(&keeper(&["10.0.0.0/8"], public), &extensions, &headers(&lines));
            assert_eq!(client.https, expected, "{public:?} {peer} {proto:?}");
        }
    }

    #[test]
    fn a_browser_says_whose_page_it_was() {
        let keeper = keeper(&[], Some("https://watch.example/base/"));
        let site = |said| (FETCH_SITE, said);
        let from = |said| (header::ORIGIN, said);
        let host = |said| (header::HOST, said);
        for (lines, expected) in [
            (vec![], Origin::Unsaid),
            (vec![site("same-origin")], Origin::Ours),
            (vec![site("none")], Origin::Ours),
            (vec![site("same-site")], Origin::Other),
            (vec![site("cross-site")], Origin::Other),
            (vec![site("cross-site"), from("https://watch.example")], Origin::Other),
            (vec![from("https://watch.example")], Origin::Ours),
            (vec![from("http://127.0.0.1:8480"), host("127.0.0.1:8480")], Origin::Ours),
            (vec![from("https://evil.example"), host("watch.example")], Origin::Other),
            (vec![from("https://watch.example.evil.example")], Origin::Other),
            (vec![from("https://watch.example:444")], Origin::Other),
            (vec![from("null")], Origin::Other),
        ] {
            assert_eq!(origin(&keeper, &headers(&lines)), expected, "{lines:?}");
        }
    }
}
