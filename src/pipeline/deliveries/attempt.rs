//! One attempt, and what it means for the message and the channel.

use std::time::Duration;

use launchwatch_alerts::courier::{self, Backoff};
use launchwatch_alerts::{Receipt, Settled};
use tokio::time::Instant;

use super::stand::{given_up, pause};
use super::worker::Worker;
use crate::store::{DeliveryState, Owed, Settlement};

/// Deliveries handed over and not settled yet.
pub(super) struct Round {
    pub(super) settlements: Vec<Settlement>,
    /// Refused; whether by the fault of the channel depends on the next message.
    pub(super) suspect: Option<Settlement>,
    pub(super) began: Instant,
}

/// What an attempt came to.
pub(super) enum Came {
    Taken,
    Later { asked: Option<Duration>, all: bool },
    Refused,
}

impl Worker {
    /// One attempt.
    pub(super) async fn deliver(&mut self, owed: &Owed) -> (Settlement, Came) {
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
    pub(super) fn judge(
        &mut self,
        owed: &Owed,
        mut settlement: Settlement,
        came: &Came,
        round: &mut Round,
    ) -> bool {
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
    pub(super) fn broke(&mut self, mut settlement: Settlement, round: &mut Round) {
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
