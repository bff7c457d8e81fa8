//! The channels as they are now: one whose secret has changed is swapped while the service runs.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use launchwatch_alerts::Channel;
use secrecy::ExposeSecret;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Shared;
use crate::config::ChannelConfig;

/// How often secrets are read again without any other sign: files are replaced without a word.
const EVERY: Duration = Duration::from_secs(60);
/// They are read no more often than this, however many channels are refused.
const NO_SOONER: Duration = Duration::from_secs(15);

/// Reads the channels of the configuration again; may read files, and says why it cannot.
pub type Reload = Arc<dyn Fn() -> Result<Vec<ChannelConfig>, String> + Send + Sync>;

/// A channel, and a number that grows with each swap.
type Slot = (Arc<dyn Channel>, u64);

/// The channels by name.
pub(super) struct Channels {
    slots: RwLock<BTreeMap<String, Slot>>,
    asked: Notify,
}

impl Channels {
    pub(super) fn new(channels: &[ChannelConfig]) -> Self {
        let slot = |c: &ChannelConfig| (c.name.clone(), (Arc::clone(&c.channel), 0));
        Self { slots: RwLock::new(channels.iter().map(slot).collect()), asked: Notify::new() }
    }

    /// A channel as it is now, and how often it was swapped.
    pub(super) fn get(&self, name: &str) -> Option<Slot> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// A channel was refused: perhaps its secret has changed.
    pub(super) fn doubt(&self) {
        self.asked.notify_one();
    }

    /// Takes those over whose secrets are others now. Answers their names.
    pub(super) fn swap(&self, fresh: &[ChannelConfig]) -> Vec<String> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let mut swapped = Vec::new();
        for config in fresh {
            if let Some((channel, version)) = slots.get_mut(&config.name)
                && !same_secrets(channel.as_ref(), config.channel.as_ref())
            {
                *channel = Arc::clone(&config.channel);
                *version += 1;
                swapped.push(config.name.clone());
            }
        }
        swapped
    }
}

fn same_secrets(one: &dyn Channel, other: &dyn Channel) -> bool {
    let (one, other) = (one.secrets(), other.secrets());
    one.len() == other.len() && one.iter().zip(&other).all(|(a, b)| a.expose_secret() == b.expose_secret())
}

/// Reads the configuration again every minute, and soon after a channel was refused. While it cannot be read, nothing
/// changes.
pub(super) async fn reload_when_asked(shared: Arc<Shared>, reload: Reload) {
    let mut last: Option<Instant> = None;
    let mut said = String::new();
    loop {
        tokio::select! {
            biased; // two replays must agree
            _ = shared.tasks.stopped() => return,
            () = shared.channels.asked.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        let left =
            last.map_or(Duration::ZERO, |at| (at + NO_SOONER).saturating_duration_since(Instant::now()));
        tokio::select! {
            biased;
            _ = shared.tasks.stopped() => return,
            () = tokio::time::sleep(left) => {}
        }
        last = Some(Instant::now());
        let reading = Arc::clone(&reload);
        let fresh = tokio::task::spawn_blocking(move || reading()).await;
        match fresh.unwrap_or_else(|_| Err("reading it failed beyond words".into())) {
            Ok(fresh) => {
                said.clear();
                for name in shared.channels.swap(&fresh) {
                    tracing::info!(
                        channel.name = name,
                        "the channel has a new secret: from now on it is used"
                    );
                    shared.ring(&name);
                }
            }
            // Once for each reason, not every minute.
            Err(why) if why != said => {
                tracing::warn!("secrets cannot be read again, the channels stay as they are: {why}");
                said = why;
            }
            Err(_) => {}
        }
    }
}
