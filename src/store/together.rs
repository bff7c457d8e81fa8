//! Several replicas on one store: who leads, what the others leave for the leader, what was recorded since.
//!
//! # The lease
//! One row, judged by the database's clock. Each time that it goes to somebody else, or comes back to somebody who had
//! lost it, its *epoch* grows; what is written under an older epoch is refused ([`Error::Deposed`]).
//!
//! # The letter box
//! Followers leave what they were asked for; the leader takes letters in order, marks them as taken *before* it obeys,
//! and answers. So a command is obeyed once: if the leader dies in between, whoever waits hears that it is not known
//! what became of it. Reports are the exception: they are harmless to repeat, so the next leader takes them again.

pub mod memory;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::{Error, Store};
use crate::observation::Observation;

/// What is not taken for this long, nobody waits for any more: it is not obeyed. Reports are, however old.
pub const STALE: Duration = Duration::from_secs(30);
/// Letters that are answered, or that nobody waits for, are dropped after so long.
pub const KEPT: Duration = Duration::from_mins(10);

/// What came of asking for the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// It is ours.
    Ours {
        /// Under which epoch.
        epoch: i64,
    },
    /// Another one has it.
    Theirs {
        /// Who.
        holder: String,
        /// How long it goes on if it is not renewed.
        left: Duration,
    },
}

/// What a letter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody wants something: obeyed once, or not at all.
    Command,
    /// Runs of others have ended: may be taken again.
    Report,
    /// Somebody asks: changes nothing.
    Question,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Command, Self::Report, Self::Question];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Report => "report",
            Self::Question => "question",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A letter for the leader.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// Its name: leaving it twice leaves one.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub body: Value,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// Nobody has taken it yet.
    Waiting,
    /// The leader has taken it and has not answered yet.
    Taken,
    /// Whoever had taken it leads no more, and did not answer.
    Lost,
    /// Answered.
    Answered(Value),
    /// There is none, or no longer.
    Gone,
}

/// What was recorded since.
#[derive(Debug, Clone, Default)]
pub struct Since {
    /// In the order in which they were recorded.
    pub observations: Vec<Observation>,
    /// Where to go on.
    pub cursor: i64,
}

/// What replicas do together. Every implementation passes the same conformance suite.
#[async_trait]
pub trait Together: Send + Sync {
    /// Takes the lease for `length` if it is free, or renews it if `holder` has it under the epoch `held`, also when it
    /// has ended and nobody else took it. By the database's clock.
    async fn lease(&self, holder: &str, held: Option<i64>, length: Duration) -> Result<Lease, Error>;

    /// Gives the lease back, so that another one need not wait for its end.
    async fn give_back(&self, holder: &str, epoch: i64) -> Result<(), Error>;

    /// The store for one term: what it writes is refused when the lease has another epoch. `None`: for one who follows,
    /// and writes nothing but what everybody may (sessions, tokens, wishes of subscribers).
    fn store(&self, epoch: Option<i64>) -> Arc<dyn Store>;

    /// Leaves a letter for the leader.
    async fn leave(&self, letter: &Left) -> Result<(), Error>;

    /// Takes letters, the oldest first; for the leader of this epoch.
    async fn collect(&self, epoch: i64, limit: usize) -> Result<Vec<Left>, Error>;

    /// Answers a letter; for the leader of this epoch.
    async fn answer(&self, epoch: i64, id: &str, answer: &Value) -> Result<(), Error>;

    /// What became of a letter.
    async fn fate(&self, id: &str) -> Result<Fate, Error>;

    /// Takes a letter back. False: too late, it was taken (or is not there).
    async fn withdraw(&self, id: &str) -> Result<bool, Error>;

    /// What was recorded after this cursor, at most so many; without a cursor, none, and where the end is now.
    async fn since(&self, cursor: Option<i64>, limit: usize) -> Result<Since, Error>;

    /// Waits until a bell rings: something was recorded, left or answered, or the lease was given back. May never end:
    /// whoever waits also looks by the clock.
    async fn bell(&self);

    /// Drops letters that are of no use any more.
    async fn tidy(&self, epoch: i64) -> Result<(), Error>;
}
