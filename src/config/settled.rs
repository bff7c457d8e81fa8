//! The configuration as believed: checked, built, with every default filled in.

pub mod access;
mod exports;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use launchwatch_alerts::{Channel, Policy, Rule};
use launchwatch_probes::Probe;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

pub use exports::{Export, ExportKind};

use super::pages::Pages;
use crate::cron::CronSchedule;
use crate::observation::ProbeId;
use crate::store::{Retention, SealKey};

/// Addresses that are made to be asked whether the network works: three operators, an answer of a few bytes each.
pub(crate) const WITNESSES: [&str; 3] = [
    "https://www.gstatic.com/generate_204",
    "https://cp.cloudflare.com/generate_204",
    "https://detectportal.firefox.com/success.txt",
];

/// Everything the service needs to know.
pub struct Config {
    /// How the process itself behaves.
    pub service: Service,
    /// What is cared about.
    pub targets: Vec<Target>,
    /// How it is looked at.
    pub probes: Vec<ProbeConfig>,
    /// Who is told.
    pub channels: Vec<ChannelConfig>,
    /// When they are told; never empty: without rules in the file, the built-in ones hold.
    pub rules: Vec<Rule>,
    /// Who of them hears of what, and what is planned.
    pub policy: Policy,
    /// Who may see the pages, and how people sign in.
    pub access: access::Access,
    /// How everybody else can hear of it by e-mail; `None` where they cannot.
    pub subscriptions: Option<Subscriptions>,
    /// How the pages are called, look and are arranged.
    pub pages: Pages,
    /// Who looks from elsewhere.
    pub agents: Vec<AgentConfig>,
    /// Which stores of time series get what was counted.
    pub exports: Vec<Export>,
}

/// Somebody who looks from elsewhere: an agent or a cron job.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// Name of the location.
    pub name: Arc<str>,
    /// Without a word for so long, it counts as silent; 3 minutes by default.
    pub silent_after: Duration,
    /// What it is to look at: a configuration as it was written, secrets only as references.
    pub configuration: serde_json::Value,
    /// Changes when the configuration does.
    pub version: String,
}

/// How the process itself behaves.
#[derive(Debug, Clone)]
pub struct Service {
    /// Where pages, API and metrics listen; `127.0.0.1:8480` by default.
    pub listen: SocketAddr,
    /// Directory of the store; `state` beside the configuration by default.
    pub state: PathBuf,
    /// Address of the PostgreSQL database that everything is kept in; `None` for a file in `state`.
    pub store: Option<SecretString>,
    /// What seals secrets in the store; `None` for the file `key` in `state`.
    pub seal: Option<SealKey>,
    /// Name of the place this process looks from; `here` by default.
    pub location: Arc<str>,
    /// Where people reach the pages: links in messages begin with it.
    pub public_url: Option<Url>,
    /// More certificate authorities to trust (PEM), for probes and channels.
    pub ca_file: Option<PathBuf>,
    /// Folder of runbooks that replace ours or add to them: `LABEL.md`.
    pub runbooks: Option<PathBuf>,
    /// How long running probes may go on after a stop signal; 25 s by default (Kubernetes kills after 30).
    pub grace: Duration,
    /// How long one of several replicas leads without being heard of; 15 s by default.
    pub lease: Duration,
    /// How long things are kept.
    pub retention: Retention,
    /// How many runs at once.
    pub limits: Limits,
    /// Addresses that answer as long as our own network works, asked only when targets fail; those of well-known
    /// services by default. Empty: nobody is asked, and we are never thought to be cut off.
    pub witnesses: Vec<Url>,
    /// Told again and again that we live, so that somebody else notices when we do not.
    pub dead_man: Option<DeadMan>,
}

/// News by e-mail for everybody who asks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriptions {
    /// The channel whose relay and sender are used.
    pub channel: String,
    /// Most mails a minute; 60 by default.
    pub per_minute: u32,
}

/// An address that expects to be called: healthchecks.io and its like.
#[derive(Debug, Clone)]
pub struct DeadMan {
    /// The address; a secret, since whoever knows it can speak for us.
    pub url: SecretString,
    /// How often it is called; 60 s by default.
    pub every: Duration,
}

/// How many runs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Launches in flight, all targets together, those followed in the background included; 16 by default.
    pub launches: usize,
    /// Launches in flight per target, those followed in the background included; 4 by default: one that runs, and a
    /// few that hang in a hub that is down.
    pub launches_per_target: usize,
    /// Other runs in flight, all targets together; 10,000 by default.
    pub runs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { launches: 16, launches_per_target: 4, runs: 10_000 }
    }
}

/// A deployment one cares about.
#[derive(Debug, Clone)]
pub struct Target {
    /// Unique name, without `/`.
    pub name: String,
    /// The name it had before.
    pub was: Option<String>,
    /// Where it is.
    pub url: Url,
    /// Targets on which it depends: while one of them is in trouble, nobody is told of this one.
    pub depends_on: Vec<String>,
    /// Words of the operator's own.
    pub labels: BTreeMap<String, String>,
}

/// When a probe runs.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// On a fixed grid; the phase comes from the probe's id.
    Every(Duration),
    /// At the times of a cron expression.
    Cron(Box<CronSchedule>),
}

impl Schedule {
    /// The interval between runs; of a cron expression, the longest of those that lie ahead.
    pub fn interval(&self, now: jiff::Timestamp) -> Duration {
        match self {
            Self::Every(every) => *every,
            Self::Cron(cron) => {
                let longest = cron.longest_gap(now).and_then(|gap| Duration::try_from(gap).ok());
                longest.unwrap_or(Duration::MAX)
            }
        }
    }
}

/// What happens when a slot comes while the previous run is still going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The slot is recorded as missed.
    #[default]
    Skip,
    /// The run starts as soon as the previous one has ended; one slot waits, more are recorded as missed.
    Queue,
    /// Both run.
    Allow,
}

/// Who runs a probe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RunBy {
    /// This process.
    #[default]
    Us,
    /// An agent or a cron job at this location.
    Agent(Arc<str>),
    /// Nobody: others tell us (heartbeats, Alertmanager), and it is noticed when they do not.
    Others,
}

/// One way of looking at a target, from one place.
#[derive(Clone)]
pub struct ProbeConfig {
    /// `target/probe`, `target/probe@location` if an agent runs it.
    pub id: ProbeId,
    /// Who runs it.
    pub by: RunBy,
    /// The name the probe had before within its target.
    pub was: Option<String>,
    /// The kind's name.
    pub kind: &'static str,
    /// Whether a run starts servers.
    pub launches: bool,
    /// Whether each launch must build.
    pub fresh: bool,
    /// The probe, built.
    pub probe: Arc<dyn Probe>,
    /// When it runs.
    pub schedule: Schedule,
    /// Longest a run may take; by default what the kind takes, but never longer than the interval.
    pub deadline: Duration,
    /// What happens when runs would overlap.
    pub overlap: Overlap,
    /// How soon a first failure (or a first success after failures) is confirmed by another run. By default 15 s for
    /// launching kinds and 2 s for others, but never longer than half the interval.
    pub confirm_after: Duration,
    /// While the target is known to be down, a launching probe runs no more often than this; between 1 and 5 minutes,
    /// 1 by default.
    pub backed_off: Duration,
    /// A launch whose stage lasts this many times the p99 it has shown so far counts as failing while it hangs; 1.5
    /// by default, `None` to wait for the deadline.
    pub patience: Option<f64>,
}

/// One way of telling people.
#[derive(Clone)]
pub struct ChannelConfig {
    /// Unique name.
    pub name: String,
    /// The kind's name.
    pub kind: &'static str,
    /// The channel, built.
    pub channel: Arc<dyn Channel>,
    /// The channel that tells instead while this one is broken.
    pub fallback: Option<String>,
    /// Most messages a minute; 20 by default.
    pub per_minute: u32,
}
