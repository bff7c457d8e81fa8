//! Rings when the service has another plan than the one we follow.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// The bell. Silent as long as nobody follows a plan.
#[derive(Debug, Default)]
pub(super) struct Bell {
    follows: Mutex<Option<String>>,
    rings: Notify,
}

impl Bell {
    /// The plan of this version is followed.
    pub(super) fn follow(&self, version: &str) {
        *self.follows.lock().unwrap_or_else(PoisonError::into_inner) = Some(version.to_owned());
    }

    /// The service says that the plan of this version holds.
    pub(super) fn heard(&self, version: &str) {
        let follows = self.follows.lock().unwrap_or_else(PoisonError::into_inner);
        if !version.is_empty() && follows.as_deref().is_some_and(|ours| ours != version) {
            self.rings.notify_one();
        }
    }

    /// Waits until it rings.
    pub(super) async fn rings(&self) {
        self.rings.notified().await;
    }
}
