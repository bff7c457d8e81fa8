//! The section `exports` as written. The comments here are the manual.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::config::duration::Span;
use crate::config::settled::ExportKind;

/// A store of time series that gets what every minute counted.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ExportKeys {
    /// How it is spoken to: `remote_write` (Prometheus, Mimir, VictoriaMetrics, Grafana Cloud) or `otlp` (OpenTelemetry
    /// over HTTP).
    #[serde(rename = "type")]
    pub(crate) kind: ExportKind,
    /// Unique name; the type by default.
    pub(crate) name: Option<String>,
    /// The whole address, such as `https://prometheus.example.org/api/v1/write` or
    /// `https://collector.example.org/v1/metrics`.
    pub(crate) url: String,
    /// How often what is new is sent, 10s to 1h.
    #[schemars(extend("default" = "60s"))]
    pub(crate) every: Option<Span>,
    /// Labels that are added to every series.
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// Name of the user, if it asks for name and password.
    pub(crate) username: Option<String>,
    /// The user's password.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    pub(crate) password: Option<SecretString>,
    /// A token, if it asks for one (`Authorization: Bearer …`).
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    pub(crate) bearer: Option<SecretString>,
    /// Further headers, such as `X-Scope-OrgID: hubs` for Mimir.
    pub(crate) headers: Option<BTreeMap<String, String>>,
    /// Further headers whose values are secrets.
    #[schemars(with = "Option<BTreeMap<String, SecretText>>")]
    pub(crate) secret_headers: Option<BTreeMap<String, SecretString>>,
    /// Only for `otlp`: send sums and histograms of each minute (temporality delta) in place of gauges that are named as
    /// in Prometheus. Datadog, Dynatrace and their like want it so; Prometheus and VictoriaMetrics drop them.
    #[schemars(extend("default" = false))]
    pub(crate) deltas: Option<bool>,
}

/// A text of a map that is a secret: a field cannot say so of each.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("format" = "secret"))]
#[expect(dead_code, reason = "only its schema is used")]
struct SecretText(String);
