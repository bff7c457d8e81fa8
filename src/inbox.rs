//! The one way in to the recorder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use launchwatch_alerts::{Command, Disobeyed, Standing};
use launchwatch_probes::{Reason, Stage};
use tokio::sync::{mpsc, oneshot};

use crate::observation::{Observation, ProbeId};

/// What can be put in.
#[derive(Debug)]
pub enum Letter {
    /// A run has ended.
    Observation(Observation),
    /// Runs of others have ended: of agents, cron jobs, or whoever tells us by HTTP. They may be old, and may come twice.
    Reported {
        /// Oldest first, as they arrived.
        observations: Vec<Observation>,
        /// Told, when they are durable, which of them were new; dropped when that cannot be.
        answer: oneshot::Sender<Vec<bool>>,
    },
    /// A run that goes on has already proved failure.
    Suspect(Suspect),
    /// Launchwatch about itself.
    Ourselves(Ourselves),
    /// Whether any of the witnesses answered just now: if none does, it is we who are cut off.
    Witnesses(bool),
    /// Somebody wants something.
    Command {
        /// What.
        command: Command,
        /// Who, and how we know.
        caller: Caller,
        /// Told when what came of it is durable; dropped when that cannot be.
        answer: oneshot::Sender<Result<(), Disobeyed>>,
    },
    /// An agent has reported to this process: who leads must know that it is there.
    Heard {
        /// The name of its location.
        location: Arc<str>,
        /// What it said of itself, as it travels.
        word: serde_json::Value,
    },
    /// Somebody asks why rules do or do not fire: only the engine knows.
    Why {
        /// At most so many series a rule.
        most: usize,
        /// Who waits for the answer.
        answer: oneshot::Sender<Vec<Standing>>,
    },
}

/// Who commands, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub who: String,
    /// How we know: `session`, `token`, `service token`, `chat`.
    pub via: &'static str,
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
    /// It turned out otherwise: what was said of this run before counts no longer.
    pub withdrawn: bool,
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

    /// The door for people. It does not keep the inbox open: who has it need not end before the recorder can.
    pub fn orders(&self) -> Orders {
        Orders(self.0.downgrade())
    }
}

/// The door of the inbox through which people speak. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Orders(mpsc::WeakSender<Letter>);

/// Why a command did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// Nobody can take it: the inbox is full, or the service stops.
    #[error("launchwatch cannot take it in just now; try again")]
    TryAgain,
    /// It was taken in, but could not be written down before the service stopped.
    #[error("it could not be written down; look whether it was done before you repeat it")]
    Lost,
    /// The engine says no.
    #[error(transparent)]
    Disobeyed(#[from] Disobeyed),
}

impl Orders {
    /// Hands the command of somebody over (`via` says how we know who it is, for the record), and waits until what it changed is durable. Takes as long as the store does: the caller
    /// sets the limit, and a command that was taken in is obeyed even if nobody waits any more.
    ///
    /// # Errors
    /// See [`NotDone`].
    pub async fn give(&self, command: Command, via: &'static str) -> Result<(), NotDone> {
        let (answer, answered) = oneshot::channel();
        let caller = Caller { who: command.by().to_owned(), via };
        let letter = Letter::Command { command, caller, answer };
        if !self.put(letter) {
            return Err(NotDone::TryAgain);
        }
        Ok(answered.await.map_err(|_| NotDone::Lost)??)
    }

    /// Hands over what others saw, oldest first, and waits until it is durable: answers which of it was new. The caller
    /// sets the limit of time.
    ///
    /// # Errors
    /// Nobody can take it just now, or it could not be written down: sending it again is harmless.
    pub async fn report(&self, observations: Vec<Observation>) -> Result<Vec<bool>, NotDone> {
        let (answer, answered) = oneshot::channel();
        let letter = Letter::Reported { observations, answer };
        if !self.put(letter) {
            return Err(NotDone::TryAgain);
        }
        answered.await.map_err(|_| NotDone::TryAgain)
    }

    /// Hands over what a run elsewhere seems to prove that still goes on. False if it was dropped: the run's end will
    /// tell.
    pub fn suspect(&self, suspect: Suspect) -> bool {
        self.put(Letter::Suspect(suspect))
    }

    /// An agent was heard of. Where this process leads, it knows already.
    pub fn heard(&self, location: &Arc<str>, word: serde_json::Value) {
        // Another word follows soon.
        let _put = self.put(Letter::Heard { location: Arc::clone(location), word });
    }

    fn put(&self, letter: Letter) -> bool {
        self.0.upgrade().is_some_and(|sender| sender.try_send(letter).is_ok())
    }

    /// How every rule stands, with at most so many series each. The caller sets the limit of time.
    ///
    /// # Errors
    /// Nobody can answer just now.
    pub async fn why(&self, most: usize) -> Result<Vec<Standing>, NotDone> {
        let (answer, answered) = oneshot::channel();
        if !self.put(Letter::Why { most, answer }) {
            return Err(NotDone::TryAgain);
        }
        answered.await.map_err(|_| NotDone::TryAgain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::EndSilence { id: "s".into(), by: "ada".into() }
    }

    #[tokio::test]
    async fn a_full_inbox_and_one_that_is_gone_say_try_again() {
        let (sender, mut letters) = mpsc::channel(1);
        let inbox = Inbox(sender, Drops::default());
        let orders = inbox.orders();
        let (answer, _) = oneshot::channel();
        let caller = Caller { who: "ada".into(), via: "chat" };
        assert!(inbox.put(Letter::Command { command: command(), caller, answer }));
        assert_eq!(orders.give(command(), "chat").await, Err(NotDone::TryAgain));
        drop(inbox);
        assert!(letters.recv().await.is_some());
        assert!(letters.recv().await.is_none(), "the door for people keeps the inbox open");
        assert_eq!(orders.give(command(), "chat").await, Err(NotDone::TryAgain));
    }

    #[tokio::test]
    async fn what_was_taken_in_and_never_answered_is_lost() {
        let (inbox, mut letters) = inbox();
        let orders = inbox.orders();
        let (given, ()) =
            futures::join!(orders.give(command(), "chat"), async { drop(letters.recv().await) });
        assert_eq!(given, Err(NotDone::Lost));
    }
}
