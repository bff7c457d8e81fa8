//! The nouns of the store.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::{Change, IncidentId, MessageRef, Notification, NotificationId, Settled};
use launchwatch_probes::{CleanUp, DebtId, Reason, Stage, Verdict};

use super::{AuditRow, Histogram};
use crate::observation::{Observation, ProbeId};

/// What the recorder hands in at once.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Observations, in the order they arrived.
    pub observations: Vec<Observation>,
    /// What the engine made of them.
    pub changes: Vec<Change>,
    /// What people did: rows of the record.
    pub audit: Vec<AuditRow>,
    /// The date, for the rows that need one.
    pub now: Timestamp,
}

/// A delivery that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct Owed {
    /// What is to be told.
    pub notification: Notification,
    /// Through which channel.
    pub channel: String,
    /// Attempts so far.
    pub attempts: u32,
    /// What the channel last called the incident's thread: it answers with the root's name unless it began a new one.
    pub thread: Option<MessageRef>,
    /// Recipients that need not be told again.
    pub settled: Settled,
    /// How often the service has refused it.
    pub refusals: u32,
    /// When it did so first.
    pub refused_since: Option<Timestamp>,
    /// The broken channel in whose place this one tells.
    pub instead_of: Option<String>,
}

/// Which deliveries are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All that are due.
    Due,
    /// Those that were never refused.
    NeverRefused,
}

/// How the outbox stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbox {
    /// Deliveries still owed.
    pub owed: u64,
    /// When the oldest of them was caused.
    pub oldest: Option<Timestamp>,
    /// Since when the oldest could have been told of those that no channel has told yet; not those that wait for the
    /// end of quiet hours.
    pub untold: Option<Timestamp>,
    /// By channel; those that owe nothing are left out.
    pub channels: BTreeMap<String, Backlog>,
}

/// What a channel owes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries.
    pub owed: u64,
    /// Since when the oldest of them could have been told.
    pub due: Option<Timestamp>,
}

/// How a channel stands. Kept, so that after a restart too a service is left alone for as long as it asked, and a
/// fallback is not told twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stand {
    /// Since when it refuses what it is given; `None` while it works.
    pub broken: Option<Timestamp>,
    /// Attempts in a row that came to nothing.
    pub failures: u32,
    /// Nothing is sent through it before this moment.
    pub not_before: Option<Timestamp>,
    /// When it last took a message.
    pub worked: Option<Timestamp>,
    /// Why the last attempt came to nothing, in words.
    pub why: Option<String>,
}

/// How a channel stands after some deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which channel.
    pub channel: String,
    /// How it stands now.
    pub stand: Stand,
    /// Who tells in its place what it owes while it is broken, and what it refuses though it works otherwise.
    pub fallback: Option<String>,
    /// The date.
    pub at: Timestamp,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Still to be sent, or to be sent again.
    Owed,
    /// Taken by the service.
    Delivered,
    /// Given up: the service refuses it.
    Refused,
    /// Not sent: a later notification of the same incident tells it as well.
    Superseded,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// Which notification.
    pub notification: NotificationId,
    /// Through which channel.
    pub channel: String,
    /// Where it stands now.
    pub state: DeliveryState,
    /// The service refused it, whatever became of it.
    pub refused: bool,
    /// When to try again, if `Owed`.
    pub next: Timestamp,
    /// What the service calls the message.
    pub message: Option<MessageRef>,
    /// Recipients that need not be told again.
    pub settled: Settled,
    /// Why not, in words.
    pub error: Option<String>,
    /// The date of the attempt.
    pub at: Timestamp,
}

/// A delivery with its history in brief.
#[derive(Debug, Clone, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Delivery {
    /// Which notification.
    pub notification: NotificationId,
    /// Of which incident.
    pub incident: IncidentId,
    /// `opened`, `resolved`, …
    pub kind: String,
    /// Through which channel.
    pub channel: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// When it became owed.
    pub at: Timestamp,
    /// When it was taken.
    pub delivered_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// When it is tried again at the earliest, if it is owed.
    pub next: Option<Timestamp>,
    /// The process ended after it was handed over and before it was settled: it may have been told twice, with the
    /// same id.
    pub possible_duplicate: bool,
    /// The broken channel in whose place this one tells.
    pub instead_of: Option<String>,
}

/// Width of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// One day (UTC).
    Day,
}

impl Tier {
    /// Every tier, finest first.
    pub const ALL: [Tier; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Width in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// A cell of the time series. Merging two is the same as counting the runs of both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bucket {
    /// Start in seconds since 1970, a multiple of the width.
    pub start: i64,
    /// Runs by verdict.
    pub verdicts: BTreeMap<Verdict, u32>,
    /// Runs by reason (those that have one).
    pub reasons: BTreeMap<Reason, u32>,
    /// Durations of stages that came to their end: not of the one that a run failed in.
    pub stages: BTreeMap<Stage, Histogram>,
    /// Whole durations of runs that passed or were degraded (within 6 %).
    pub took: Histogram,
}

/// Which runs.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Of this probe only.
    pub probe: Option<ProbeId>,
    /// Slots from this moment on.
    pub from: Option<Timestamp>,
    /// Slots before this moment.
    pub to: Option<Timestamp>,
    /// Only runs that did not pass.
    pub only_bad: bool,
    /// At most this many.
    pub limit: usize,
}

/// Which incidents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentQuery {
    /// Only those that are open, or only those that are over.
    pub open: Option<bool>,
    /// Only what is older than this one: the last of the page before.
    pub before: Option<IncidentId>,
    /// At most this many.
    pub limit: usize,
}

/// Which buckets.
#[derive(Debug, Clone)]
pub struct SeriesQuery {
    /// Of these probes; empty means all.
    pub probes: Vec<ProbeId>,
    /// Width.
    pub tier: Tier,
    /// Buckets that start at or after this second.
    pub from: i64,
    /// Buckets that start before this second.
    pub to: i64,
}

/// Where a debt stands.
#[derive(Debug, Clone)]
pub enum DebtState {
    /// A launch was asked for; no server was named yet.
    Begun,
    /// A server was named: this ends it.
    Told(CleanUp),
}

/// A debt that is not settled.
#[derive(Debug, Clone)]
pub struct Debt {
    /// Its name.
    pub id: DebtId,
    /// What was launched, in words.
    pub what: String,
    /// When it was begun.
    pub since: Timestamp,
    /// Where it stands.
    pub state: DebtState,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Raw runs; 30 days by default.
    pub runs: Duration,
    /// Buckets of a minute; 30 days by default, and never longer than the runs that they are counted from.
    pub minutes: Duration,
    /// Buckets of an hour; 400 days by default.
    pub hours: Duration,
    /// Buckets of a day; ten years by default.
    pub days: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: u64 = 86_400;
        Self {
            runs: Duration::from_secs(30 * DAY),
            minutes: Duration::from_secs(30 * DAY),
            hours: Duration::from_secs(400 * DAY),
            days: Duration::from_secs(3_650 * DAY),
        }
    }
}

/// What pruning dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Raw runs, or blocks of them.
    pub runs: u64,
    /// Buckets.
    pub buckets: u64,
}

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database says no: which operation, and what it said.
    #[error("{what}: {source}")]
    Database {
        /// What was tried.
        what: &'static str,
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process leads now: what this one would write is not written.
    #[error("another launchwatch has taken the lead; this one writes nothing any more")]
    Deposed,
    /// Something in the store cannot be read.
    #[error("{what} in the store cannot be read: {detail}")]
    Corrupt {
        /// Which thing.
        what: &'static str,
        /// In words.
        detail: String,
    },
    /// The store was written by a newer version.
    #[error(
        "the store has schema {found}, this version knows up to {known}: use the newer version, nothing was changed"
    )]
    TooNew {
        /// What the file says.
        found: u32,
        /// What we know.
        known: u32,
    },
    /// Another process holds the store.
    #[error("another launchwatch holds {path}: stop it first, or give this one its own directory")]
    Locked {
        /// The directory.
        path: String,
    },
    /// The address of the database makes no sense. Never says it: it holds a password.
    #[error(
        "the address of the database makes no sense: it should read postgres://user:password@host/name?sslmode=require"
    )]
    Address,
    /// Another key seals what is in the database.
    #[error(
        "what the database keeps sealed was sealed with another key: give every replica the same key (service.seal, or \
         the file `key` of the first one's state folder); if that key is lost, delete the row `key` of the table meta"
    )]
    OtherKey,
    /// A service works on the store.
    #[error("a launchwatch works on the store: stop it first")]
    InUse,
    /// There is something where everything was to be copied to.
    #[error("there is something in the store already: everything is copied only into an empty one")]
    NotEmpty,
    /// A copy was interrupted.
    #[error("a copy into the store was interrupted: ask for it again (`launchwatch store copy`)")]
    HalfCopied,
    /// The work was cut off because the process stops.
    #[error("the store was stopped under way")]
    Stopped,
    /// A file beside the database.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
