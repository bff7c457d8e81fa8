//! All that a probe may touch during one run: network, time, stopwatch, evidence, and the ledger of debts.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::redact::{EVIDENCE_LINES, Redactor};
use crate::{
    CleanUp, DebtId, Follow, Ledger, LedgerError, Measurement, Net, Outcome, Reason, Stage, StageTime,
    Verdict,
};

/// Something that happened in a run that is still going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A stage began.
    Stage(Stage),
    /// A line was seen (redacted).
    Line(String),
    /// A line that already proves failure was seen: the run counts as failing from now on, whatever it waits for.
    Suspect(Reason, String),
    /// What was suspected turned out otherwise: nothing is proven any more.
    Withdrawn,
    /// The launch begins (true) or ceases to wait for room in the cluster: how long that may take has a rule of its
    /// own, and nobody who knows what launches usually take should call it stalled meanwhile.
    WaitsForNode(bool),
}

/// Told of progress; must not block.
pub type Watcher = Arc<dyn Fn(&Progress) + Send + Sync>;

/// What a run is given from outside.
pub struct CxParts {
    /// The door to the network.
    pub net: Arc<dyn Net>,
    /// Where debts are written.
    pub ledger: Arc<dyn Ledger>,
    /// Id of the run; the ids of its debts begin with it.
    pub run: String,
    /// A random word of at least 16 characters `[a-z0-9]`, for names that must be new.
    pub nonce: String,
    /// When the run must have ended.
    pub deadline: Instant,
    /// The date at the start of the run.
    pub now: jiff::Timestamp,
    /// `User-Agent` of every request.
    pub user_agent: Arc<str>,
    /// Who is told of progress.
    pub watcher: Option<Watcher>,
}

/// All that a probe may touch.
pub struct Cx {
    parts: CxParts,
    started: Instant,
    stages: Vec<StageTime>,
    open: Option<(Stage, Instant)>,
    measurements: Vec<Measurement>,
    facts: BTreeMap<String, String>,
    evidence: VecDeque<String>,
    redactor: Redactor,
    suspicion: Option<(Reason, String)>,
    debts: u32,
    follow: Option<Follow>,
}

impl Cx {
    /// Starts the stopwatch of a run.
    pub fn new(parts: CxParts) -> Self {
        Self {
            parts,
            started: Instant::now(),
            stages: Vec::new(),
            open: None,
            measurements: Vec::new(),
            facts: BTreeMap::new(),
            evidence: VecDeque::new(),
            redactor: Redactor::default(),
            suspicion: None,
            debts: 0,
            follow: None,
        }
    }

    /// The door to the network.
    pub fn net(&self) -> Arc<dyn Net> {
        Arc::clone(&self.parts.net)
    }

    /// When the run must have ended.
    pub fn deadline(&self) -> Instant {
        self.parts.deadline
    }

    /// The date at the start of the run, for what is compared with dates (certificates). Durations use the stopwatch.
    pub fn now(&self) -> jiff::Timestamp {
        self.parts.now
    }

    /// Time left until the deadline; zero when it has passed.
    pub fn remaining(&self) -> Duration {
        self.parts.deadline.saturating_duration_since(Instant::now())
    }

    /// Time since the start of the run.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// A random word for names that must be new.
    pub fn nonce(&self) -> &str {
        &self.parts.nonce
    }

    /// `User-Agent` for every request.
    pub fn user_agent(&self) -> &str {
        &self.parts.user_agent
    }

    /// Closes the stage that is open and begins the next. Naming the open stage again changes nothing.
    pub fn stage(&mut self, stage: Stage) {
        if self.open.is_some_and(|(open, _)| open == stage) {
            return;
        }
        self.close_stage();
        self.open = Some((stage, Instant::now()));
        self.tell(&Progress::Stage(stage));
    }

    /// As [`Cx::stage`], for a stage that began a moment ago and even if it is open already.
    pub(crate) fn stage_at(&mut self, stage: Stage, since: Instant) {
        if let Some((open, from)) = self.open.take() {
            self.record_stage(open, from - self.started, since.saturating_duration_since(from));
        }
        self.open = Some((stage, since));
        self.tell(&Progress::Stage(stage));
    }

    /// Takes back the stage that is open: it turned out to be another.
    pub(crate) fn forget_stage(&mut self) {
        self.open = None;
    }

    /// The stage that is open.
    pub fn current_stage(&self) -> Option<Stage> {
        self.open.map(|(stage, _)| stage)
    }

    /// Closes the stage that is open, if any.
    pub fn close_stage(&mut self) {
        if let Some((stage, since)) = self.open.take() {
            self.record_stage(stage, since - self.started, since.elapsed());
        }
    }

    /// Adds a stage that was timed elsewhere (the network's own clock for resolve, connect and tls).
    pub fn record_stage(&mut self, stage: Stage, start: Duration, took: Duration) {
        self.stages.push(StageTime { stage, start, took });
    }

    /// Keeps a line as evidence (redacted, bounded; the oldest give way).
    pub fn line(&mut self, text: &str) {
        let clean = self.redactor.clean(text);
        if clean.is_empty() {
            return;
        }
        if self.evidence.len() == EVIDENCE_LINES {
            self.evidence.pop_front();
        }
        self.evidence.push_back(clean.clone());
        self.tell(&Progress::Line(clean));
    }

    /// A value that must never be seen in anything this run leaves behind.
    pub fn hide(&mut self, secret: &str) {
        self.redactor.hide(secret);
    }

    /// A name met on the way (`member`, `pod`, `node`, …); the last one counts.
    pub fn fact(&mut self, name: &str, value: &str) {
        let clean = self.redactor.clean(value);
        self.facts.insert(name.to_owned(), clean);
    }

    /// A number read on the way, in the base unit.
    pub fn measure(&mut self, name: impl Into<String>, value: f64) {
        self.measurements.push(Measurement { name: name.into(), value });
    }

    /// A line that already proves failure: tells the watcher at once and becomes the reason if the deadline passes.
    /// The first suspicion of a run stays.
    pub fn suspect(&mut self, reason: Reason, line: &str) {
        if self.suspicion.is_none() {
            let clean = self.redactor.clean(line);
            self.suspicion = Some((reason, clean.clone()));
            self.tell(&Progress::Suspect(reason, clean));
        }
    }

    /// Takes the suspicion back, because what came since shows that it was wrong.
    pub(crate) fn withdraw(&mut self) {
        if self.suspicion.take().is_some() {
            self.tell(&Progress::Withdrawn);
        }
    }

    /// Says that the launch waits for room in the cluster, or does so no longer.
    pub(crate) fn waits_for_node(&self, waits: bool) {
        self.tell(&Progress::WaitsForNode(waits));
    }

    /// The suspicion of this run.
    pub fn suspicion(&self) -> Option<(Reason, &str)> {
        self.suspicion.as_ref().map(|(r, l)| (*r, l.as_str()))
    }

    /// Writes down that a launch is about to be asked for. Call before the request.
    ///
    /// # Errors
    /// The ledger cannot write; do not launch.
    pub async fn begin_launch(&mut self, what: &str) -> Result<Launch, LedgerError> {
        let id = DebtId(format!("{}-{}", self.parts.run, self.debts));
        self.debts += 1;
        self.parts.ledger.begun(&id, what).await?;
        Ok(Launch { id, ledger: Arc::clone(&self.parts.ledger) })
    }

    /// Hands over work that goes on after the run: following a launch to its end. It is bounded by the service.
    pub fn follow(&mut self, work: Follow) {
        self.follow = Some(work);
    }

    /// Takes the work handed over by [`Cx::follow`].
    pub fn take_follow(&mut self) -> Option<Follow> {
        self.follow.take()
    }

    /// Ends the run as passed.
    pub fn passed(&mut self) -> Outcome {
        self.end(Verdict::Passed, None, String::new())
    }

    /// Ends the run as working but not well.
    pub fn degraded(&mut self, reason: Reason, summary: impl Into<String>) -> Outcome {
        self.end(Verdict::Degraded, Some(reason), summary.into())
    }

    /// Ends the run as failed, in the stage that is open.
    pub fn failed(&mut self, reason: Reason, summary: impl Into<String>) -> Outcome {
        self.end(Verdict::Failed, Some(reason), summary.into())
    }

    /// Ends the run as not counting: a fault of ours or a refusal by policy.
    pub fn unknown(&mut self, reason: Reason, summary: impl Into<String>) -> Outcome {
        self.end(Verdict::Unknown, Some(reason), summary.into())
    }

    /// Ends a run whose deadline has passed: with its suspicion if it has one, else as timed out.
    pub fn timed_out(&mut self) -> Outcome {
        let stage = self.current_stage().map_or_else(String::new, |s| format!(" in stage {s}"));
        let took = self.elapsed().as_secs_f64();
        match self.suspicion.clone() {
            Some((reason, line)) => self.failed(reason, line),
            None => self.failed(Reason::Timeout, format!("no result within {took:.1} s{stage}")),
        }
    }

    fn end(&mut self, verdict: Verdict, reason: Option<Reason>, summary: String) -> Outcome {
        let failed_stage = if verdict == Verdict::Passed { None } else { self.current_stage() };
        self.close_stage();
        Outcome {
            verdict,
            reason,
            failed_stage,
            summary: self.redactor.clean(&summary),
            stages: std::mem::take(&mut self.stages),
            measurements: std::mem::take(&mut self.measurements),
            facts: std::mem::take(&mut self.facts),
            evidence: std::mem::take(&mut self.evidence).into(),
        }
    }

    fn tell(&self, progress: &Progress) {
        if let Some(watcher) = &self.parts.watcher {
            watcher(progress);
        }
    }
}

/// A launch under way, as the ledger knows it. Dropping it changes nothing: the entry stays until it is settled.
#[derive(Clone)]
pub struct Launch {
    id: DebtId,
    ledger: Arc<dyn Ledger>,
}

impl Launch {
    /// The target named a server: from now on it will be shut down, whatever happens to us.
    ///
    /// # Errors
    /// The ledger cannot write.
    pub async fn told(&self, cleanup: &CleanUp) -> Result<(), LedgerError> {
        self.ledger.told(&self.id, cleanup).await
    }

    /// The server is gone, or there never was one.
    ///
    /// # Errors
    /// The ledger cannot write; the debt will be paid again, which is harmless.
    pub async fn settled(&self) -> Result<(), LedgerError> {
        self.ledger.settled(&self.id).await
    }
}
