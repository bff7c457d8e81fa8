//! What a backtest finds; `--json` prints it as it stands here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use launchwatch_alerts::{Label, Severity};
use serde::Serialize;

/// What a backtest found. All moments are UTC, all spans whole seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Beginning of what was asked for.
    pub from: Timestamp,
    /// End of what was asked for.
    pub to: Timestamp,
    /// Slot of the first run and the moment at which the play ended; `null` if there was no run.
    pub played: Option<(Timestamp, Timestamp)>,
    /// Runs that were played.
    pub runs: u64,
    /// Configured probes that had any.
    pub probes: usize,
    /// Names of the rules, in their order.
    pub rules: Vec<String>,
    /// Incidents that people would have been told of, in the order of their opening.
    pub told: Vec<Told>,
    /// Incidents on record in the time that was played, oldest first.
    pub incidents: Vec<OnRecord>,
    /// Both in figures.
    pub summary: Summary,
}

/// An incident that people would have been told of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// Its name.
    pub incident: String,
    /// The target in trouble; `many targets` of a storm.
    pub target: String,
    /// Every target in it.
    pub targets: BTreeSet<String>,
    /// The loudest it became: `page` or `ticket`.
    pub severity: Severity,
    /// When people would have been told first.
    pub at: Timestamp,
    /// When somebody would have been woken; `null` of a ticket.
    pub paged_at: Option<Timestamp>,
    /// When the first failing run began.
    pub since: Timestamp,
    /// When it was over; `null` if it was not.
    pub until: Option<Timestamp>,
    /// From `since` to `until`.
    pub lasted_seconds: Option<i64>,
    /// What failed when it was told, as `probe: judgement`.
    pub says: Vec<String>,
    /// What is on record about it.
    pub covers: Covers,
}

/// What is on record about something that would have been told: of several incidents, the first of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Covers {
    /// An incident that was real.
    Real,
    /// An incident that was a false alarm.
    FalseAlarm,
    /// An incident that nobody has labelled.
    Unconfirmed,
    /// Nothing: the rules of the time told nobody.
    Nothing,
}

/// An incident on record, held against what would have been told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnRecord {
    /// Its name.
    pub incident: String,
    /// The target in trouble.
    pub target: String,
    /// How loud it was.
    pub severity: Severity,
    /// What people said of it.
    pub label: Option<Label>,
    /// Since when users were without service, as far as is known: the onset.
    pub since: Timestamp,
    /// When it was over.
    pub until: Option<Timestamp>,
    /// How the rules do on it.
    pub judged: Judged,
    /// Whether something at least as loud would have been told of it.
    pub told: bool,
    /// Whether it was a page and would have been told as a ticket only.
    pub ticketed: bool,
    /// From the onset until it would have been told.
    pub delay_seconds: Option<i64>,
    /// From the onset until it was opened at the time.
    pub delay_then_seconds: i64,
}

/// How the rules do on an incident on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// Real, and told.
    Found,
    /// Real, and not told.
    Missed,
    /// A false alarm, and told again.
    False,
    /// A false alarm, and no longer told.
    Avoided,
    /// Nobody has said which.
    Unconfirmed,
    /// None of its targets has a probe that is configured.
    Elsewhere,
}

/// The whole in figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Incidents that would have woken somebody.
    pub pages: usize,
    /// Incidents that would have waited for the morning.
    pub tickets: usize,
    /// Real incidents that would have been told.
    pub found: usize,
    /// Real incidents that would not.
    pub missed: usize,
    /// False alarms that would have been told again.
    #[serde(rename = "false")]
    pub wrong: usize,
    /// False alarms that would not.
    pub avoided: usize,
    /// Incidents that nobody has labelled.
    pub unconfirmed: usize,
    /// The middle one of the delays of real incidents, the lower of two.
    pub median_delay_seconds: Option<i64>,
}
