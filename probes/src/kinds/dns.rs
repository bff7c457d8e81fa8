//! `dns`: a name resolves, and to what is expected.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::net::Lookup;
use crate::{Cadence, Cx, Kind, Outcome, Probe, Reason, Refused, Spec, Stage, exchange};

pub(super) const KIND: Kind = Kind::of::<DnsSpec>(
    "dns",
    "Asks the name system for a record and compares the answer.",
    &[Stage::Query],
    Cadence { every: Duration::from_secs(60), deadline: Duration::from_secs(10) },
    "host: hub.example.org
record: A
server: 192.0.2.53
expect:
  contains: [192.0.2.10]
",
)
.measuring(&["records_count"]);

const RECORDS: [&str; 10] = ["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "PTR", "SOA", "CAA"];
/// Answers kept as evidence.
const SHOWN: usize = 10;

/// A name must resolve; what to may be compared.
#[derive(Deserialize, JsonSchema)]
pub(super) struct DnsSpec {
    /// Name to ask for, or an address for `PTR`; default: the host of the target's URL.
    #[serde(default)]
    host: Option<String>,
    /// Record type: A, AAAA, CNAME, MX, NS, TXT, SRV, PTR, SOA or CAA.
    #[serde(default = "a")]
    record: String,
    /// Name server to ask, as an address with or without a port; default: the system's.
    #[serde(default)]
    server: Option<String>,
    /// What the answer must be; default: at least one record.
    #[serde(default)]
    expect: AnswerSpec,
}

/// Conditions on the answer. Records are written as in a zone file (`192.0.2.1`, `10 mail.example.org.`).
#[derive(Deserialize, JsonSchema, Default)]
struct AnswerSpec {
    /// Records that must all be among the answers.
    #[serde(default)]
    contains: Vec<String>,
    /// Every answer must be one of these.
    #[serde(default)]
    any_of: Vec<String>,
}

fn a() -> String {
    "A".to_owned()
}

impl Spec for DnsSpec {
    type Probe = Dns;

    fn build(self, target: &Url) -> Result<Dns, Vec<Refused>> {
        let mut refused = Vec::new();
        let name = self.host.or_else(|| target.host_str().map(str::to_owned)).unwrap_or_default();
        let record = self.record.to_uppercase();
        if name.trim().is_empty() {
            refused.push(Refused::new("host", "no name to ask for", "write a host name"));
        }
        if !RECORDS.contains(&record.as_str()) {
            let hint = format!("write one of {}", RECORDS.join(", "));
            refused.push(Refused::new("record", format!("{:?} cannot be asked for", self.record), hint));
        }
        let server =
            self.server.as_deref().map(server).transpose().map_err(|r| refused.push(r)).ok().flatten();
        let probe = Dns { lookup: Lookup { name, record, server }, expect: self.expect };
        if refused.is_empty() { Ok(probe) } else { Err(refused) }
    }
}

fn server(text: &str) -> Result<SocketAddr, Refused> {
    let alone = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    text.parse().or_else(|_| alone()).map_err(|_| {
        let hint = "write an address such as 192.0.2.53 or 192.0.2.53:5353";
        Refused::new("server", format!("{text:?} is not an address"), hint)
    })
}

pub(super) struct Dns {
    lookup: Lookup,
    expect: AnswerSpec,
}

#[async_trait]
impl Probe for Dns {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        cx.stage(Stage::Query);
        let answers = match cx.net().resolve(&self.lookup).await {
            Ok(answers) => answers,
            Err(error) => return exchange::failed(cx, &error),
        };
        cx.measure("records_count", answers.len() as f64);
        answers.iter().take(SHOWN).for_each(|answer| cx.line(answer));
        let Lookup { name, record, .. } = &self.lookup;
        if answers.is_empty() {
            return cx.failed(Reason::Dns, format!("{name} has no {record} record"));
        }
        let missing: Vec<_> = self.expect.contains.iter().filter(|w| !has(&answers, w)).cloned().collect();
        if !missing.is_empty() {
            let what = format!("{name}: expected {}, saw {}", missing.join(", "), shown(&answers));
            return cx.failed(Reason::Condition, what);
        }
        let strange: Vec<_> = answers.iter().filter(|a| !has(&self.expect.any_of, a)).cloned().collect();
        if !self.expect.any_of.is_empty() && !strange.is_empty() {
            let allowed = self.expect.any_of.join(", ");
            return cx.failed(
                Reason::Condition,
                format!("{name}: expected only {allowed}, saw {}", shown(&strange)),
            );
        }
        cx.passed()
    }
}

/// Names are equal whatever their case and whether or not they end in a dot; so are the quotes around a text.
fn has(records: &[String], wanted: &str) -> bool {
    let plain = |text: &str| text.trim_matches('"').trim_end_matches('.').to_lowercase();
    records.iter().any(|record| plain(record) == plain(wanted))
}

fn shown(records: &[String]) -> String {
    let first = records.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if records.len() > SHOWN { format!("{first} and {} more", records.len() - SHOWN) } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;
    use crate::net::script::{self, Play};

    fn build(settings: &str) -> Result<Dns, Vec<Refused>> {
        let spec: DnsSpec = serde_json::from_str(settings).unwrap();
        spec.build(&Url::parse("https://hub.example.org").unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_compared() {
        let two = || Play::Records(vec!["192.0.2.1".to_owned(), "Web.Example.org.".to_owned()]);
        let cases = [
            (two(), "{}", Verdict::Passed, None),
            (two(), r#"{"expect": {"contains": ["web.example.org"]}}"#, Verdict::Passed, None),
            (two(), r#"{"expect": {"contains": ["192.0.2.9"]}}"#, Verdict::Failed, Some(Reason::Condition)),
            (two(), r#"{"expect": {"any_of": ["192.0.2.1"]}}"#, Verdict::Failed, Some(Reason::Condition)),
            (Play::Records(vec![]), "{}", Verdict::Failed, Some(Reason::Dns)),
            (Play::NoName, "{}", Verdict::Failed, Some(Reason::Dns)),
            (Play::Ours, "{}", Verdict::Unknown, Some(Reason::Prober)),
        ];
        for (n, (play, settings, verdict, reason)) in cases.into_iter().enumerate() {
            let seen = script::run(&build(settings).unwrap(), play).await;
            assert_eq!((seen.verdict, seen.reason), (verdict, reason), "case {n}: {}", seen.summary);
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let refused = build(r#"{"host": "", "record": "ANY", "server": "ns.example.org"}"#).err().unwrap();
        let paths: Vec<_> = refused.iter().map(|r| r.path.as_str()).collect();
        assert_eq!(paths, ["host", "record", "server"]);
    }

    #[test]
    fn a_server_may_have_a_port() {
        assert_eq!(build(r#"{"server": "192.0.2.53"}"#).unwrap().lookup.server.unwrap().port(), 53);
        assert_eq!(build(r#"{"server": "[::1]:5353"}"#).unwrap().lookup.server.unwrap().port(), 5353);
    }
}
