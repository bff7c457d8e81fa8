//! From what is owed to what was taken: one worker a channel, so that a slow one holds up nobody else.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::courier::{self, Backoff};
use launchwatch_alerts::{Receipt, Settled};
use tokio::sync::Notify;

use crate::config::ChannelConfig;
use crate::edges::Edges;
use crate::store::{DeliveryState, Owed, Settlement, Store};
use crate::tasks::{OnExit, Tasks};
use crate::telemetry::Metrics;

/// Without any other sign, the outbox is looked at this often.
const LOOK: Duration = Duration::from_secs(30);
/// Deliveries taken up at once.
const AT_ONCE: usize = 32;

/// Starts a worker for every channel, and one that wakes them all.
pub fn start(
    tasks: &Tasks,
    edges: &Edges,
    store: &Arc<dyn Store>,
    metrics: &Metrics,
    owed: Arc<Notify>,
    channels: &[ChannelConfig],
) {
    let mut bells = Vec::new();
    for channel in channels {
        let bell = Arc::new(Notify::new());
        bells.push(Arc::clone(&bell));
        let worker = Worker {
            edges: edges.clone(),
            store: Arc::clone(store),
            metrics: metrics.clone(),
            channel: channel.clone(),
            tasks: tasks.clone(),
            bell,
        };
        tasks.spawn(format!("deliveries/{}", channel.name), OnExit::Fine, worker.run());
    }
    let ringing = tasks.clone();
    tasks.spawn("deliveries", OnExit::Fine, async move {
        loop {
            tokio::select! {
                biased; // two replays must agree
                _ = ringing.stopped() => return,
                () = owed.notified() => bells.iter().for_each(|b| b.notify_one()),
            }
        }
    });
}

struct Worker {
    edges: Edges,
    store: Arc<dyn Store>,
    metrics: Metrics,
    channel: ChannelConfig,
    tasks: Tasks,
    bell: Arc<Notify>,
}

impl Worker {
    async fn run(self) {
        loop {
            let pause = self.round().await;
            tokio::select! {
               biased; // on a stop, what is owed stays in the store and goes out at the next start
                _ = self.tasks.stopped() => return,
                () = self.bell.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Delivers what is due and says how long to wait for the next.
    async fn round(&self) -> Duration {
        loop {
            let now = self.edges.clock.now();
            let due = match self.store.owed(&self.channel.name, now, AT_ONCE).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::error!(%error, "cannot read what is owed");
                    return LOOK;
                }
            };
            if due.is_empty() || self.tasks.stopping() {
                return self.until_next(now).await;
            }
            let mut settlements = Vec::with_capacity(due.len());
            for owed in &due {
                settlements.push(self.deliver(owed).await);
            }
            if let Err(error) = self.store.settle(settlements).await {
                tracing::error!(%error, "cannot write down deliveries; they may be repeated");
                return LOOK;
            }
        }
    }

    async fn until_next(&self, now: Timestamp) -> Duration {
        let next = self.store.next_owed(&self.channel.name).await.ok().flatten();
        if let Ok(outbox) = self.store.outbox().await {
            let age = |at: Timestamp| Duration::try_from(now.duration_since(at)).unwrap_or_default();
            self.metrics.outbox(outbox.owed, outbox.oldest.map(age));
        }
        next.map_or(LOOK, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default()).min(LOOK)
    }

    async fn deliver(&self, owed: &Owed) -> Settlement {
        let n = &owed.notification;
        let (channel, post) = (self.channel.channel.as_ref(), self.edges.post.as_ref());
        let receipt = courier::deliver_rest(channel, n, owed.thread.as_ref(), &owed.settled, post).await;
        let at = self.edges.clock.now();
        let mut settlement = Settlement {
            notification: n.id.clone(),
            channel: self.channel.name.clone(),
            state: DeliveryState::Delivered,
            next: at,
            message: None,
            settled: Settled::default(),
            error: None,
            at,
        };
        settlement.error = receipt.why().map(Into::into);
        let result = match receipt {
            Receipt::Delivered(message) | Receipt::Remarked { message, .. } => {
                settlement.message = message;
                "delivered"
            }
            Receipt::Retry { after, .. } => {
                self.again(&mut settlement, owed, after);
                "retry"
            }
            Receipt::Partly { after, settled, .. } => {
                self.again(&mut settlement, owed, after);
                settlement.settled = settled;
                "partly"
            }
            Receipt::Refused { .. } => {
                settlement.state = DeliveryState::Refused;
                "refused"
            }
        };
        self.say(&settlement, result);
        settlement
    }

    fn again(&self, settlement: &mut Settlement, owed: &Owed, after: Option<Duration>) {
        let pause = Backoff::default().next(owed.attempts + 1, after, self.edges.dice.chance());
        settlement.state = DeliveryState::Owed;
        settlement.next = settlement.at + pause;
        settlement.settled = owed.settled.clone();
    }

    fn say(&self, settlement: &Settlement, result: &'static str) {
        let (name, id) = (self.channel.name.as_str(), &settlement.notification);
        self.metrics.delivery(name, result);
        let why = settlement.error.as_deref().unwrap_or_default();
        match settlement.state {
            DeliveryState::Refused => {
                tracing::error!(channel.name = name, notification.id = %id, "the channel refuses the message: {why}");
            }
            DeliveryState::Owed => {
                tracing::warn!(channel.name = name, notification.id = %id, again_at = %settlement.next, "not delivered yet: {why}");
            }
            _ => tracing::info!(channel.name = name, notification.id = %id, why, "delivered"),
        }
    }
}
