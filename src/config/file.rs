//! The configuration as written: the keys of each section. The comments here are the manual.

use std::collections::BTreeMap;

use launchwatch_alerts::Templates;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::duration::Span;
use super::settled::Overlap;
use super::texts::Patience;

mod access;
mod exports;
mod pages;
mod people;
mod rules;

pub(crate) use access::{AccessKeys, HubKeys, OidcKeys, PasswordKeys, RolesKeys};
pub(crate) use exports::ExportKeys;
pub(crate) use pages::{GroupKeys, LinkKeys, PagesKeys};
pub(crate) use people::{
    DayHours, MaintenanceKeys, OverrideKeys, PersonKeys, ReminderKeys, RotationKeys, RouteKeys, StepKeys,
    TeamKeys,
};
pub(crate) use rules::*;

/// How the process itself behaves.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ServiceKeys {
    /// Address and port on which pages, API and metrics listen.
    #[schemars(extend("default" = "127.0.0.1:8480"))]
    pub(crate) listen: Option<String>,
    /// Directory of the store; relative to the folder of this file.
    #[schemars(extend("default" = "state"))]
    pub(crate) state: Option<String>,
    /// Address of a PostgreSQL database to keep everything in, for several replicas:
    /// `postgres://user:password@host/name?sslmode=require`. Without it everything is kept in a file in `state`.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    pub(crate) store: Option<SecretString>,
    /// What seals secrets and addresses of people in the store, the same for every replica: 64 hexadecimal digits, or
    /// any other text of 32 characters or more. Without it the key is the file `key` in `state`, made at the first start.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    pub(crate) seal: Option<SecretString>,
    /// Name of the place from which this process looks.
    #[schemars(extend("default" = "here"))]
    pub(crate) location: Option<String>,
    /// Where people reach the pages: links in messages begin with it.
    pub(crate) public_url: Option<String>,
    /// File with more certificate authorities to trust (PEM), for probes and channels; relative to the folder of
    /// this file.
    pub(crate) ca_file: Option<String>,
    /// Folder of runbooks of your own: `LABEL.md` replaces the built-in one of that cause, or adds one; relative to the
    /// folder of this file.
    pub(crate) runbooks: Option<String>,
    /// How long running probes may go on after a stop signal.
    #[schemars(extend("default" = "25s"))]
    pub(crate) grace: Option<Span>,
    /// Of several replicas on one PostgreSQL one leads, and another one takes over when it has not been heard of for this
    /// long; at least 2s.
    #[schemars(extend("default" = "15s"))]
    pub(crate) lease: Option<Span>,
    /// How long things are kept.
    pub(crate) retention: Option<RetentionKeys>,
    /// How many runs at once.
    pub(crate) limits: Option<LimitKeys>,
    /// Addresses that answer as long as our own network works. They are asked only when targets fail, to know whether
    /// it is us who are cut off; `[]` asks nobody.
    #[schemars(extend("default" = super::settled::WITNESSES))]
    pub(crate) witnesses: Option<Vec<String>>,
    /// Somebody outside who is told again and again that we live, and raises the alarm when we do not.
    pub(crate) dead_man: Option<DeadManKeys>,
}

/// An address that expects to be called: healthchecks.io and its like.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct DeadManKeys {
    /// The address to call with GET. A secret: whoever knows it can speak for us.
    #[schemars(with = "String", extend("format" = "secret"))]
    pub(crate) url: SecretString,
    /// How often it is called, at least every 10s. Set the other side to notice after two or three of these.
    #[schemars(extend("default" = "60s"))]
    pub(crate) every: Option<Span>,
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

/// News by e-mail for everybody who asks for them on the page `/subscribe`: outages, their end, and planned maintenance.
/// Whoever asks is asked back before anything else is sent; each mail has a link that ends it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SubscriptionKeys {
    /// Name of the channel of type `email` whose relay and sender are used; its recipients play no part.
    pub(crate) channel: String,
    /// Most mails a minute, 1 to 600; more wait. Your own channels are not held up by them.
    #[schemars(extend("default" = 60))]
    pub(crate) per_minute: Option<u32>,
}

/// Somebody who looks from elsewhere and reports to this process: `launchwatch agent`, or `launchwatch run --once` as a
/// cron job.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct AgentKeys {
    /// Name of the place from which it looks, unique; `locations` of targets and probes name it.
    pub(crate) name: String,
    /// Without a word for so long, it counts as silent: its probes are unknown, and you are told. An agent speaks up every
    /// few seconds; for a cron job write more than two of its intervals.
    #[schemars(extend("default" = "3m"))]
    pub(crate) silent_after: Option<Span>,
}

/// A deployment one cares about.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct TargetKeys {
    /// Unique name of letters, digits, `.`, `_` and `-`.
    pub(crate) name: String,
    /// The name it had before: what is known of its trouble goes on under the new one.
    pub(crate) was: Option<String>,
    /// Where it is: the address that people type.
    #[expect(dead_code, reason = "judged before the other keys are known to be right")]
    pub(crate) url: String,
    /// Names of targets without which this one cannot work: while one of them is in trouble, nobody is told of this one.
    pub(crate) depends_on: Option<Vec<String>>,
    /// Words of your own; the API hands them out with the target. On the status page, `says` stands under the target's
    /// name, and `says_PROBE` is what it calls what that probe looks at, such as `says_matlab: Matlab notebooks`.
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// From where its probes look: names of `agents`, and of the place from which this process looks; only the latter by
    /// default. Each place is judged by itself; rules with a `quorum` judge by several.
    #[expect(dead_code, reason = "each probe is told of it before the other keys are known to be right")]
    pub(crate) locations: Option<Vec<String>>,
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
    /// The name it had before: what is known of its trouble goes on under the new one.
    pub(crate) was: Option<String>,
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
    /// While the target is known to be down, a probe that launches servers runs no more often than this; 1m to 5m.
    #[schemars(extend("default" = "1m"))]
    pub(crate) backed_off: Option<Span>,
    /// A stage that lasts this many times the p99 it has shown so far counts as failing while it hangs; `off` waits for
    /// the deadline. By default 1.5 for types that launch servers.
    pub(crate) patience: Option<Patience>,
    /// From where it looks; as its target says by default.
    #[expect(dead_code, reason = "read before it is known whether the secrets of the probe are needed here")]
    pub(crate) locations: Option<Vec<String>>,
}

impl ProbeKeys {
    /// The names of the keys, with `type`.
    pub(crate) const NAMES: &'static [&'static str] = &[
        "type",
        "name",
        "was",
        "every",
        "cron",
        "time_zone",
        "deadline",
        "overlap",
        "confirm_after",
        "backed_off",
        "patience",
        "locations",
    ];
}

/// The keys that all channels have; those of the kind stand beside them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ChannelKeys {
    /// Unique name; the type by default.
    pub(crate) name: Option<String>,
    /// Name of the channel that tells instead while this one is broken.
    pub(crate) fallback: Option<String>,
    /// Most messages a minute, 1 to 600; more wait.
    #[schemars(extend("default" = 20))]
    pub(crate) per_minute: Option<u32>,
    // The manual of it stands where it is made.
    pub(crate) template: Option<Templates>,
}

impl ChannelKeys {
    /// The names of the keys, with `type`.
    pub(crate) const NAMES: &'static [&'static str] = &["type", "name", "fallback", "per_minute", "template"];
}
