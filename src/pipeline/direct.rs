//! Tells people while nothing can be written: straight from memory, by the one who decided, so that a later write does
//! not tell it again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use launchwatch_alerts::{Notification, NotificationId, Post, Receipt, courier};
use tokio::time::Instant;

use crate::config::ChannelConfig;

/// Judging waits for it, so it must not take long: what is not told by then is tried again with the next write.
const LIMIT: Duration = Duration::from_secs(10);

/// The channels, without the care that deliveries take (their pace, fallbacks, threads): better told plainly than not.
pub struct Direct {
    /// All channels.
    pub channels: Vec<ChannelConfig>,
    /// Where notifications leave.
    pub post: Arc<dyn Post>,
}

impl Direct {
    /// Tries to tell these; says what was taken by which channel.
    pub(super) async fn tell(&self, owed: &[Notification]) -> BTreeSet<(NotificationId, String)> {
        let until = Instant::now() + LIMIT;
        let told = join_all(self.channels.iter().map(|channel| self.through(channel, owed, until))).await;
        told.into_iter().flatten().collect()
    }

    /// One after the other, so that they arrive in order.
    async fn through(
        &self,
        channel: &ChannelConfig,
        owed: &[Notification],
        until: Instant,
    ) -> Vec<(NotificationId, String)> {
        let mut told = Vec::new();
        let mine = |n: &&Notification| {
            n.to.iter().any(|ear| ear.channel == channel.name && ear.not_before.is_none())
        };
        for notification in owed.iter().filter(mine) {
            let delivery = courier::deliver(channel.channel.as_ref(), notification, None, self.post.as_ref());
            match tokio::time::timeout_at(until, delivery).await {
                // Also when some recipients do not have it: the others must not get it every few seconds.
                Ok(Receipt::Delivered(_) | Receipt::Remarked { .. } | Receipt::Partly { .. }) => {
                    tracing::warn!(channel.name, notification.id = %notification.id, "told without being written");
                    told.push((notification.id.clone(), channel.name.clone()));
                }
                _ => break,
            }
        }
        told
    }
}
