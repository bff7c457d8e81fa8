//! The one way in to the recorder.

use std::sync::Arc;

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
    /// How a part of ourselves stands.
    Ourselves(Ourselves),
}

/// How a part of ourselves stands: a series of the target that stands for launchwatch itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ourselves {
    /// Which part: `channel-<name>`, `outbox`, …
    pub probe: String,
    /// Whether it works.
    pub good: bool,
    /// What is wrong, in one sentence.
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
pub struct Inbox(mpsc::Sender<Letter>);

/// Letters that wait at most: minutes of results at the highest rates, so that a slow disk does not hold up probing.
/// What comes when the inbox is full is dropped and counted.
pub const CAPACITY: usize = 65_536;

/// The inbox and its other end.
pub fn inbox() -> (Inbox, mpsc::Receiver<Letter>) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    (Inbox(sender), receiver)
}

impl Inbox {
    /// Puts a letter in without waiting. False if it was dropped: the inbox is full, or the recorder is gone.
    #[must_use]
    pub fn put(&self, letter: Letter) -> bool {
        self.0.try_send(letter).is_ok()
    }
}
