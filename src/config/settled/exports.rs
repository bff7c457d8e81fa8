//! Which stores of time series get what was counted.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderMap;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// How a store of time series is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportKind {
    /// Prometheus' remote-write, protocol 1.0.
    RemoteWrite,
    /// OpenTelemetry's metrics over HTTP.
    Otlp,
}

impl ExportKind {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RemoteWrite => "remote_write",
            Self::Otlp => "otlp",
        }
    }
}

/// A store of time series that gets what every minute counted.
#[derive(Debug, Clone)]
pub struct Export {
    /// Unique name.
    pub name: String,
    /// How it is spoken to.
    pub kind: ExportKind,
    /// Its whole address.
    pub url: Url,
    /// How often what is new is sent; 60 s by default.
    pub every: Duration,
    /// Labels that are added to every series.
    pub labels: BTreeMap<String, String>,
    /// Headers of the operator's own; those with secrets are marked as sensitive.
    pub headers: HeaderMap,
    /// Sums and histograms of each minute in place of gauges (OTLP).
    pub deltas: bool,
}
