//! Cookies: how they are called, set, read and taken away.

use axum::http::{HeaderMap, HeaderValue, header};

use super::client::Client;

/// A cookie of ours.
#[derive(Clone, Copy)]
pub(super) enum Cookie {
    /// Who has signed in.
    Session,
    /// A sign-in elsewhere that is under way.
    Flow,
}

impl Cookie {
    /// Its name. Encrypted, the name itself makes browsers refuse one that somebody else set: at the root of a host
    /// `__Host-` (only this very host can), below a path `__Secure-`, for `__Host-` would hand it to all paths of the
    /// host, and behind a hub other people's servers live there.
    pub(super) fn name(self, client: &Client, base: &str) -> String {
        let name = match self {
            Self::Session => "launchwatch",
            Self::Flow => "launchwatch-flow",
        };
        let prefix = match (client.https, base.is_empty()) {
            (true, true) => "__Host-",
            (true, false) => "__Secure-",
            (false, _) => "",
        };
        format!("{prefix}{name}")
    }

    /// The header that sets it for so many seconds; 0 takes it away.
    pub(super) fn set(self, client: &Client, base: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
        let (name, path) = (self.name(client, base), if base.is_empty() { "/" } else { base });
        let secure = if client.https { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::from_str(&text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// What a request brings of it. Of several with the same name none is believed.
    pub(super) fn read(self, client: &Client, base: &str, headers: &HeaderMap) -> Option<String> {
        let name = self.name(client, base);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(theirs, _)| *theirs == name).map(|(_, value)| value);
        let first = values.next()?;
        values.all(|other| other == first).then(|| first.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_cookie_is_as_narrow_as_the_way_to_it() {
        for (https, base, expected) in [
            (false, "", "launchwatch=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"),
            (true, "", "__Host-launchwatch=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"),
            (
                true,
                "/services/watch",
                "__Secure-launchwatch=v; Path=/services/watch; Max-Age=60; HttpOnly; SameSite=Lax; Secure",
            ),
            (false, "/watch", "launchwatch=v; Path=/watch; Max-Age=60; HttpOnly; SameSite=Lax"),
        ] {
            let client = Client { address: Ipv4Addr::LOCALHOST.into(), https };
            let set = Cookie::Session.set(&client, base, "v", 60).unwrap();
            assert_eq!(set.to_str().unwrap(), expected);
            assert!(set.is_sensitive());
        }
    }

    #[test]
    fn encrypted_only_the_name_that_nobody_else_can_set_is_read() {
        let client = Client { address: Ipv4Addr::LOCALHOST.into(), https: true };
        for (line, expected) in [
            ("__Host-launchwatch=a", Some("a")),
            ("x=1; __Host-launchwatch=a; y=2", Some("a")),
            ("launchwatch=a", None),
            ("__Host-launchwatch=a; __Host-launchwatch=b", None),
            ("__Host-launchwatch-flow=a", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(line));
            assert_eq!(Cookie::Session.read(&client, "", &headers).as_deref(), expected, "{line}");
        }
    }
}
