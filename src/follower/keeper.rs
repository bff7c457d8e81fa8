//! Keeps the lease: renews it every third of its length, and knows how long what it allows may go on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::lead::{Lead, Right};
use crate::store::Together;
use crate::store::together::Lease;

/// While nobody can be asked, it is tried again after this, or a sixth of the length if that is less.
const AGAIN: Duration = Duration::from_secs(1);

/// Who wants the lease.
#[derive(Clone)]
pub struct Candidate {
    /// Where it lies.
    pub together: Arc<dyn Together>,
    /// Our name.
    pub name: Arc<str>,
    /// How long it holds each time.
    pub length: Duration,
    /// Where it is shown.
    pub lead: Lead,
    /// The date.
    pub clock: Clock,
}

/// Who has it.
pub struct Keeper {
    candidate: Candidate,
    epoch: i64,
    until: watch::Sender<Instant>,
}

impl Candidate {
    /// So long before its end nothing more is begun under it: clocks may run unevenly, and what leaves needs a moment.
    fn margin(&self) -> Duration {
        (self.length / 5).min(Duration::from_secs(2))
    }

    fn pause(&self) -> Duration {
        AGAIN.min(self.length / 6)
    }

    /// Waits until the lease is ours.
    pub async fn win(&self) -> (Keeper, Right) {
        let mut said = String::new();
        loop {
            let asked = Instant::now();
            let pause = match self.ask(None).await {
                Ok(Lease::Ours { epoch }) => {
                    tracing::info!(lead.epoch = epoch, lead.name = &*self.name, "we lead from now on");
                    self.lead.we(self.clock.now());
                    let (until, right) = Right::lease(asked + self.length - self.margin());
                    return (Keeper { candidate: self.clone(), epoch, until }, right);
                }
                Ok(Lease::Theirs { holder, left }) => {
                    self.lead.other(Some(&holder));
                    if said != holder {
                        tracing::info!(leader = holder, "we follow");
                        said = holder;
                    }
                    self.pause().min(left + Duration::from_millis(20))
                }
                Err(why) => {
                    self.lead.other(None);
                    if said != why {
                        tracing::error!("it cannot be known who leads: {why}");
                        said = why;
                    }
                    self.pause()
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks, no longer than a third of the length.
    async fn ask(&self, held: Option<i64>) -> Result<Lease, String> {
        let asking = self.together.lease(&self.name, held, self.length);
        match tokio::time::timeout(self.length / 3, asking).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the database has not answered for {:?}", self.length / 3)),
        }
    }
}

impl Keeper {
    /// The epoch.
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Renews until somebody else has it. While nobody can be asked, the right ends by itself; it comes back when the
    /// database does, if nobody took over meanwhile.
    pub async fn keep(&self) {
        let candidate = &self.candidate;
        let mut pause = candidate.length / 3;
        let mut away = false;
        loop {
            tokio::time::sleep(pause).await;
            let asked = Instant::now();
            match candidate.ask(Some(self.epoch)).await {
                Ok(Lease::Ours { epoch }) if epoch == self.epoch => {
                    self.until.send_replace(asked + candidate.length - candidate.margin());
                    candidate.lead.we(candidate.clock.now());
                    pause = candidate.length / 3;
                    if std::mem::take(&mut away) {
                        tracing::info!(lead.epoch = epoch, "the lease is renewed again");
                    }
                }
                Ok(Lease::Ours { epoch }) => {
                    // Somebody else had it meanwhile, and gave it back: what we know is old. Begin anew.
                    tracing::warn!(lead.epoch = self.epoch, "somebody else has led meanwhile");
                    self.close();
                    self.return_epoch(epoch).await;
                    return;
                }
                Ok(Lease::Theirs { holder, .. }) => {
                    tracing::warn!(leader = holder, lead.epoch = self.epoch, "somebody else leads now");
                    self.close();
                    candidate.lead.other(Some(&holder));
                    return;
                }
                Err(why) => {
                    pause = candidate.pause();
                    if !std::mem::replace(&mut away, true) {
                        tracing::error!("the lease cannot be renewed: {why}; until it is, nothing is sent");
                    }
                }
            }
        }
    }

    /// Gives it back: another one leads at once.
    pub fn give_back(self) -> impl Future<Output = ()> + Send {
        self.close();
        self.candidate.lead.other(None);
        async move { self.return_epoch(self.epoch).await }
    }

    /// From now on nothing is sent.
    fn close(&self) {
        self.until.send_replace(Instant::now());
    }

    async fn return_epoch(&self, epoch: i64) {
        let Candidate { together, name, length, .. } = &self.candidate;
        let back = tokio::time::timeout(*length / 3, together.give_back(name, epoch)).await;
        match back {
            Ok(Ok(())) => tracing::info!(lead.epoch = epoch, "the lead is given back"),
            Ok(Err(error)) => tracing::warn!(%error, "the lead cannot be given back: it ends by itself"),
            Err(_) => tracing::warn!("the lead cannot be given back in time: it ends by itself"),
        }
    }
}
