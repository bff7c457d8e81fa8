//! What is on its way out: observations through the spool, suspects at once, and who is woken by them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::spool::{Batch, Spool, Waiting};
use crate::inbox::Suspect;
use crate::observation::{Observation, ProbeId};
use crate::wire::{Sent, SentSuspect};

/// Suspects that wait at most; they are for the moment.
const SUSPECTS: usize = 100;

/// The way out. Cheap to clone.
#[derive(Clone)]
pub struct Outgoing(Arc<Inner>);

struct Inner {
    /// Without one, nothing is sent: it is only looked at.
    spool: Option<Spool>,
    suspects: Mutex<Vec<SentSuspect>>,
    seen: Mutex<Option<Vec<Observation>>>,
    changed: Notify,
}

impl Outgoing {
    /// Through this spool. With `keeps`, what was seen can be asked for as well.
    pub fn new(spool: Option<Spool>, keeps: bool) -> Self {
        Self(Arc::new(Inner {
            spool,
            suspects: Mutex::default(),
            seen: Mutex::new(keeps.then(Vec::new)),
            changed: Notify::new(),
        }))
    }

    /// Takes what was seen; it is on disk when this ends, unless that cannot be.
    pub(super) async fn put(&self, seen: Vec<Observation>, now: Timestamp) {
        self.forget(&seen);
        let sent: Vec<Sent> = seen.iter().map(Sent::of).collect();
        if let Some(kept) = lock(&self.0.seen).as_mut() {
            kept.extend(seen);
        }
        let Some(spool) = self.0.spool.clone() else { return };
        match blocking(move || spool.put(sent, now)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::error!(%error, "observations cannot be written down; they are kept in memory");
            }
            None => tracing::error!("observations cannot be written down: the disk's thread ended"),
        }
        self.0.changed.notify_one();
    }

    /// Takes what a run that goes on has proved.
    pub(super) fn suspect(&self, suspect: Suspect) {
        let Suspect { probe, slot, began, reason, stage, line, withdrawn, .. } = suspect;
        let mut all = lock(&self.0.suspects);
        if all.len() == SUSPECTS {
            all.remove(0);
        }
        all.push(SentSuspect { probe, slot, began, reason, stage, line, withdrawn });
        drop(all);
        self.0.changed.notify_one();
    }

    /// A run that has ended proves nothing else.
    fn forget(&self, seen: &[Observation]) {
        let ended: BTreeMap<&ProbeId, Timestamp> = seen.iter().map(|o| (&o.probe, o.slot)).collect();
        lock(&self.0.suspects).retain(|s| ended.get(&s.probe).is_none_or(|slot| s.slot > *slot));
    }

    /// The suspects that wait; they are sent, or forgotten.
    pub(super) fn suspects(&self) -> Vec<SentSuspect> {
        std::mem::take(&mut *lock(&self.0.suspects))
    }

    /// The oldest observations that wait.
    pub(super) async fn head(&self, most: usize, bytes: usize) -> Batch {
        let Some(spool) = self.0.spool.clone() else { return Batch::default() };
        blocking(move || spool.head(most, bytes)).await.unwrap_or_default()
    }

    /// The service has these.
    pub(super) async fn taken(&self, batch: Batch) {
        if let Some(spool) = self.0.spool.clone() {
            blocking(move || spool.taken(&batch)).await;
        }
    }

    /// How much waits.
    pub fn waiting(&self) -> Waiting {
        self.0.spool.as_ref().map(Spool::waiting).unwrap_or_default()
    }

    /// What was seen, if that was asked for.
    pub(super) fn seen(&self) -> Vec<Observation> {
        lock(&self.0.seen).clone().unwrap_or_default()
    }

    /// Waits until there is something new.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does work that may wait for the disk. `None` if it panicked.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
