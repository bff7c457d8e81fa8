//! One channel's worker: takes up what is due, hands it over, settles.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::courier::{self, Backoff};
use launchwatch_alerts::{Receipt, Settled};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Shared;
use super::pace::Pace;
use super::stand::{given_up, pause};
use crate::config::ChannelConfig;
use crate::store::{DeliveryState, Error, Owed, Report, Settlement, Stand, Wanted};

/// Without any other sign, the outbox is looked at this often.
const LOOK: Duration = Duration::from_secs(30);
/// Deliveries taken up at once at most: so many are in memory, however many are owed.
const AT_ONCE: usize = 32;
/// What was sent this long ago is settled before more is sent: so much may come twice after a crash.
const SETTLE: Duration = Duration::from_millis(500);
/// A broken channel is tried with something it has not seen no more often than this.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// One channel's worker.
pub(super) struct Worker {
    shared: Arc<Shared>,
    name: String,
    fallback: Option<String>,
    bell: Arc<Notify>,
    pace: Pace,
    stand: Stand,
    /// Which secret was last tried.
    version: u64,
    tried_at: Option<Timestamp>,
}

/// Deliveries handed over and not settled yet.
struct Round {
    settlements: Vec<Settlement>,
    /// Refused; whether by the fault of the channel depends on the next message.
    suspect: Option<Settlement>,
    began: Instant,
}

/// What an attempt came to.
enum Came {
    Taken,
    Later { asked: Option<Duration>, all: bool },
    Refused,
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
            if due.is_empty() || self.shared.tasks.stopping() {
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
            if enough || self.shared.tasks.stopping() {
                break;
            }
            self.pace.take();
            let (settlement, came) = self.deliver(&owed).await;
            if !self.judge(&owed, settlement, &came, &mut round) {
                break;
            }
            if round.suspect.is_none() && round.began.elapsed() >= SETTLE {
                self.shared.store.settle(std::mem::take(&mut round.settlements), None).await?;
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
        let handed = self.shared.store.settle(settlements, Some(report)).await?;
        if let Some(fallback) = self.fallback.as_ref().filter(|_| handed > 0) {
            self.shared.ring(fallback);
        }
        Ok(())
    }

    /// One attempt.
    async fn deliver(&mut self, owed: &Owed) -> (Settlement, Came) {
        let mut n = owed.notification.clone();
        n.facts.instead_of.clone_from(&owed.instead_of);
        let Some((channel, _)) = self.shared.channels.get(&self.name) else {
            // Cannot be: the table has every channel that has a worker.
            return (self.blank(owed), Came::Later { asked: None, all: true });
        };
        let post = self.shared.edges.post.as_ref();
        let receipt =
            courier::deliver_rest(channel.as_ref(), &n, owed.thread.as_ref(), &owed.settled, post).await;
        let mut settlement = self.blank(owed);
        self.tried_at = Some(settlement.at);
        settlement.error = receipt.why().map(Into::into);
        let came = match receipt {
            Receipt::Delivered(message) | Receipt::Remarked { message, .. } => {
                settlement.state = DeliveryState::Delivered;
                settlement.message = message;
                Came::Taken
            }
            Receipt::Retry { after, .. } => {
                self.again(&mut settlement, owed, after);
                Came::Later { asked: after, all: after.is_none() || channel.waits_for_all() }
            }
            Receipt::Partly { after, settled, .. } => {
                self.again(&mut settlement, owed, after);
                settlement.settled = settled;
                Came::Taken
            }
            Receipt::Refused { .. } => {
                settlement.refused = true;
                Came::Refused
            }
        };
        (settlement, came)
    }

    /// What is written down if nothing else is known.
    fn blank(&self, owed: &Owed) -> Settlement {
        let at = self.shared.edges.clock.now();
        Settlement {
            notification: owed.notification.id.clone(),
            channel: self.name.clone(),
            state: DeliveryState::Owed,
            refused: false,
            next: at,
            message: None,
            settled: owed.settled.clone(),
            error: None,
            at,
        }
    }

    fn again(&self, settlement: &mut Settlement, owed: &Owed, after: Option<Duration>) {
        let pause = Backoff::default().next(owed.attempts + 1, after, self.shared.edges.dice.chance());
        settlement.next = settlement.at + pause;
    }

    /// Takes an attempt into account. False: nothing more is to be sent now.
    fn judge(&mut self, owed: &Owed, mut settlement: Settlement, came: &Came, round: &mut Round) -> bool {
        let now = settlement.at;
        let why = settlement.error.clone().unwrap_or_default();
        match came {
            Came::Taken => {
                if self.stand.broken.is_some() {
                    tracing::info!(channel.name = self.name, "the channel works again: its queue goes out");
                }
                self.stand.took(now);
                if settlement.state == DeliveryState::Delivered {
                    settlement.settled = Settled::default();
                }
                self.acquit(round);
                self.put(settlement, round);
                true
            }
            Came::Later { asked, all } => {
                if *all {
                    self.stand.held_off(now, *asked, self.shared.edges.dice.chance(), &why);
                }
                self.acquit(round);
                self.put(settlement, round);
                !all
            }
            Came::Refused => self.refused(owed, settlement, round),
        }
    }

    fn refused(&mut self, owed: &Owed, mut settlement: Settlement, round: &mut Round) -> bool {
        self.shared.channels.doubt();
        let now = settlement.at;
        if self.stand.broken.is_none() && self.stand.dislikes(owed) {
            settlement.next = now + pause(owed.refusals + 1);
            if given_up(owed, now) {
                settlement.state = DeliveryState::Refused;
            }
            self.put(settlement, round);
            return true;
        }
        if self.stand.broken.is_none() && round.suspect.is_none() {
            round.suspect = Some(settlement);
            return true;
        }
        if let Some(mut suspect) = round.suspect.take() {
            suspect.next = now;
            self.put(suspect, round);
        }
        self.broke(settlement, round);
        false
    }

    /// The channel refuses this, and so all: it waits with the channel.
    fn broke(&mut self, mut settlement: Settlement, round: &mut Round) {
        settlement.next = settlement.at;
        let why = settlement.error.clone().unwrap_or_default();
        if self.stand.broken.is_none() {
            let instead = self.fallback.as_deref().unwrap_or("nobody");
            tracing::error!(
                channel.name = self.name,
                "the channel is broken, {instead} tells in its place: {why}"
            );
        }
        self.stand.broke(settlement.at, &why);
        self.put(settlement, round);
    }

    /// The channel works, or at least does not refuse: what it refused before is tried again by itself.
    fn acquit(&self, round: &mut Round) {
        if let Some(mut suspect) = round.suspect.take() {
            suspect.next = suspect.at + pause(1);
            self.put(suspect, round);
        }
    }

    fn put(&self, settlement: Settlement, round: &mut Round) {
        let (name, id) = (self.name.as_str(), &settlement.notification);
        let why = settlement.error.as_deref().unwrap_or_default();
        let result = match settlement.state {
            DeliveryState::Refused => {
                tracing::error!(channel.name = name, notification.id = %id, "given up, the channel does not take this message: {why}");
                "given_up"
            }
            DeliveryState::Owed => {
                tracing::warn!(channel.name = name, notification.id = %id, again_at = %settlement.next, "not delivered yet: {why}");
                if settlement.refused { "refused" } else { "retry" }
            }
            _ => {
                tracing::info!(channel.name = name, notification.id = %id, why, "delivered");
                "delivered"
            }
        };
        self.shared.metrics.delivery(name, result);
        round.settlements.push(settlement);
    }
}
