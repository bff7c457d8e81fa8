//! `heartbeat`: a job of somebody else tells us that it ran; its silence is the failure.

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::hub::Span;
use crate::passive::refuse_key;
use crate::{
    Cadence, Cx, HeartbeatTerms, Kind, Outcome, Passive, Probe, Reason, Refused, Spec, Stage, Verdict,
};

pub(super) const KIND: Kind = Kind::of::<Settings>(
    "heartbeat",
    "Waits for pings of a job: late, failed or never ended is a failure. Nothing is run.",
    &[Stage::Job],
    Cadence { every: Duration::from_secs(3_600), deadline: Duration::from_secs(60) },
    "key: 5f0c9a7e41d24b6e8d\ngrace: 10m\nlongest: 30m\n",
)
.passive()
.measuring(&["run_seconds"]);

/// A job that calls an address of ours: `/ping/KEY` when it has ended well, `/ping/KEY/start` when it begins,
/// `/ping/KEY/fail` when it failed, `/ping/KEY/N` with its exit code. `every` or `cron` with `time_zone` say when it is
/// expected. One that is late, fails, or says that it begins and never how it ended, is a failure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// A word of at least 16 letters, digits, `-`, `_`, `.` and `~` that nobody can guess: it stands in the address that
    /// the job calls, and whoever knows it can speak for the job.
    #[schemars(with = "String", extend("format" = "secret"))]
    key: SecretString,
    /// How late a ping may be before it counts as missing. By default a quarter of the interval, at least 1m and at most
    /// 1h.
    #[serde(default)]
    grace: Option<Span>,
    /// How long a run may take from its `start` to its end. By default as long as the interval.
    #[serde(default)]
    longest: Option<Span>,
}

impl Spec for Settings {
    type Probe = Heartbeat;

    fn build(self, _: &Url) -> Result<Heartbeat, Vec<Refused>> {
        let mut refused: Vec<Refused> = refuse_key(self.key.expose_secret()).into_iter().collect();
        for (name, span) in [("grace", self.grace), ("longest", self.longest)] {
            if span.is_some_and(|Span(span)| span < Duration::from_secs(1)) {
                refused.push(Refused::new(
                    name,
                    "less than a second is no time at all",
                    "write `1s` or more",
                ));
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        let (grace, longest) = (self.grace.map(|Span(s)| s), self.longest.map(|Span(s)| s));
        Ok(Heartbeat(HeartbeatTerms { key: self.key, grace, longest }))
    }
}

pub(crate) struct Heartbeat(HeartbeatTerms);

#[async_trait]
impl Probe for Heartbeat {
    async fn run(&self, _: &mut Cx) -> Outcome {
        let what = "nothing is run: the job pings us, and is missed when it does not";
        Outcome::bare(Verdict::Unknown, Some(Reason::Missed), what)
    }

    fn passive(&self) -> Option<Passive> {
        Some(Passive::Heartbeat(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(settings: serde_json::Value) -> Result<Heartbeat, Vec<String>> {
        let url = Url::parse("https://example.org").unwrap();
        let settings: Settings = serde_json::from_value(settings).unwrap();
        settings
            .build(&url)
            .map_err(|all| all.into_iter().map(|r| format!("{}: {}", r.path, r.what)).collect())
    }

    #[test]
    fn a_key_that_can_be_guessed_or_stands_in_no_address_is_refused_without_being_told() {
        for key in ["short", "has spaces in it, and more", "sixteen/letters/and/slashes", &"x".repeat(201)] {
            let refused = build(serde_json::json!({"key": key})).err().unwrap();
            assert!(refused.iter().all(|r| r.starts_with("key: ") && !r.contains(key)), "{refused:?}");
        }
        assert!(build(serde_json::json!({"key": "0123456789abcdef"})).is_ok());
        let refused = build(serde_json::json!({"key": "0123456789abcdef", "grace": "0s", "longest": "5ms"}));
        assert_eq!(refused.err().unwrap().len(), 2);
    }
}
