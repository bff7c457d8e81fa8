//! From what is owed to what was taken: one worker a channel, so that a slow one holds up nobody else.
//!
//! # How a channel stands
//! * **works**: what is due goes out, the oldest first, one message of an incident at a time, no faster than
//!   `per_minute`.
//! * **waits**: the service asked for time (429 with `Retry-After`: all of the channel waits), or does not answer (all
//!   of it waits, twice as long each time, a minute at most; another message is tried each time, so that one that
//!   cannot be told does not hold up the others).
//! * **broken**: the service refuses (wrong credentials, no such room). What is owed stays owed; one message is tried
//!   after 1, 5, 15 and then every 30 minutes, and at once when the channel's secret has changed or with a message that
//!   it has not seen yet. Meanwhile the fallback tells. When the channel takes a message again, all of its queue goes
//!   out: at most one message an incident, since later ones take the place of earlier ones.
//!
//! # A message that is refused
//! is only the fault of the channel if another one is refused as well, or there is none to try. Where another one is
//! taken, it is the message that the service does not like: the fallback tells it, the others go on, and after five
//! refusals or a day it is given up, on record as `refused`.
//!
//! Before messages are handed over, the store notes that they are (once for all of a round); what it finds so after a
//! crash is tried again and marked as a possible duplicate.

mod attempt;
mod channels;
pub(super) mod pace;
mod stand;
#[cfg(test)]
mod tests;
mod watch;
mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use self::channels::Channels;
pub use self::channels::Reload;
pub use self::watch::Stuck;
use super::board::SharedBoard;
use super::tape::Event;
use crate::config::ChannelConfig;
use crate::edges::Edges;
use crate::inbox::Inbox;
use crate::lead::Right;
use crate::store::{Error, Report, Settlement, Stand, Store};
use crate::tasks::{OnExit, Tasks};
use crate::telemetry::Metrics;

/// What deliveries work with.
pub struct Desk {
    /// All tasks.
    pub tasks: Tasks,
    /// Doors to the outside.
    pub edges: Edges,
    /// Where what is owed stands.
    pub store: Arc<dyn Store>,
    /// Counts.
    pub metrics: Metrics,
    /// Rung when something new is owed.
    pub owed: Arc<Notify>,
    /// Rung when there may be a mail to subscribers.
    pub mails: Arc<Notify>,
    /// Where the recorder is told how channels stand.
    pub inbox: Inbox,
    /// Reads the channels of the configuration again; `None` where there is none to read.
    pub reload: Option<Reload>,
    /// Set while nobody can be told of anything.
    pub stuck: Stuck,
    /// Where it is shown how channels stand and what becomes of deliveries.
    pub board: SharedBoard,
    /// Nothing is sent while it does not hold.
    pub right: Right,
}

/// What the workers share.
struct Shared {
    right: Right,
    board: SharedBoard,
    tasks: Tasks,
    edges: Edges,
    store: Arc<dyn Store>,
    metrics: Metrics,
    channels: Channels,
    stands: Mutex<BTreeMap<String, Stand>>,
    /// By channel: wakes its worker.
    bells: BTreeMap<String, Arc<Notify>>,
}

/// The channels as they are now, secrets that changed included.
#[derive(Clone)]
pub struct Current(Arc<Shared>);

impl Current {
    /// Whether anything may be sent now.
    pub(in crate::pipeline) fn may_send(&self) -> bool {
        self.0.may_send()
    }

    /// What it takes to send by them: tasks, doors, store and counts.
    pub(in crate::pipeline) fn doors(&self) -> (Tasks, Edges, Arc<dyn Store>, Metrics) {
        let Shared { tasks, edges, store, metrics, .. } = &*self.0;
        (tasks.clone(), edges.clone(), Arc::clone(store), metrics.clone())
    }

    /// The relay of a channel of mails.
    pub fn relay(&self, channel: &str) -> Option<launchwatch_alerts::Relay> {
        self.0.channels.get(channel).and_then(|(channel, _)| channel.relay())
    }
}

impl Shared {
    /// Whether anything may be begun: what is owed stays owed until then.
    fn may_send(&self) -> bool {
        self.right.holds() && !self.tasks.stopping()
    }

    fn ring(&self, channel: &str) {
        if let Some(bell) = self.bells.get(channel) {
            bell.notify_one();
        }
    }

    fn stand(&self, channel: &str) -> Stand {
        let stands = self.stands.lock().unwrap_or_else(PoisonError::into_inner);
        stands.get(channel).cloned().unwrap_or_default()
    }

    /// Writes down what came of deliveries, and tells those who follow along.
    async fn settle(&self, settlements: Vec<Settlement>, report: Option<Report>) -> Result<usize, Error> {
        let settled: Vec<Event> = settlements.iter().map(Event::settled).collect();
        let handed = self.store.settle(settlements, report).await?;
        self.board.tape().write(settled);
        Ok(handed)
    }

    fn set_stand(&self, channel: &str, stand: Stand) {
        if self.board.read().channels.get(channel) != Some(&stand) {
            self.board.write(|board| board.channels.insert(channel.to_owned(), stand.clone()));
        }
        let mut stands = self.stands.lock().unwrap_or_else(PoisonError::into_inner);
        stands.insert(channel.to_owned(), stand);
    }
}

/// Starts a worker for every channel, one that wakes them all, one that tells how they stand, and one that looks for
/// changed secrets.
///
/// # Errors
/// The store cannot be read.
pub async fn start(desk: Desk, channels: &[ChannelConfig]) -> Result<Current, crate::store::Error> {
    let Desk { tasks, edges, store, metrics, owed, mails, inbox, reload, stuck, board, right } = desk;
    let (stands, given_up) = store.resume(channels.iter().map(|c| c.name.clone()).collect()).await?;
    if given_up > 0 {
        tracing::warn!(count = given_up, "messages of channels that are no longer configured are given up");
    }
    let shared = Arc::new(Shared {
        right,
        board,
        tasks: tasks.clone(),
        edges,
        store,
        metrics,
        channels: Channels::new(channels),
        stands: Mutex::new(stands),
        bells: channels.iter().map(|c| (c.name.clone(), Arc::default())).collect(),
    });
    for channel in channels {
        let worker = worker::Worker::new(Arc::clone(&shared), channel);
        tasks.spawn(format!("deliveries/{}", channel.name), OnExit::Fine, worker.run());
    }
    if let Some(reload) = reload {
        let reloading = channels::reload_when_asked(Arc::clone(&shared), reload);
        tasks.spawn("channels", OnExit::Fine, reloading);
    }
    let names = channels.iter().map(|c| c.name.clone()).collect();
    tasks.spawn("standing", OnExit::Fine, watch::run(Arc::clone(&shared), inbox, names, stuck));
    let (ringing, ringing_for) = (tasks.clone(), Arc::clone(&shared));
    tasks.spawn("deliveries", OnExit::Fine, async move {
        loop {
            tokio::select! {
                biased; // two replays must agree
                _ = ringing.stopped() => return,
                () = owed.notified() => {
                    ringing_for.bells.values().for_each(|b| b.notify_one());
                    mails.notify_one();
                }
            }
        }
    });
    Ok(Current(shared))
}
