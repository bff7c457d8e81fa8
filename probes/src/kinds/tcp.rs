//! `tcp`: a port takes connections.

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::{Cadence, Cx, Kind, Outcome, Probe, Refused, Spec, Stage, exchange, target};

pub(super) const KIND: Kind = Kind::of::<TcpSpec>(
    "tcp",
    "Opens a TCP connection and closes it again.",
    &[Stage::Resolve, Stage::Connect],
    Cadence { every: Duration::from_secs(30), deadline: Duration::from_secs(10) },
    "host: registry.example.org\nport: 5000\n",
);

/// Whether a port takes connections. Nothing is sent.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TcpSpec {
    /// Host name or address; default: the host of the target's URL.
    host: Option<String>,
    /// Port; default: the port of the target's URL.
    port: Option<u16>,
}

impl Spec for TcpSpec {
    type Probe = Tcp;

    fn build(self, url: &Url) -> Result<Tcp, Vec<Refused>> {
        let (host, port) = target::host_and_port(self.host, self.port, url)?;
        Ok(Tcp { host, port })
    }
}

pub(super) struct Tcp {
    host: String,
    port: u16,
}

#[async_trait]
impl Probe for Tcp {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        match exchange::connect(cx, &self.host, self.port).await {
            Ok(_) => cx.passed(),
            Err(error) => exchange::failed(cx, &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::script::{self, Play};
    use crate::{Reason, Verdict};

    #[test]
    fn host_and_port_come_from_the_target_unless_said_otherwise() {
        let build = |settings| {
            let spec: TcpSpec = serde_json::from_value(settings).unwrap();
            spec.build(&Url::parse("https://hub.example.org/x").unwrap()).map(|t| (t.host, t.port))
        };
        assert_eq!(build(serde_json::json!({})).unwrap(), ("hub.example.org".to_owned(), 443));
        let own = serde_json::json!({"host": "192.0.2.7", "port": 22});
        assert_eq!(build(own).unwrap(), ("192.0.2.7".to_owned(), 22));
        let bad = serde_json::json!({"host": "", "port": 0});
        let paths: Vec<_> = build(bad).unwrap_err().into_iter().map(|r| r.path).collect();
        assert_eq!(paths, ["host", "port"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_connection_fails_in_its_stage() {
        let probe = Tcp { host: "h".to_owned(), port: 1 };
        let seen = script::run(&probe, Play::Refuse).await;
        assert_eq!((seen.verdict, seen.reason), (Verdict::Failed, Some(Reason::Connect)));
        assert_eq!(seen.failed_stage, Some(Stage::Connect));
        assert_eq!(script::run(&probe, Play::Answer(vec![])).await.verdict, Verdict::Passed);
    }
}
