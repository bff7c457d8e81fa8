//! Looks that are wanted out of their time: the recorder rings, the runner of the probe hears it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::config::ProbeConfig;
use crate::observation::ProbeId;

/// The bells of all probes.
#[derive(Debug, Clone, Default)]
pub struct Asks(Arc<BTreeMap<ProbeId, Arc<Bell>>>);

impl Asks {
    /// A bell for each of these probes.
    pub fn of(probes: &[ProbeConfig]) -> Self {
        Self(Arc::new(probes.iter().map(|p| (p.id.clone(), Arc::default())).collect()))
    }

    /// Wants a probe to look at once; `why` is for people. Nothing happens where there is no such probe.
    pub fn ask(&self, probe: &ProbeId, why: &str) {
        if let Some(bell) = self.0.get(probe) {
            *bell.wish() = Some(why.into());
            bell.rings.notify_one();
        }
    }

    pub(super) fn bell(&self, probe: &ProbeId) -> Arc<Bell> {
        self.0.get(probe).cloned().unwrap_or_default()
    }
}

/// The bell of one probe: it rings until it is heard or hushed.
#[derive(Debug, Default)]
pub(super) struct Bell {
    wish: Mutex<Option<Arc<str>>>,
    rings: Notify,
}

impl Bell {
    /// Waits for the next wish, and takes it.
    pub(super) async fn heard(&self) -> Arc<str> {
        loop {
            self.rings.notified().await;
            if let Some(why) = self.wish().take() {
                return why;
            }
        }
    }

    /// What was wanted until now has been seen.
    pub(super) fn hush(&self) {
        *self.wish() = None;
    }

    fn wish(&self) -> std::sync::MutexGuard<'_, Option<Arc<str>>> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
