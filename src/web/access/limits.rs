//! How often one client may try: a bucket of tokens for each, in memory, of bounded number, never logged.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use tokio::time::Instant;

/// Clients that are told apart at most; when there are more, those that come last share a bucket.
const CLIENTS: usize = 10_000;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attempt {
    /// To sign in.
    SignIn,
    /// To come in with a wrong token.
    Token,
    /// To be sent mails.
    Subscribe,
    /// To tell how something of theirs stands.
    Ping,
    /// To change anything else.
    Command,
}

impl Attempt {
    /// What a request tries; `None` for those that are not counted.
    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        match path {
            _ if path.starts_with("/ping/") || path.starts_with("/hooks/") => Some(Self::Ping),
            "/sign-in" if reads => None,
            _ if path == "/sign-in" || path.starts_with("/sign-in/") => Some(Self::SignIn),
            _ if reads => None,
            _ if path.starts_with("/subscribe") => Some(Self::Subscribe),
            // Counted by token: many agents may have one address.
            _ if path.starts_with("/api/v1/agent/") || path == "/api/v1/observations" => None,
            _ => Some(Self::Command),
        }
    }

    /// Attempts that may come at once, and the time after which there is one more.
    const fn rate(self) -> (f64, f64) {
        match self {
            Self::SignIn | Self::Subscribe => (10.0, 6.0),
            Self::Command | Self::Token => (120.0, 0.5),
            // A whole cluster may share an address, and all its jobs begin on the hour.
            Self::Ping => (600.0, 0.1),
        }
    }
}

struct Bucket {
    left: f64,
    at: Instant,
}

/// The buckets.
#[derive(Default)]
pub(super) struct Limits(Mutex<BTreeMap<(Attempt, IpAddr), Bucket>>);

impl Limits {
    /// Takes an attempt out of the client's bucket.
    ///
    /// # Errors
    /// None is left: how long until there is one.
    pub(super) fn take(&self, attempt: Attempt, client: IpAddr) -> Result<(), Duration> {
        let (most, seconds) = attempt.rate();
        let now = Instant::now();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (attempt, network(client));
        if buckets.len() >= CLIENTS && !buckets.contains_key(&key) {
            buckets.retain(|(attempt, _), bucket| filled(*attempt, bucket, now) < attempt.rate().0);
            if buckets.len() >= CLIENTS {
                key.1 = IpAddr::V4(Ipv4Addr::BROADCAST);
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { left: most, at: now });
        (bucket.left, bucket.at) = (filled(attempt, bucket, now), now);
        if bucket.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.left) * seconds));
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

fn filled(attempt: Attempt, bucket: &Bucket, now: Instant) -> f64 {
    let (most, seconds) = attempt.rate();
    (bucket.left + now.saturating_duration_since(bucket.at).as_secs_f64() / seconds).min(most)
}

/// Who has an address of the sixth version has a whole network of them.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn ten_at_once_and_then_one_every_six_seconds() {
        let limits = Limits::default();
        let try_it = |address: &str| limits.take(Attempt::SignIn, ip(address));
        assert!((0..10).all(|_| try_it("192.0.2.1").is_ok()));
        assert_eq!(try_it("192.0.2.1").unwrap_err().as_secs_f64().ceil(), 6.0);
        assert!(try_it("192.0.2.2").is_ok(), "another client");
        assert!(limits.take(Attempt::Command, ip("192.0.2.1")).is_ok(), "another attempt");
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(try_it("192.0.2.1").is_ok());
        assert!(try_it("192.0.2.1").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_whole_network_of_the_sixth_version_is_one_client() {
        let limits = Limits::default();
        let taken = (0..20).filter(|n| limits.take(Attempt::SignIn, ip(&format!("2001:db8::{n}"))).is_ok());
        assert_eq!(taken.count(), 10);
        assert!(limits.take(Attempt::SignIn, ip("2001:db8:0:1::1")).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_clients_takes_bounded_memory_and_shuts_nobody_out_for_long() {
        let limits = Limits::default();
        for number in 0..50_000_u32 {
            let _ = limits.take(Attempt::SignIn, Ipv4Addr::from_bits(number).into());
        }
        assert!(limits.0.lock().unwrap().len() <= CLIENTS + 1);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(limits.take(Attempt::SignIn, ip("203.0.113.9")).is_ok());
    }

    #[test]
    fn what_reads_is_not_counted() {
        for (method, path, expected) in [
            (Method::GET, "/", None),
            (Method::GET, "/sign-in", None),
            (Method::POST, "/sign-in", Some(Attempt::SignIn)),
            (Method::GET, "/sign-in/oidc/callback", Some(Attempt::SignIn)),
            (Method::POST, "/subscribe", Some(Attempt::Subscribe)),
            (Method::POST, "/api/v1/silences", Some(Attempt::Command)),
            (Method::POST, "/api/v1/agent/report", None),
            (Method::POST, "/api/v1/observations", None),
            (Method::DELETE, "/api/v1/silences/x", Some(Attempt::Command)),
            (Method::GET, "/ping/key", Some(Attempt::Ping)),
            (Method::POST, "/hooks/alertmanager/key", Some(Attempt::Ping)),
        ] {
            assert_eq!(Attempt::of(&method, path), expected, "{method} {path}");
        }
    }
}
