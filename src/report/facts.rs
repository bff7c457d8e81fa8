//! Facts: what is known of an incident, every number and moment with where it is from. The sidecar of a report.

use std::collections::BTreeSet;

use jiff::Timestamp;
use launchwatch_alerts::{IncidentState, Label, Severity};
use serde::{Deserialize, Serialize};

/// Names the form of the sidecar.
pub const FACTS_SCHEMA: &str = "launchwatch-report/1";

/// A value, and where it can be looked up: `run ID of TARGET/PROBE`, `alert RULE over TARGET/PROBE`,
/// `delivery ID through CHANNEL`, `incident ID`, `runs of TARGET/PROBE`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it is from.
    pub source: String,
}

impl<T> Sourced<T> {
    /// A value with its source.
    pub fn new(value: T, source: impl Into<String>) -> Self {
        Self { value, source: source.into() }
    }
}

/// A moment with its source.
pub type Moment = Sourced<Timestamp>;

/// All that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// [`FACTS_SCHEMA`].
    pub schema: String,
    /// The incident's id.
    pub incident: String,
    /// The target in trouble.
    pub target: String,
    /// Every target in it.
    pub targets: BTreeSet<String>,
    /// Open or over.
    pub state: IncidentState,
    /// The loudest it became.
    pub severity: Severity,
    /// What people said of it.
    pub label: Option<Label>,
    /// When these facts were put together.
    pub made_at: Timestamp,
    /// From when to when runs were read, how many, and whether there were more than are read.
    pub period: Period,
    /// When it began.
    pub onset: Onset,
    /// When it was seen, told, and seen to.
    pub detection: Detection,
    /// What it meant for launches, by target.
    pub impact: Vec<Impact>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Causes that were named.
    pub causes: Vec<Cause>,
    /// What was proposed or done.
    pub deeds: Vec<Deed>,
    /// What must not be done first: action and why.
    pub not_first: Vec<(String, String)>,
    /// Figures of the cluster: before, at their highest, at the end. Empty where nobody looked into it.
    pub figures: Vec<Figure>,
    /// How it ended.
    pub recovery: Recovery,
    /// When nothing was seen.
    pub gaps: Vec<Gap>,
    /// Silences and maintenance in its time.
    pub quiet: Vec<Quiet>,
    /// Other incidents with the same cause.
    pub related: Vec<Related>,
    /// Launches by five minutes, for the picture.
    pub shape: Vec<Shape>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Period {
    /// First moment.
    pub from: Timestamp,
    /// Last moment.
    pub to: Timestamp,
    /// Runs.
    pub runs: usize,
    /// There were more runs than are read: those in the middle are missing, and counts are too low.
    pub cut: bool,
}

/// When it began: as a bracket, since nobody looks all the time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Onset {
    /// When the last run that worked began.
    pub last_good: Option<Moment>,
    /// When the first run that failed began.
    pub first_bad: Option<Moment>,
    /// What failed, in words.
    pub what: String,
    /// The first sign of anything, where that is earlier: moment, and what it was.
    pub first_sign: Option<(Moment, String)>,
}

/// When it was seen, told, and seen to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Detection {
    /// When the first alert fired.
    pub alert: Option<Moment>,
    /// When the first alert that wakes people fired.
    pub page: Option<Moment>,
    /// When the first message was taken by a channel.
    pub told: Option<Moment>,
    /// When the first message that follows a page was taken.
    pub told_page: Option<Moment>,
    /// Channels that took one.
    pub channels: BTreeSet<String>,
    /// Messages that came to nothing.
    pub lost: usize,
    /// When the first person acknowledged.
    pub acknowledged: Option<Moment>,
}

/// What it meant for a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// The target.
    pub target: String,
    /// Whether launches are counted; else other looks are.
    pub launches: bool,
    /// When nothing worked.
    pub zero: Vec<Zero>,
    /// Minutes in which nothing worked, as best estimate: from the first run that failed to the first that worked again.
    pub zero_minutes: Sourced<f64>,
    /// The least and the most that it can have been.
    pub zero_bounds: (f64, f64),
    /// Minutes in which something failed or was slow, and not everything.
    pub degraded_minutes: Sourced<f64>,
    /// By probe: launching ones first.
    pub probes: Vec<ProbeImpact>,
}

/// A stretch in which nothing worked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Zero {
    /// When the last run that worked began; `None` if none is known.
    pub last_good: Option<Moment>,
    /// When the first that failed began.
    pub first_bad: Moment,
    /// When the last that failed began.
    pub last_bad: Moment,
    /// When the first that worked again began; `None` if none did.
    pub first_good: Option<Moment>,
    /// Runs that failed in it.
    pub failed: usize,
    /// Nobody looked after the last that failed: it may have lasted longer.
    pub unseen_after: bool,
}

/// What one probe saw from the onset to the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeImpact {
    /// `target/probe`; it is the source of the counts.
    pub probe: String,
    /// Whether it launches.
    pub launches: bool,
    /// Runs that tell anything.
    pub made: usize,
    /// Runs that worked, the degraded ones included.
    pub worked: usize,
    /// Of those, the ones that worked badly.
    pub degraded: usize,
    /// Runs that failed.
    pub failed: usize,
    /// Runs that say nothing: our own faults, and refusals by policy.
    pub unknown: usize,
    /// Of what did not pass: where and why, the most frequent first.
    pub troubles: Vec<Troubles>,
}

/// How often something went wrong in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Troubles {
    /// Stage, in the closed vocabulary.
    pub stage: Option<String>,
    /// Reason, in the closed vocabulary.
    pub reason: Option<String>,
    /// `failed`, `degraded` or `unknown`.
    pub verdict: String,
    /// How often.
    pub count: usize,
    /// First and last time: begin of the run.
    pub first: Moment,
    /// The same of the last.
    pub last: Moment,
    /// What the first said, without addresses, tokens and names.
    pub says: String,
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A run: the last good one, the first bad one.
    Run,
    /// An alert began or ended.
    Alert,
    /// A cause was named.
    Cause,
    /// An action was proposed.
    Proposal,
    /// A message was taken, or lost.
    Told,
    /// Somebody did or said something.
    Person,
    /// A version changed.
    Deploy,
    /// Anything else that was written down.
    Note,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: EventKind,
    /// What, in words: foreign ones among them, cleaned.
    pub what: String,
    /// Who, where it was a person whose name is asked for; `somebody` otherwise.
    pub by: Option<String>,
    /// Where it is from.
    pub source: String,
    /// It was told afterwards, and not known then.
    #[serde(default)]
    pub afterwards: bool,
}

/// What became known afterwards, from people.
#[derive(Debug, Clone, PartialEq)]
pub struct Late {
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub what: String,
}

/// A cause that was named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Its name in the vocabulary, also of the runbook.
    pub label: String,
    /// In words.
    pub title: String,
    /// When it was first named, at any rank.
    pub named: Moment,
    /// When it was first named as the likeliest.
    pub first: Option<Moment>,
    /// Its best rank.
    pub rank: u32,
    /// What spoke for it when it was named, and last.
    pub evidence: Vec<String>,
    /// What spoke against it last.
    pub against: Vec<String>,
    /// How likely it was last, where it still stood.
    pub confidence: Option<f64>,
}

/// An action proposed or done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// Name in the vocabulary.
    pub action: String,
    /// `auto`, `approve` or `advise`.
    pub mode: String,
    /// When it was first proposed.
    pub at: Moment,
    /// Whether launchwatch did it.
    pub executed: bool,
    /// Why.
    pub why: String,
    /// By what one sees that it helped.
    pub effect: String,
    /// Guards that did not hold, or are not known.
    pub open_guards: Vec<String>,
}

/// A figure of the cluster over the incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Name of the measurement.
    pub name: String,
    /// `target/probe`.
    pub probe: String,
    /// The last before the onset.
    pub before: Option<Sourced<f64>>,
    /// The highest.
    pub highest: Sourced<f64>,
    /// When that was.
    pub highest_at: Timestamp,
    /// The last one read.
    pub last: Sourced<f64>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Recovery {
    /// When the last run that failed began.
    pub last_bad: Option<Moment>,
    /// When the first run that worked again began.
    pub first_good: Option<Moment>,
    /// When nothing that wakes people was left.
    pub recovered: Option<Moment>,
    /// When all was over.
    pub resolved: Option<Moment>,
    /// Alerts that still fire, as `rule over series`.
    pub still: Vec<String>,
}

/// A stretch in which a probe told nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// `target/probe`.
    pub probe: String,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Why, as far as known.
    pub why: String,
}

/// A silence or a maintenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quiet {
    /// Its name.
    pub id: String,
    /// Whether it was announced as a maintenance.
    pub maintenance: bool,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Another incident with the same cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Related {
    /// Its id.
    pub incident: String,
    /// The target in trouble.
    pub target: String,
    /// When it began.
    pub since: Timestamp,
    /// When it was over.
    pub until: Option<Timestamp>,
    /// The cause that both have.
    pub cause: String,
    /// What people said of it.
    pub label: Option<Label>,
}

/// Runs of one probe by five minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// `target/probe`.
    pub probe: String,
    /// Start of the first cell.
    pub from: Timestamp,
    /// By cell: passed, degraded, failed, unknown.
    pub cells: Vec<[u32; 4]>,
}
