//! `metrics`: figures of a Prometheus text page, such as those of BinderHub and the Hub.

mod figure;
mod memory;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use self::figure::Figure;
pub(super) use self::figure::is_measurement;
use self::memory::Memory;
use self::text::Page;
pub(super) use self::text::number;
use crate::{Cadence, Cx, Kind, Outcome, Probe, Reason, Refused, Spec, Stage, exchange, target};

pub(super) const KIND: Kind = Kind::of::<MetricsSpec>(
    "metrics",
    "Reads a page of Prometheus metrics and keeps some of its figures: what real users see, beside our own launches.",
    &[Stage::Resolve, Stage::Connect, Stage::Tls, Stage::FirstByte, Stage::Body],
    Cadence { every: Duration::from_secs(60), deadline: Duration::from_secs(15) },
    "figures:
  - name: real_launches
    metric: binderhub_launch_time_seconds_count
    labels: { status: success|failure }
    as: increase
",
)
.measuring(&[
    "real_launches",
    "real_launch_success_ratio",
    "real_first_try_ratio",
    "real_builds",
    "real_build_success_ratio",
    "inprogress_builds",
    "inprogress_launches",
    "github_rate_left",
    "hub_running_servers",
    "hub_event_loop_p99_seconds",
    "*",
]);

/// Largest page that is read.
const LARGEST: usize = 6 << 20;
/// Figures at most.
const MOST_FIGURES: usize = 100;

/// A page of metrics (Prometheus text or OpenMetrics). Counters count as their increase since the run before, so the first
/// run after a start tells only what is so at the moment.
#[derive(Deserialize, JsonSchema)]
pub(super) struct MetricsSpec {
    /// Absolute URL of the page; default: `metrics` under the target's URL. The Hub's is `/hub/api/metrics`.
    #[serde(default)]
    url: Option<String>,
    /// A token, sent as `Authorization: Bearer`: the Hub's page wants one with the scope `read:metrics`.
    #[serde(default)]
    #[schemars(with = "Option<SecretText>")]
    api_token: Option<SecretString>,
    /// What is kept. Left out: what is known of BinderHub's and the Hub's pages, as far as it is there.
    #[serde(default)]
    figures: Option<Vec<FigureSpec>>,
}

/// Tells the config layer that a value may be a reference to a secret.
#[derive(JsonSchema)]
#[schemars(inline, extend("format" = "secret"))]
#[expect(dead_code, reason = "only its schema is used")]
struct SecretText(String);

/// One figure: a measurement from all series of a metric with these labels, summed up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FigureSpec {
    /// Name of the measurement.
    name: String,
    /// Name of the metric as it stands on the page; of a histogram without `_bucket` for a quantile.
    metric: String,
    /// Values that labels must have; `a|b` for one of several.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// What becomes of it.
    #[serde(default, rename = "as")]
    makes: As,
    /// For a ratio: the labels of the whole, of which the above is the part.
    #[serde(default)]
    of_labels: BTreeMap<String, String>,
    /// For a ratio: the metric of the whole, if it is another.
    #[serde(default)]
    of_metric: Option<String>,
    /// For a ratio or a quantile: left out when fewer than this came together since the run before.
    #[serde(default)]
    least: Option<f64>,
    /// For a quantile: which, such as 0.99 (the default).
    #[serde(default)]
    quantile: Option<f64>,
}

/// What becomes of the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum As {
    /// The number as it stands there.
    #[default]
    Value,
    /// How much a counter grew since the run before.
    Increase,
    /// The same for each second.
    Rate,
    /// The increase as a part of the increase of the whole (`of_labels`, `of_metric`).
    Ratio,
    /// A quantile of what a histogram counted since the run before.
    Quantile,
}

impl Spec for MetricsSpec {
    type Probe = Metrics;

    fn build(self, url: &Url) -> Result<Metrics, Vec<Refused>> {
        let mut refused = Vec::new();
        let page = match &self.url {
            Some(text) => openly(text),
            None => target::under(url, "metrics").map_err(|e| format!("target {url}: {e}")),
        };
        let page = page
            .map_err(|what| {
                refused.push(Refused::new("url", what, "write https://host/path without a password"))
            })
            .ok();
        let figures = match self.figures {
            None => figure::known(),
            Some(specs) => chosen(specs).map_err(|more| refused.extend(more)).unwrap_or_default(),
        };
        match page {
            Some(page) if refused.is_empty() => {
                let wanted = figures.iter().flat_map(Figure::reads).collect();
                Ok(Metrics { page, token: self.api_token, figures, wanted, memory: Mutex::default() })
            }
            _ => Err(refused),
        }
    }
}

/// An address without secrets in it, as written in settings.
pub(super) fn openly(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!("{text:?}: {e}"))?;
    let secret = !url.username().is_empty() || url.password().is_some();
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || secret {
        return Err("is no address that can be asked openly over HTTP".to_owned());
    }
    Ok(url)
}

fn chosen(specs: Vec<FigureSpec>) -> Result<Vec<Figure>, Vec<Refused>> {
    let mut refused = Vec::new();
    if specs.is_empty() || specs.len() > MOST_FIGURES {
        let what = format!("{} figures; there must be 1 to {MOST_FIGURES}", specs.len());
        refused.push(Refused::new(
            "figures",
            what,
            "leave `figures` out for what is known of BinderHub and the Hub",
        ));
    }
    let mut names = BTreeSet::new();
    let mut figures = Vec::new();
    for (n, spec) in specs.into_iter().enumerate() {
        if !names.insert(spec.name.clone()) {
            let what = format!("{:?} occurs twice", spec.name);
            refused.push(Refused::new(format!("figures[{n}].name"), what, ""));
        }
        match figure::read(spec) {
            Ok(figure) => figures.push(figure),
            Err((key, what)) => refused.push(Refused::new(format!("figures[{n}].{key}"), what, "")),
        }
    }
    if refused.is_empty() { Ok(figures) } else { Err(refused) }
}

pub(super) struct Metrics {
    page: Url,
    token: Option<SecretString>,
    figures: Vec<Figure>,
    /// Names of the metrics that are read.
    wanted: BTreeSet<String>,
    /// The counters of the run before.
    memory: Mutex<Memory>,
}

#[async_trait]
impl Probe for Metrics {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        if let Some(token) = &self.token {
            cx.hide(token.expose_secret());
        }
        let accept = "text/plain;version=0.0.4, application/openmetrics-text;q=0.5, */*;q=0.1";
        let asked = match exchange::question(cx, &self.page, accept, self.token.as_ref()) {
            Ok(request) => exchange::send(cx, request).await,
            Err(error) => Err(error),
        };
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => return exchange::failed(cx, &error),
        };
        cx.stage(Stage::Body);
        if !answer.status.is_success() {
            return self.refusal(cx, answer.status);
        }
        match answer.read(LARGEST).await {
            Ok(body) => self.keep(cx, &String::from_utf8_lossy(&body)),
            Err(error) => exchange::failed(cx, &error),
        }
    }
}

impl Metrics {
    fn keep(&self, cx: &mut Cx, body: &str) -> Outcome {
        let page = Page::read(body, &self.wanted);
        let url = &self.page;
        if page.samples == 0 {
            if let Some(line) = body.lines().find(|l| !l.trim().is_empty()) {
                cx.line(line);
            }
            return cx.failed(Reason::Garbled, format!("{url} is no page of metrics"));
        }
        if page.cut {
            cx.line("the page has more series of the chosen metrics than are kept");
        }
        if self.figures.iter().all(|figure| !figure.is_on(&page)) {
            let what = format!("{url} has {} samples, but none of the chosen metrics", page.samples);
            return cx.unknown(Reason::NotFound, what);
        }
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let growth = memory.look(&page, cx.now(), Instant::now());
        for figure in &self.figures {
            if let Some(value) = figure.of(&page, growth.as_ref()).filter(|v| v.is_finite()) {
                cx.measure(figure.name.clone(), value);
            }
        }
        cx.passed()
    }

    fn refusal(&self, cx: &mut Cx, status: StatusCode) -> Outcome {
        let what = format!("{} answered {status}", self.page);
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => cx.unknown(
                Reason::ProbeAuth,
                format!("{what}: it wants a token with the right to read metrics"),
            ),
            StatusCode::TOO_MANY_REQUESTS => cx.unknown(Reason::RateLimited, what),
            StatusCode::NOT_FOUND => cx.unknown(Reason::NotFound, format!("{what}: no metrics there")),
            _ => cx.failed(Reason::HttpStatus, what),
        }
    }
}

#[cfg(test)]
mod tests;
