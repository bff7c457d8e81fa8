//! What settings take from the URL of their target: host and port, and pages under it.

use url::Url;

use crate::Refused;

/// Host and port as given, else those of the target.
///
/// # Errors
/// An empty host, port 0, or a target without them.
pub(crate) fn host_and_port(
    host: Option<String>,
    port: Option<u16>,
    target: &Url,
) -> Result<(String, u16), Vec<Refused>> {
    let mut refused = Vec::new();
    let host = host.or_else(|| target.host_str().map(str::to_owned)).unwrap_or_default();
    if host.trim().is_empty() || host.contains(['/', ' ']) {
        refused.push(Refused::new(
            "host",
            format!("{host:?} is not a host"),
            "write a name or an address without scheme and path, such as hub.example.org",
        ));
    }
    let port = port.or_else(|| target.port_or_known_default()).unwrap_or_default();
    if port == 0 {
        refused.push(Refused::new("port", "no port to connect to", "write a port from 1 to 65535"));
    }
    if refused.is_empty() { Ok((host, port)) } else { Err(refused) }
}

/// A page under the target: `health` and `/health` under `https://h/binder` are both `https://h/binder/health`.
pub(crate) fn under(target: &Url, path: &str) -> Result<Url, url::ParseError> {
    let mut base = target.clone();
    base.set_query(None);
    base.set_fragment(None);
    if !base.path().ends_with('/') {
        let folder = format!("{}/", base.path());
        base.set_path(&folder);
    }
    // A leading `./` keeps a path with a colon from being read as a scheme.
    base.join(&format!("./{}", path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_stand_under_the_path_of_the_target() {
        let cases = [
            ("https://h", "health", "https://h/health"),
            ("https://h/binder", "/health", "https://h/binder/health"),
            ("https://h/binder/?x=1#y", "health?a=b", "https://h/binder/health?a=b"),
            ("https://h/", "a:b", "https://h/a:b"),
            ("https://h/", "", "https://h/"),
        ];
        for (target, path, expected) in cases {
            assert_eq!(under(&Url::parse(target).unwrap(), path).unwrap().as_str(), expected);
        }
    }
}
