//! The one way in to the recorder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use launchwatch_probes::{Reason, Stage};
use tokio::sync::mpsc;

use crate::observation::{Observation, ProbeId};

/// What can be put in.
#[derive(Debug)]
pub enum Letter {
    /// A run has ended.
    Observation(Observation),
    /// A run that goes on has already proved failure.
    Suspect(Suspect),
    /// Launchwatch about itself.
    Ourselves(Ourselves),
    /// Whether any of the witnesses answered just now: if none does, it is we who are cut off.
    Witnesses(bool),
}

/// What launchwatch says about itself: becomes a sample of the target [`launchwatch_alerts::OURSELVES`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ourselves {
    /// What it is about: `network`, `pace`, `store`, `channel-…`, `token-…`.
    pub probe: String,
    /// Whether it is in order.
    pub good: bool,
    /// One sentence for a person: what is wrong, and what to do.
    pub summary: String,
}

/// A run that goes on has already proved failure.
#[derive(Debug, Clone)]
pub struct Suspect {
    /// Which probe.
    pub probe: ProbeId,
    /// Where it runs.
    pub location: Arc<str>,
    /// The slot of the run.
    pub slot: Timestamp,
    /// When the run began.
    pub began: Timestamp,
    /// What the line proves.
    pub reason: Reason,
    /// In which stage it was seen.
    pub stage: Option<Stage>,
    /// The line, redacted.
    pub line: String,
}

/// The sending side. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Inbox(mpsc::Sender<Letter>, Drops);

/// How many letters were dropped because the inbox was full: the inbox itself cannot tell that through the inbox.
#[derive(Clone, Debug, Default)]
pub struct Drops(Arc<AtomicU64>);

impl Drops {
    /// Letters dropped since the start.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Letters that wait at most: minutes of results at the highest rates, so that a slow disk does not hold up probing.
/// What comes when the inbox is full is dropped and counted.
pub const CAPACITY: usize = 65_536;

/// The inbox and its other end.
pub fn inbox() -> (Inbox, mpsc::Receiver<Letter>) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    (Inbox(sender, Drops::default()), receiver)
}

impl Inbox {
    /// Puts a letter in without waiting. False if it was dropped: the inbox is full, or the recorder is gone.
    #[must_use]
    pub fn put(&self, letter: Letter) -> bool {
        let sent = self.0.try_send(letter);
        if let Err(mpsc::error::TrySendError::Full(_)) = &sent {
            self.1.0.fetch_add(1, Ordering::Relaxed);
        }
        sent.is_ok()
    }

    /// The count of what is dropped; holding it does not hold the inbox open.
    pub fn drops(&self) -> Drops {
        self.1.clone()
    }
}
