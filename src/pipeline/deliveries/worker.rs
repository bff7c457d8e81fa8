//! One channel's worker: takes up what is due, hands it over, settles.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Shared;
use super::attempt::{Came, Round};
use super::pace::Pace;
use crate::config::ChannelConfig;
use crate::store::{Error, Owed, Report, Settlement, Stand, Wanted};

/// Without any other sign, the outbox is looked at this often.
const LOOK: Duration = Duration::from_secs(30);
/// Deliveries taken up at once at most: so many are in memory, however many are owed.
const AT_ONCE: usize = 32;
/// What was sent this long ago is settled before more is sent: so much may come twice after a crash.
const SETTLE: Duration = Duration::from_millis(500);
/// While nothing may be sent, it is looked this often whether it may.
const WITHOUT_RIGHT: Duration = Duration::from_millis(500);
/// A broken channel is tried with something it has not seen no more often than this.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// One channel's worker.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) name: String,
    pub(super) fallback: Option<String>,
    bell: Arc<Notify>,
    pace: Pace,
    pub(super) stand: Stand,
    /// Which secret was last tried.
    version: u64,
    pub(super) tried_at: Option<Timestamp>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, channel: &ChannelConfig) -> Self {
        let mut stand = shared.stand(&channel.name);
        if stand.broken.is_some() {
            // Whoever restarts us may have mended it.
            stand.not_before = None;
        }
        let bell = shared.bells.get(&channel.name).cloned().unwrap_or_default();
        Self {
            name: channel.name.clone(),
            fallback: channel.fallback.clone().filter(|f| *f != channel.name),
            bell,
            pace: Pace::new(channel.per_minute),
            stand,
            version: 0,
            tried_at: None,
            shared,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let pause = match self.rounds().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(channel.name = self.name, %error, "deliveries stand still; they may be repeated");
                    LOOK
                }
            };
            tokio::select! {
               biased; // on a stop, what is owed stays in the store and goes out at the next start
                _ = self.shared.tasks.stopped() => return,
                () = self.bell.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Delivers what is due and says how long to wait for the next.
    async fn rounds(&mut self) -> Result<Duration, Error> {
        loop {
            if !self.shared.right.holds() {
                return Ok(WITHOUT_RIGHT);
            }
            let now = self.shared.edges.clock.now();
            self.notice_secret();
            if self.stand.broken.is_some() && self.fallback.is_some() {
                // What has become owed since it broke.
                self.settle(Vec::new()).await?;
            }
            if let Some(wait) = self.waits(now).await? {
                return Ok(wait);
            }
            let due = self.due(now).await?;
            if due.is_empty() || !self.shared.may_send() {
                return self.until_next(now).await;
            }
            self.carry(due, now).await?;
        }
    }

    /// A broken channel with another secret is tried at once.
    fn notice_secret(&mut self) {
        let version = self.shared.channels.get(&self.name).map_or(0, |(_, version)| version);
        if version != self.version {
            self.version = version;
            self.stand.not_before = None;
        }
    }

    /// How long nothing may be sent, if so.
    async fn waits(&mut self, now: Timestamp) -> Result<Option<Duration>, Error> {
        let left = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
        if let Some(at) = self.stand.not_before.filter(|at| *at > now) {
            let fresh_at = self.tried_at.map_or(now, |tried| tried + FRESH);
            let may_try = self.stand.broken.is_some() && fresh_at <= now;
            if !may_try || self.owed(now, 1, Wanted::NeverRefused).await?.is_empty() {
                return Ok(Some(left(at).min(LOOK)));
            }
        }
        let wait = self.pace.wait();
        Ok((!wait.is_zero()).then_some(wait))
    }

    async fn owed(&self, now: Timestamp, limit: usize, wanted: Wanted) -> Result<Vec<Owed>, Error> {
        self.shared.store.owed(&self.name, now, limit, wanted).await
    }

    /// What to hand over now; one more than may be, for a second opinion.
    async fn due(&mut self, now: Timestamp) -> Result<Vec<Owed>, Error> {
        if self.stand.broken.is_none() {
            let limit = self.pace.tokens().min(AT_ONCE);
            return self.owed(now, limit + 1, Wanted::Due).await;
        }
        let fresh = self.owed(now, 1, Wanted::NeverRefused).await?;
        if fresh.is_empty() { self.owed(now, 1, Wanted::Due).await } else { Ok(fresh) }
    }

    async fn until_next(&self, now: Timestamp) -> Result<Duration, Error> {
        let next = self.shared.store.next_owed(&self.name).await?;
        Ok(next.map_or(LOOK, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default()).min(LOOK))
    }

    async fn carry(&mut self, due: Vec<Owed>, now: Timestamp) -> Result<(), Error> {
        let limit = self.pace.tokens().clamp(1, AT_ONCE);
        let which = due.iter().map(|o| o.notification.id.clone()).collect();
        self.shared.store.begin(&self.name, which, now).await?;
        let mut round = Round { settlements: Vec::new(), suspect: None, began: Instant::now() };
        for (sent, owed) in due.into_iter().enumerate() {
            let enough = sent >= limit && round.suspect.is_none();
            if enough || !self.shared.may_send() {
                break;
            }
            self.pace.take();
            let (settlement, came) = self.deliver(&owed).await;
            if matches!(came, Came::Later { .. }) && !self.shared.right.holds() {
                // Cut off because we no longer lead: that says nothing of the channel, and it stays owed.
                break;
            }
            if !self.judge(&owed, settlement, &came, &mut round) {
                break;
            }
            if round.suspect.is_none() && round.began.elapsed() >= SETTLE {
                self.shared.settle(std::mem::take(&mut round.settlements), None).await?;
                round.began = Instant::now();
            }
        }
        if let Some(suspect) = round.suspect.take() {
            // There is no other to tell by.
            self.broke(suspect, &mut round);
        }
        self.settle(round.settlements).await
    }

    async fn settle(&mut self, settlements: Vec<Settlement>) -> Result<(), Error> {
        let at = self.shared.edges.clock.now();
        let report = Report {
            channel: self.name.clone(),
            stand: self.stand.clone(),
            fallback: self.fallback.clone(),
            at,
        };
        self.shared.set_stand(&self.name, self.stand.clone());
        let handed = self.shared.settle(settlements, Some(report)).await?;
        if let Some(fallback) = self.fallback.as_ref().filter(|_| handed > 0) {
            self.shared.ring(fallback);
        }
        Ok(())
    }
}
