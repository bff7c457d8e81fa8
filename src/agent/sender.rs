//! Brings what was seen to the service: oldest first, again and again until it has it, with pauses that grow.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::bell::Bell;
use super::client::{Client, Trouble};
use super::figures::Figures;
use super::outgoing::Outgoing;
use super::spool::Batch;
use crate::clock::Clock;
use crate::dice::Dice;
use crate::tasks::Tasks;
use crate::wire::{MOST_BYTES, MOST_OBSERVATIONS, Report, Sent, Taken};

/// With nothing to say, we say so this often: silence would be taken for our end.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// A token that opens nothing is tried again so soon.
const REFUSED: Duration = Duration::from_secs(30);
/// The last tries, when we are asked to stop.
const LAST: Duration = Duration::from_secs(5);
/// A clock that is further off than this is worth telling: the service takes nothing that lies in its future.
const CLOCK: u64 = 30_000;
/// Lines of the log about observations that were refused, for each report.
const LINES: usize = 5;

/// Who brings it.
pub(super) struct Sender {
    pub(super) client: Client,
    pub(super) out: Outgoing,
    pub(super) clock: Clock,
    pub(super) dice: Dice,
    pub(super) figures: Figures,
    pub(super) bell: Arc<Bell>,
    pub(super) mode: &'static str,
    pub(super) under_way: UnderWay,
}

/// What is being sent, and how much of it at once.
pub(super) struct UnderWay {
    batch: Option<Batch>,
    left: VecDeque<Sent>,
    limit: usize,
    backoff: Backoff,
    /// What kept us last, so that it is said once.
    said: String,
    /// Our clock is far off, and that was said.
    off: bool,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self {
            batch: None,
            left: VecDeque::new(),
            limit: MOST_OBSERVATIONS,
            backoff: Backoff::default(),
            said: String::new(),
            off: false,
        }
    }
}

impl Sender {
    /// Sends until it is asked to stop; then it tries to send what is left for a few seconds.
    pub(super) async fn run(mut self, tasks: Tasks) {
        let ours = async {
            loop {
                self.drain().await;
                tokio::select! {
                    biased; // two replays must agree
                    () = self.out.changed() => {}
                    () = tokio::time::sleep(SIGN_OF_LIFE) => {}
                }
            }
        };
        tokio::select! {
            biased;
            _ = tasks.stopped() => {}
            () = ours => {}
        }
        if tokio::time::timeout(LAST, self.empty()).await.is_err() || self.out.waiting().observations > 0 {
            let left = self.out.waiting().observations;
            tracing::info!("{left} observations could not be sent yet; they go first next time");
        }
    }

    /// Sends all there is, and lets time pass where it must; also without anything, once.
    async fn drain(&mut self) {
        loop {
            match self.one().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(trouble) => {
                    let pause = match &trouble {
                        Trouble::Later { after, .. } => self.under_way.backoff.failed(*after, &self.dice),
                        Trouble::Token(_) => self.under_way.backoff.failed(Some(REFUSED), &self.dice),
                        _ => self.under_way.backoff.failed(None, &self.dice),
                    };
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Sends all there is without waiting: until it is done, or something is in the way.
    async fn empty(&mut self) {
        while let Ok(true) = self.one().await {}
    }

    /// The same, with a few more tries until `deadline`.
    ///
    /// # Errors
    /// What was in the way last; what is left stays where it is.
    pub(super) async fn insist(&mut self, deadline: Instant) -> Result<(), Trouble> {
        loop {
            let trouble = match self.one().await {
                Ok(true) => continue,
                Ok(false) => return Ok(()),
                Err(trouble) => trouble,
            };
            let wished = if let Trouble::Later { after, .. } = &trouble { *after } else { None };
            let pause = self.under_way.backoff.failed(wished, &self.dice);
            if matches!(trouble, Trouble::Token(_)) || Instant::now() + pause > deadline {
                return Err(trouble);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends one report. True if there is more.
    async fn one(&mut self) -> Result<bool, Trouble> {
        if self.under_way.left.is_empty() {
            let batch = self.out.head(MOST_OBSERVATIONS, MOST_BYTES / 4 * 3).await;
            self.under_way.left = batch.observations.iter().cloned().collect();
            self.under_way.batch = Some(batch);
        }
        let count = self.under_way.left.len().min(self.under_way.limit);
        let observations: Vec<Sent> = self.under_way.left.iter().take(count).cloned().collect();
        let waiting = self.out.waiting();
        let report = Report {
            sent_at: Some(self.clock.now()),
            clock_ahead_ms: self.client.offset.ahead_ms(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: self.mode.to_owned(),
            waiting: waiting.observations.saturating_sub(count as u64),
            lost: waiting.lost,
            observations,
            suspects: self.out.suspects(),
        };
        match self.client.report(&report).await {
            Ok(taken) => {
                self.went_well(&taken);
                self.let_go(count).await;
                self.under_way.limit = (self.under_way.limit * 2).min(MOST_OBSERVATIONS);
                Ok(!self.under_way.left.is_empty() || self.out.waiting().observations > 0)
            }
            Err(trouble @ (Trouble::TooLarge | Trouble::Senseless(_))) => {
                self.figures.report("refused");
                self.make_smaller(count, &report, &trouble).await;
                Ok(count > 0)
            }
            Err(trouble) => {
                self.tell(&trouble);
                Err(trouble)
            }
        }
    }

    /// What cannot be taken at once is sent in parts; a single observation that cannot be taken at all goes.
    async fn make_smaller(&mut self, count: usize, report: &Report, trouble: &Trouble) {
        if count > 1 {
            self.under_way.limit = count.div_ceil(2);
            return;
        }
        // What stood beside it is for the moment anyway; if it was that, the observation gets through next time.
        if report.suspects.is_empty()
            && let Some(sent) = report.observations.first()
        {
            tracing::error!(
                "the service cannot take {} of {}: {trouble}; it is given up",
                sent.probe,
                sent.slot
            );
            self.figures.observations("refused", 1);
            self.let_go(1).await;
        }
    }

    fn went_well(&mut self, taken: &Taken) {
        self.under_way.backoff.well();
        self.figures.report("taken");
        self.figures.observations("taken", taken.taken);
        self.figures.observations("known", taken.known);
        self.figures.observations("refused", taken.refused.len() as u64);
        for refused in taken.refused.iter().take(LINES) {
            tracing::warn!(
                "the service does not want {} of {}: {}",
                refused.probe,
                refused.slot,
                refused.why
            );
        }
        let now = self.clock.now();
        let ahead = self.client.offset.ahead_ms();
        self.figures.reported(now, ahead);
        let off = ahead.is_some_and(|ahead| ahead.unsigned_abs() > CLOCK);
        if off && !std::mem::replace(&mut self.under_way.off, off) {
            let seconds = ahead.unwrap_or_default() / 1_000;
            tracing::error!("the clock of this machine is {seconds} s ahead of the service's: set it right");
        }
        self.under_way.off = off;
        self.figures.say(|said| {
            said.report_trouble.clear();
            said.reported = Some(now);
        });
        if !self.under_way.said.is_empty() {
            tracing::info!("reports get through to {} again", self.client.root());
            self.under_way.said.clear();
        }
        self.bell.heard(&taken.plan);
    }

    /// So many of those under way need not be sent again.
    async fn let_go(&mut self, count: usize) {
        self.under_way.left.drain(..count.min(self.under_way.left.len()));
        if self.under_way.left.is_empty()
            && let Some(batch) = self.under_way.batch.take()
        {
            self.out.taken(batch).await;
        }
        self.figures.waiting(self.out.waiting());
    }

    /// Says once what is in the way, and what to do about it.
    fn tell(&mut self, trouble: &Trouble) {
        let (result, kind) = match trouble {
            Trouble::Token(_) => ("token", "token"),
            Trouble::Later { .. } => ("later", "later"),
            _ => ("unreachable", "unreachable"),
        };
        self.figures.report(result);
        let words = match trouble {
            Trouble::Token(why) => format!(
                "{why}: the token of this agent is not good. Make one with `launchwatch token add --agent NAME` on \
                 the service, and give it to this agent; what is seen is kept meanwhile"
            ),
            other => format!("{other}; what is seen is kept meanwhile"),
        };
        self.figures.say(|said| said.report_trouble.clone_from(&words));
        if self.under_way.said == kind {
            tracing::debug!("{words}");
            return;
        }
        self.under_way.said = kind.to_owned();
        if matches!(trouble, Trouble::Token(_)) {
            tracing::error!("{words}");
        } else {
            tracing::warn!("{words}");
        }
    }
}
