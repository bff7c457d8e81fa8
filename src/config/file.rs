//! The configuration as written: the keys of each section. The comments here are the manual.

use std::collections::BTreeMap;

use launchwatch_alerts::{Severity, Templates};
use schemars::JsonSchema;
use serde::Deserialize;

use super::duration::Span;
use super::settled::Overlap;

/// How the process itself behaves.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ServiceKeys {
    /// Address and port on which pages, API and metrics listen.
    #[schemars(extend("default" = "127.0.0.1:8480"))]
    pub(crate) listen: Option<String>,
    /// Directory of the store; relative to the folder of this file.
    #[schemars(extend("default" = "state"))]
    pub(crate) state: Option<String>,
    /// Name of the place from which this process looks.
    #[schemars(extend("default" = "here"))]
    pub(crate) location: Option<String>,
    /// Where people reach the pages: links in messages begin with it.
    pub(crate) public_url: Option<String>,
    /// File with more certificate authorities to trust (PEM), for probes and channels; relative to the folder of
    /// this file.
    pub(crate) ca_file: Option<String>,
    /// How long running probes may go on after a stop signal.
    #[schemars(extend("default" = "25s"))]
    pub(crate) grace: Option<Span>,
    /// How long things are kept.
    pub(crate) retention: Option<RetentionKeys>,
    /// How many runs at once.
    pub(crate) limits: Option<LimitKeys>,
}

/// How long things are kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RetentionKeys {
    /// Single runs.
    #[schemars(extend("default" = "30d"))]
    pub(crate) runs: Option<Span>,
    /// Counts per minute.
    #[schemars(extend("default" = "30d"))]
    pub(crate) minutes: Option<Span>,
    /// Counts per hour.
    #[schemars(extend("default" = "400d"))]
    pub(crate) hours: Option<Span>,
    /// Counts per day.
    #[schemars(extend("default" = "3650d"))]
    pub(crate) days: Option<Span>,
}

/// How many runs at once.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct LimitKeys {
    /// Launches in flight, all targets together, those that are followed in the background included.
    #[schemars(extend("default" = 16))]
    pub(crate) launches: Option<u32>,
    /// Launches in flight per target, those that are followed in the background included.
    #[schemars(extend("default" = 4))]
    pub(crate) launches_per_target: Option<u32>,
    /// Other runs in flight, all targets together.
    #[schemars(extend("default" = 10_000))]
    pub(crate) runs: Option<u32>,
}

/// A deployment one cares about.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct TargetKeys {
    /// Unique name of letters, digits, `.`, `_` and `-`.
    pub(crate) name: String,
    /// Where it is: the address that people type.
    #[expect(dead_code, reason = "judged before the other keys are known to be right")]
    pub(crate) url: String,
    /// Words of your own; the API hands them out with the target.
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// How it is looked at; at least one probe.
    #[serde(rename = "probes")]
    #[schemars(with = "Vec<serde_json::Value>")]
    #[expect(dead_code, reason = "each probe is read with the schema of its type")]
    pub(crate) written: serde_json::Value,
}

/// The keys that all probes have; those of the kind stand beside them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ProbeKeys {
    /// Name, unique within the target; the type by default.
    pub(crate) name: Option<String>,
    /// Interval between runs, at least 100ms. The default depends on the type.
    pub(crate) every: Option<Span>,
    /// Instead of `every`: five fields as in Kubernetes' CronJob, or `@hourly` and the like.
    pub(crate) cron: Option<String>,
    /// IANA name of the time zone in which `cron` is meant.
    #[schemars(extend("default" = "UTC"))]
    pub(crate) time_zone: Option<String>,
    /// Longest a run may take. The default depends on the type, and is never longer than the interval.
    pub(crate) deadline: Option<Span>,
    /// What happens when a run is due while the previous one is still going.
    #[schemars(extend("default" = "skip"))]
    pub(crate) overlap: Option<Overlap>,
    /// How soon a first failure is confirmed by another run: by default 15s for types that launch servers, 2s for
    /// others, at most half the interval.
    pub(crate) confirm_after: Option<Span>,
    /// While the target is known to be down, a probe that launches servers runs no more often than this; 2m to 5m.
    #[schemars(extend("default" = "2m"))]
    pub(crate) backed_off: Option<Span>,
}

impl ProbeKeys {
    /// The names of the keys, with `type`.
    pub(crate) const NAMES: &'static [&'static str] =
        &["type", "name", "every", "cron", "time_zone", "deadline", "overlap", "confirm_after", "backed_off"];
}

/// The keys that all channels have; those of the kind stand beside them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ChannelKeys {
    /// Unique name; the type by default.
    pub(crate) name: Option<String>,
    // The manual of it stands where it is made.
    pub(crate) template: Option<Templates>,
}

impl ChannelKeys {
    /// The names of the keys, with `type`.
    pub(crate) const NAMES: &'static [&'static str] = &["type", "name", "template"];
}

/// When people are told. Without rules, every probe is watched: two failures in a row page, two successes resolve.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RuleKeys {
    /// Unique name.
    pub(crate) name: String,
    /// Names of targets; all by default. `*` stands for any text.
    pub(crate) targets: Option<Vec<String>>,
    /// Names of probes; all by default. `*` stands for any text.
    pub(crate) probes: Option<Vec<String>>,
    /// Failed runs in a row before people are told, at least 1.
    #[schemars(extend("default" = 2))]
    pub(crate) failures: Option<u32>,
    /// Passed runs in a row before it counts as over, at least 1.
    #[schemars(extend("default" = 2))]
    pub(crate) successes: Option<u32>,
    /// How loud: `page` wakes somebody, `ticket` can wait for the morning.
    #[schemars(extend("default" = "page"))]
    pub(crate) severity: Option<Severity>,
}
