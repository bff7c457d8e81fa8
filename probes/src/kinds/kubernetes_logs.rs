//! `kubernetes-logs`: whether logs can be read at all, and how often telling lines occur in them.

mod pattern;
mod read;
mod usual;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use self::pattern::Pattern;
use crate::cluster::{Selector, is_name};
use crate::net::ClusterAccess;
use crate::{Cadence, Cx, Kind, Outcome, Probe, Refused, Spec, Stage, hub};

pub(super) const KIND: Kind = Kind::of::<LogsSpec>(
    "kubernetes-logs",
    "Reads the logs of the last 5 minutes and counts the lines that tell of trouble.",
    &[Stage::Query],
    Cadence { every: Duration::from_secs(60), deadline: Duration::from_secs(45) },
    "namespace: binder\n",
)
.measuring(&["logs_readable", "log_*"]);

/// Most patterns, and texts of each.
const MOST: usize = 64;

/// Reads the logs of the site's components: can they be read at all, and how many lines of the last 5 minutes match each
/// pattern. Of the text only one line a pattern is kept, without tokens and addresses. Needs the right to get `pods/log`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct LogsSpec {
    /// The namespace; default: that of the context or of our service account.
    #[serde(default)]
    namespace: Option<String>,
    /// How the Kubernetes API is reached.
    #[serde(default)]
    access: ClusterAccess,
    /// Whose logs are read: a name, and labels as in `kubectl -l`.
    #[serde(default = "usual::sources")]
    sources: BTreeMap<String, String>,
    /// What is counted: `hub_quota` becomes the measurement `log_hub_quota`.
    #[serde(default = "usual::patterns")]
    patterns: BTreeMap<String, PatternSpec>,
}

/// Lines that mean the same.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternSpec {
    /// The source in whose logs they are looked for.
    from: String,
    /// Texts of which a line contains one; `*` stands for anything in between.
    lines: Vec<String>,
}

impl Spec for LogsSpec {
    type Probe = Logs;

    fn build(self, _: &Url) -> Result<Logs, Vec<Refused>> {
        let mut refused = Vec::new();
        if self.namespace.as_deref().is_some_and(|n| !is_name(n)) {
            refused.push(Refused::new("namespace", "this cannot be the name of a namespace", ""));
        }
        if self.sources.len() > MOST || self.patterns.len() > MOST {
            refused.push(Refused::new(
                "patterns",
                format!("more than {MOST}"),
                "count what tells of trouble",
            ));
        }
        let mut sources = BTreeMap::new();
        for (name, selector) in &self.sources {
            match Selector::parse(selector) {
                Ok(selector) => {
                    sources.insert(name.clone(), selector);
                }
                Err(what) => {
                    refused.push(Refused::new(format!("sources.{name}"), what, "write it as in `kubectl -l`"))
                }
            }
        }
        let mut patterns = Vec::new();
        for (name, spec) in self.patterns {
            if !self.sources.contains_key(&spec.from) {
                let what = format!("there is no source `{}`", spec.from);
                let hint =
                    format!("take one of {}", self.sources.keys().cloned().collect::<Vec<_>>().join(", "));
                refused.push(Refused::new(format!("patterns.{name}.from"), what, hint));
                continue;
            }
            match Pattern::new(&name, spec) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => refused.push(error),
            }
        }
        if refused.is_empty() {
            Ok(Logs { namespace: self.namespace, access: self.access, sources, patterns })
        } else {
            Err(refused)
        }
    }
}

pub(super) struct Logs {
    namespace: Option<String>,
    access: ClusterAccess,
    sources: BTreeMap<String, Selector>,
    patterns: Vec<Pattern>,
}

#[async_trait]
impl Probe for Logs {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        cx.stage(Stage::Query);
        match self.read(cx).await {
            Ok(()) => cx.passed(),
            Err(trouble) => hub::Trouble::from(trouble).into_outcome(cx),
        }
    }
}

#[cfg(test)]
mod tests;
