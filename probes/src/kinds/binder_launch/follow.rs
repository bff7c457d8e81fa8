//! Follows a launch that was cut off before `ready` to its end: a server that still comes must be shut down.

use std::sync::Arc;
use std::time::Duration;

use super::watch::server_url;
use crate::hub::{BinderEvent, Phase};
use crate::sse::{Events, Item};
use crate::{CleanUp, Follow, Launch, Net, cleanup};

/// How long a server that came late is watched until it is gone; what is not gone then stays in the ledger.
const GONE_WITHIN: Duration = Duration::from_secs(90);

/// A launch cut off, with its stream still open.
pub(super) struct CutOff {
    pub(super) events: Events,
    pub(super) launch: Launch,
    pub(super) net: Arc<dyn Net>,
    pub(super) user_agent: String,
    pub(super) base: String,
}

impl CutOff {
    /// Reads on for at most `limit`, and never opens the stream again.
    ///
    /// A launch that ends without a server is settled. If the stream dies or the time is up, nobody knows whether a
    /// server still comes: the entry stays as it was begun, for the target's culler and our count.
    pub(super) fn follow(self, limit: Duration) -> Follow {
        Box::pin(async move {
            let _ = tokio::time::timeout(limit, self.read_on()).await;
        })
    }

    async fn read_on(mut self) {
        while let Ok(item) = self.events.next().await {
            let Item::Data(data) = item else { continue };
            let Ok(event) = BinderEvent::read(&data) else { continue };
            match event.phase() {
                Phase::Ready => return self.give_back(event).await,
                Phase::Failed => {
                    // Unwritten, it stays begun, which only means one more look at nothing.
                    let _ = self.launch.settled().await;
                    return;
                }
                _ => {}
            }
        }
    }

    async fn give_back(self, event: BinderEvent) {
        let url = event.url.as_deref().and_then(|url| server_url(&self.base, url));
        let (Some(url), Some(token)) = (url, event.token) else { return };
        let debt = CleanUp::Server { url, token };
        // Also when it cannot be written: then above all it must be paid now.
        let _ = self.launch.told(&debt).await;
        cleanup::pay_and_settle(&self.launch, &debt, &self.net, &self.user_agent, GONE_WITHIN).await;
    }
}
