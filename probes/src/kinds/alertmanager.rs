//! `alertmanager`: alerts that Prometheus or Alertmanager sends us; it fails while any of those that match fires.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use regex::Regex;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::hub::Span;
use crate::passive::refuse_key;
use crate::{AlertTerms, Cadence, Cx, Kind, Outcome, Passive, Probe, Reason, Refused, Spec, Stage, Verdict};

pub(super) const KIND: Kind = Kind::of::<Settings>(
    "alertmanager",
    "Takes alerts of Prometheus or Alertmanager: fails while one that matches fires. Nothing is run.",
    &[Stage::Query],
    Cadence { every: Duration::from_secs(60), deadline: Duration::from_secs(60) },
    "key: 5f0c9a7e41d24b6e8d\nmatch: {namespace: hub|binder, severity: critical}\nwatchdog: Watchdog\n",
)
.passive()
.measuring(&["alerts_firing"]);

/// Longest pattern that is taken.
const LONGEST_PATTERN: usize = 1_000;

/// Alerts that are sent to `/hooks/alertmanager/KEY`, either by Alertmanager (a receiver with `webhook_configs`), or by
/// Prometheus itself as if we were an Alertmanager (`path_prefix: /hooks/alertmanager/KEY`). The probe fails while any
/// alert that matches fires, and tells which. Both send only when there is something to tell: name a `watchdog` to
/// notice when they no longer do. `every` says how often it is written down how things stand.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// A word of at least 16 letters, digits, `-`, `_`, `.` and `~` that nobody can guess: it stands in the address, and
    /// whoever knows it can raise alerts. Several probes of this type may share one.
    #[schemars(with = "String", extend("format" = "secret"))]
    key: SecretString,
    /// Which alerts count: labels, and a regular expression for the whole of each one's value. Left out: all.
    #[serde(default)]
    r#match: BTreeMap<String, String>,
    /// Name of an alert that always fires (`Watchdog` of kube-prometheus): it does not count, but when it falls silent,
    /// alerting itself is broken, and that is a failure.
    #[serde(default)]
    watchdog: Option<String>,
    /// How long the watchdog may be silent; longer than Alertmanager's `repeat_interval` for it.
    #[serde(default = "silent_after")]
    #[schemars(extend("default" = "15m"))]
    silent_after: Span,
    /// An alert of Alertmanager that has not been repeated for so long is taken to be over; longer than its
    /// `repeat_interval`. Alerts of Prometheus itself say when they end.
    #[serde(default = "forget_after")]
    #[schemars(extend("default" = "1d"))]
    forget_after: Span,
}

fn silent_after() -> Span {
    Span(Duration::from_secs(15 * 60))
}

fn forget_after() -> Span {
    Span(Duration::from_secs(86_400))
}

impl Spec for Settings {
    type Probe = Alertmanager;

    fn build(self, _: &Url) -> Result<Alertmanager, Vec<Refused>> {
        let mut refused: Vec<Refused> = refuse_key(self.key.expose_secret()).into_iter().collect();
        let mut matches = Vec::new();
        for (label, pattern) in self.r#match {
            let read = if pattern.len() > LONGEST_PATTERN { None } else { whole(&pattern).ok() };
            match read {
                Some(regex) => matches.push((label, regex)),
                None => {
                    let what = "this is no regular expression";
                    refused.push(Refused::new(
                        format!("match.{label}"),
                        what,
                        "such as `hub|binder` or `prod-.*`",
                    ));
                }
            }
        }
        for (name, Span(span)) in [("silent_after", self.silent_after), ("forget_after", self.forget_after)] {
            if span < Duration::from_secs(60) {
                refused.push(Refused::new(
                    name,
                    "Prometheus repeats itself once a minute",
                    "write `2m` or more",
                ));
            }
        }
        if self.watchdog.as_deref().is_some_and(|name| name.trim().is_empty()) {
            refused.push(Refused::new("watchdog", "an alert has a name", "such as `Watchdog`"));
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        let (Span(silent_after), Span(forget_after)) = (self.silent_after, self.forget_after);
        let terms =
            AlertTerms { key: self.key, matches, watchdog: self.watchdog, silent_after, forget_after };
        Ok(Alertmanager(terms))
    }
}

/// The pattern for a whole value, as Alertmanager's own matchers are meant.
fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(pattern)?;
    regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).build()
}

pub(crate) struct Alertmanager(AlertTerms);

#[async_trait]
impl Probe for Alertmanager {
    async fn run(&self, _: &mut Cx) -> Outcome {
        let what = "nothing is run: Prometheus or Alertmanager tells us of alerts";
        Outcome::bare(Verdict::Unknown, Some(Reason::Missed), what)
    }

    fn passive(&self) -> Option<Passive> {
        Some(Passive::Alertmanager(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(settings: serde_json::Value) -> Result<Alertmanager, Vec<String>> {
        let url = Url::parse("https://example.org").unwrap();
        let settings: Settings = serde_json::from_value(settings).unwrap();
        settings.build(&url).map_err(|all| all.into_iter().map(|r| r.path).collect())
    }

    #[test]
    fn a_pattern_is_about_the_whole_value() {
        let settings = serde_json::json!({"key": "0123456789abcdef", "match": {"namespace": "hub|binder"}});
        let probe = build(settings).ok().unwrap();
        let (label, pattern) = &probe.0.matches[0];
        assert_eq!(label, "namespace");
        for (value, fits) in [("hub", true), ("binder", true), ("hub-2", false), ("my-binder", false)] {
            assert_eq!(pattern.is_match(value), fits, "{value}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let settings = serde_json::json!({"key": "x", "match": {"a": "(", "b": "a)(b"}, "silent_after": "5s", "watchdog": " "});
        let refused = build(settings).err().unwrap();
        assert_eq!(refused, ["key", "match.a", "match.b", "silent_after", "watchdog"]);
    }
}
