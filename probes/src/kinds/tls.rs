//! `tls`: the certificate is trusted, covers the names, and lasts.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::net::{Certificate, Chain};
use crate::{Cadence, Cx, Kind, Outcome, Probe, Reason, Refused, Spec, Stage, exchange, target};

pub(super) const KIND: Kind = Kind::of::<TlsSpec>(
    "tls",
    "Makes a TLS handshake and looks at the certificate: trusted, for the right names, not about to end.",
    &[Stage::Resolve, Stage::Connect, Stage::Tls],
    Cadence { every: Duration::from_secs(3600), deadline: Duration::from_secs(10) },
    "warn_days: 21\nfail_days: 3\n",
)
.measuring(&["certificate_left_seconds"]);

/// The certificate chain must be trusted, be for the names and not end soon. Proxies are not used.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TlsSpec {
    /// Host name; default: the host of the target's URL.
    #[serde(default)]
    host: Option<String>,
    /// Port; default: the port of the target's URL.
    #[serde(default)]
    port: Option<u16>,
    /// Degraded when a certificate of the chain ends within so many days.
    #[serde(default = "three_weeks")]
    warn_days: u32,
    /// Failed when a certificate of the chain ends within so many days.
    #[serde(default = "three_days")]
    fail_days: u32,
    /// Further names that the certificate must be for, such as `*.example.org`.
    #[serde(default)]
    names: Vec<String>,
    /// Accept a chain that is not trusted here (a private authority), as long as names and dates are right.
    #[serde(default)]
    allow_untrusted: bool,
}

fn three_weeks() -> u32 {
    21
}

fn three_days() -> u32 {
    3
}

impl Spec for TlsSpec {
    type Probe = Tls;

    fn build(self, url: &Url) -> Result<Tls, Vec<Refused>> {
        let mut refused = Vec::new();
        let place =
            target::host_and_port(self.host, self.port, url).map_err(|more| refused.extend(more)).ok();
        if self.fail_days > self.warn_days {
            let what = format!("fail_days ({}) is more than warn_days ({})", self.fail_days, self.warn_days);
            refused.push(Refused::new("fail_days", what, "warn earlier than you fail"));
        }
        match place {
            Some((host, port)) if refused.is_empty() => Ok(Tls {
                host,
                port,
                warn_days: self.warn_days,
                fail_days: self.fail_days,
                names: self.names,
                allow_untrusted: self.allow_untrusted,
            }),
            _ => Err(refused),
        }
    }
}

pub(super) struct Tls {
    host: String,
    port: u16,
    warn_days: u32,
    fail_days: u32,
    names: Vec<String>,
    allow_untrusted: bool,
}

#[async_trait]
impl Probe for Tls {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        match exchange::certificate(cx, &self.host, self.port).await {
            Ok(chain) => self.judge(cx, &chain),
            Err(error) => exchange::failed(cx, &error),
        }
    }
}

impl Tls {
    fn judge(&self, cx: &mut Cx, chain: &Chain) -> Outcome {
        let host = &self.host;
        let Some(leaf) = chain.certificates.first() else {
            return cx.failed(Reason::Tls, format!("{host} shows no certificate"));
        };
        describe(cx, chain, leaf);
        // The chain is as good as the one of its certificates that ends first.
        let ends = chain.certificates.iter().map(|c| c.not_after).min().unwrap_or(leaf.not_after);
        let left = ends.duration_since(cx.now()).as_secs_f64();
        cx.measure("certificate_left_seconds", left);
        if left <= 0.0 {
            return cx.failed(Reason::Tls, format!("the certificate of {host} has expired: {}", day(ends)));
        }
        if leaf.not_before > cx.now() {
            let from = day(leaf.not_before);
            return cx.failed(Reason::Tls, format!("the certificate of {host} is valid only from {from}"));
        }
        let uncovered: Vec<_> =
            std::iter::once(host).chain(&self.names).filter(|n| !covers(&leaf.names, n)).cloned().collect();
        if !uncovered.is_empty() {
            let what = format!("the certificate is for {}, not for {}", list(&leaf.names), list(&uncovered));
            return cx.failed(Reason::Tls, what);
        }
        if let Some(problem) = chain.problem.as_ref().filter(|_| !self.allow_untrusted) {
            return cx.failed(Reason::Tls, format!("{host}: {problem}"));
        }
        let days = left / 86_400.0;
        let soon = format!("the certificate of {host} ends in {days:.1} days, on {}", day(ends));
        if days < f64::from(self.fail_days) {
            return cx.failed(Reason::CertificateExpiring, soon);
        }
        if days < f64::from(self.warn_days) {
            return cx.degraded(Reason::CertificateExpiring, soon);
        }
        cx.passed()
    }
}

fn describe(cx: &mut Cx, chain: &Chain, leaf: &Certificate) {
    cx.fact("issuer", &leaf.issuer);
    cx.fact("certificate_ends", &day(leaf.not_after));
    if let Some(protocol) = &chain.protocol {
        cx.fact("protocol", protocol);
    }
    // A sane chain has two to four; a flood of them must not fill the evidence.
    for certificate in chain.certificates.iter().take(6) {
        cx.line(&format!(
            "{} (issued by {}) until {}",
            certificate.subject,
            certificate.issuer,
            day(certificate.not_after)
        ));
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn list(names: &[String]) -> String {
    match names {
        [] => "no name".to_owned(),
        few if few.len() <= 8 => few.join(", "),
        [first, ..] => format!("{first} and {} more", names.len() - 1),
    }
}

/// Whether a certificate's names cover a name; a star stands for one label, and the same star is covered by itself.
fn covers(names: &[String], wanted: &str) -> bool {
    let wanted = wanted.trim_end_matches('.').trim_matches(['[', ']']);
    names.iter().any(|name| {
        name.eq_ignore_ascii_case(wanted)
            || name.strip_prefix("*.").zip(wanted.split_once('.')).is_some_and(|(domain, (label, rest))| {
                domain.eq_ignore_ascii_case(rest)
                    && !label.is_empty()
                    && wanted.parse::<std::net::IpAddr>().is_err()
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;
    use crate::net::Timing;
    use crate::net::script::{self, NOW, Play};

    fn chain(left_days: i64, problem: Option<&str>) -> Chain {
        let now: Timestamp = NOW.parse().unwrap();
        let leaf = Certificate {
            subject: "CN=hub.example.org".to_owned(),
            issuer: "CN=Test Authority".to_owned(),
            names: vec!["hub.example.org".to_owned(), "*.user.example.org".to_owned()],
            not_before: now - jiff::SignedDuration::from_hours(24),
            not_after: now + jiff::SignedDuration::from_hours(24 * left_days),
        };
        Chain {
            certificates: vec![leaf],
            problem: problem.map(str::to_owned),
            timing: Timing::default(),
            protocol: None,
        }
    }

    fn probe(settings: &str) -> Tls {
        let spec: TlsSpec = serde_json::from_str(settings).unwrap();
        spec.build(&Url::parse("https://hub.example.org").unwrap()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn the_days_left_names_and_trust_decide() {
        let cases = [
            (chain(60, None), "{}", Verdict::Passed, None),
            (chain(20, None), "{}", Verdict::Degraded, Some(Reason::CertificateExpiring)),
            (chain(2, None), "{}", Verdict::Failed, Some(Reason::CertificateExpiring)),
            (chain(-1, Some("the certificate has expired")), "{}", Verdict::Failed, Some(Reason::Tls)),
            (chain(60, Some("not trusted")), "{}", Verdict::Failed, Some(Reason::Tls)),
            (chain(60, Some("not trusted")), r#"{"allow_untrusted": true}"#, Verdict::Passed, None),
            (chain(60, None), r#"{"names": ["x.user.example.org"]}"#, Verdict::Passed, None),
            (chain(60, None), r#"{"names": ["a.b.user.example.org"]}"#, Verdict::Failed, Some(Reason::Tls)),
            (chain(60, None), r#"{"host": "other.org"}"#, Verdict::Failed, Some(Reason::Tls)),
        ];
        for (n, (chain, settings, verdict, reason)) in cases.into_iter().enumerate() {
            let seen = script::run(&probe(settings), Play::Chain(chain)).await;
            assert_eq!((seen.verdict, seen.reason), (verdict, reason), "case {n}: {}", seen.summary);
            assert!(seen.measurements.iter().any(|m| m.name == "certificate_left_seconds"), "case {n}");
        }
    }

    #[test]
    fn failing_earlier_than_warning_is_refused() {
        let spec: TlsSpec = serde_json::from_str(r#"{"warn_days": 3, "fail_days": 21}"#).unwrap();
        let refused = spec.build(&Url::parse("https://h").unwrap()).err().unwrap();
        assert_eq!(refused[0].path, "fail_days");
    }
}
