//! `prometheus`: questions to a Prometheus API, each answer a measurement.

mod answer;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use self::answer::Mute;
use super::metrics::{is_measurement, openly};
use crate::{Cadence, Cx, Kind, NetError, Outcome, Probe, Reason, Refused, Spec, Stage, exchange, target};

pub(super) const KIND: Kind = Kind::of::<PrometheusSpec>(
    "prometheus",
    "Asks a Prometheus for numbers: each query is a measurement.",
    &[Stage::Resolve, Stage::Connect, Stage::Tls, Stage::FirstByte, Stage::Body],
    Cadence { every: Duration::from_secs(60), deadline: Duration::from_secs(25) },
    "queries:
  user_pods: sum(kube_pod_status_phase{namespace=\"prod\", phase=\"Running\"})
",
)
.measuring(&["*"]);

/// Queries at most.
const MOST_QUERIES: usize = 50;
/// Longest query: it stands in the address.
const LONGEST_QUERY: usize = 4000;
/// Queries asked at once.
const AT_ONCE: usize = 4;
/// Largest answer that is read: it should hold one sample.
const LARGEST: usize = 1 << 20;

/// Queries (PromQL) that give one number each. A query without any result leaves its measurement out; what Prometheus
/// refuses or cannot answer makes the run `unknown`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PrometheusSpec {
    /// Where the Prometheus is; default: the target's URL. Given, it is only a witness: when it cannot be reached nothing is
    /// known, and the target is not accused.
    #[serde(default)]
    url: Option<String>,
    /// A token, sent as `Authorization: Bearer`.
    #[serde(default)]
    #[schemars(with = "Option<SecretText>")]
    api_token: Option<SecretString>,
    /// Name of the measurement and query.
    queries: BTreeMap<String, String>,
}

/// Tells the config layer that a value may be a reference to a secret.
#[derive(JsonSchema)]
#[schemars(inline, extend("format" = "secret"))]
#[expect(dead_code, reason = "only its schema is used")]
struct SecretText(String);

impl Spec for PrometheusSpec {
    type Probe = Prometheus;

    fn build(self, target: &Url) -> Result<Prometheus, Vec<Refused>> {
        let mut refused = Vec::new();
        if self.queries.is_empty() || self.queries.len() > MOST_QUERIES {
            let what = format!("{} queries; there must be 1 to {MOST_QUERIES}", self.queries.len());
            refused.push(Refused::new("queries", what, "write `name: query`"));
        }
        for (name, query) in &self.queries {
            let at = format!("queries.{name}");
            if !is_measurement(name) {
                let hint = "small letters, digits and `_`, at most 64";
                refused.push(Refused::new(&at, format!("{name:?} cannot be a measurement"), hint));
            }
            if query.trim().is_empty() || query.len() > LONGEST_QUERY {
                let hint = "a long one is better a recording rule";
                let what = format!("{} characters; there must be 1 to {LONGEST_QUERY}", query.len());
                refused.push(Refused::new(&at, what, hint));
            }
        }
        let page = match &self.url {
            Some(text) => openly(text),
            None => Ok(target.clone()),
        };
        let page =
            page.and_then(|url| target::under(&url, "api/v1/query").map_err(|e| format!("{url}: {e}")));
        let page = page.map_err(|what| {
            refused.push(Refused::new("url", what, "write https://host/ without a password"));
        });
        match page {
            Ok(page) if refused.is_empty() => Ok(Prometheus {
                page,
                witness: self.url.is_some(),
                token: self.api_token,
                queries: self.queries.into_iter().collect(),
            }),
            _ => Err(refused),
        }
    }
}

pub(super) struct Prometheus {
    page: Url,
    /// It is not the target that is asked.
    witness: bool,
    token: Option<SecretString>,
    queries: Vec<(String, String)>,
}

/// Why a query has no answer.
enum Failure {
    Net(NetError),
    Silent,
    Mute(Mute),
}

#[async_trait]
impl Probe for Prometheus {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        if let Some(token) = &self.token {
            cx.hide(token.expose_secret());
        }
        // Time is left to say what was not answered.
        let limit = cx.remaining().mul_f64(0.9);
        let answers = self.ask_all(cx, limit).await;
        let mut failure = None;
        for ((name, _), answer) in self.queries.iter().zip(answers) {
            match answer {
                Ok(Some(value)) => cx.measure(name.clone(), value),
                Ok(None) => {}
                Err(why) => {
                    if let Failure::Mute(mute) = &why {
                        cx.line(&format!("{name}: {}", mute.what));
                    }
                    failure.get_or_insert((name, why));
                }
            }
        }
        match failure {
            Some((name, why)) => self.unanswered(cx, name, why),
            None => cx.passed(),
        }
    }
}

impl Prometheus {
    /// The first question shows the stages; the others follow only if there is somebody who answers.
    async fn ask_all(&self, cx: &mut Cx, limit: Duration) -> Vec<Result<Option<f64>, Failure>> {
        let end = tokio::time::Instant::now() + limit;
        let request = |(_, query): &(String, String)| {
            let mut url = self.page.clone();
            url.query_pairs_mut().append_pair("query", query);
            exchange::question(cx, &url, "application/json", self.token.as_ref())
        };
        let requests: Vec<_> = self.queries.iter().map(request).collect();
        let mut requests = requests.into_iter();
        let mut answers = Vec::new();
        if let Some(request) = requests.next() {
            let answer = async {
                let response = exchange::send(cx, request?).await?;
                cx.stage(Stage::Body);
                let status = response.status;
                Ok((status, response.read(LARGEST).await?))
            };
            answers.push(read(tokio::time::timeout_at(end, answer).await));
        }
        if matches!(answers.first(), Some(Err(Failure::Net(_) | Failure::Silent))) {
            return answers;
        }
        let net = cx.net();
        let more = futures::stream::iter(requests).map(|request| {
            let net = &net;
            async move {
                let answer = async {
                    let response = net.send(request?).await?;
                    let status = response.status;
                    Ok((status, response.read(LARGEST).await?))
                };
                read(tokio::time::timeout_at(end, answer).await)
            }
        });
        answers.extend(more.buffered(AT_ONCE).collect::<Vec<_>>().await);
        answers
    }

    fn unanswered(&self, cx: &mut Cx, name: &str, why: Failure) -> Outcome {
        match why {
            Failure::Mute(mute) => cx.unknown(mute.reason, format!("Prometheus on `{name}`: {}", mute.what)),
            Failure::Net(error) if self.witness => cx.unknown(error.reason(), &error.detail),
            Failure::Net(error) => exchange::failed(cx, &error),
            Failure::Silent if self.witness => {
                cx.unknown(Reason::Timeout, "Prometheus did not answer in time")
            }
            Failure::Silent => cx.timed_out(),
        }
    }
}

type Heard = Result<Result<(http::StatusCode, bytes::Bytes), NetError>, tokio::time::error::Elapsed>;

fn read(heard: Heard) -> Result<Option<f64>, Failure> {
    match heard {
        Ok(Ok((status, body))) => answer::read(status, &body).map_err(Failure::Mute),
        Ok(Err(error)) => Err(Failure::Net(error)),
        Err(_) => Err(Failure::Silent),
    }
}

#[cfg(test)]
mod tests;
