//! A life of terms: follows until the lease is ours, leads until it is lost, and follows again. Nothing is carried over
//! from one term to the next but the process's name.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::app::{App, Term};
use crate::dice::Dice;
use crate::follower::Keeper;
use crate::follower::forward::Forward;
use crate::follower::keeper::Candidate;
use crate::lead::Right;
use crate::observation::Observation;
use crate::store::{self, Store};
use crate::tasks::{OnExit, Tasks};

/// Builds the service for a term, over this store.
pub type Build = Box<dyn Fn(Arc<dyn Store>, Term) -> anyhow::Result<App> + Send + Sync>;

/// After a term that could not begin, somebody else may try first.
const BREATH: Duration = Duration::from_secs(2);

/// One replica.
pub struct Terms {
    /// How it comes to lead.
    pub candidate: Candidate,
    /// Makes the service anew for each term.
    pub build: Build,
    /// Names for letters.
    pub dice: Dice,
    /// Stopping them stops the replica.
    pub tasks: Tasks,
    /// How long what goes on may go on after a stop.
    pub grace: Duration,
}

type Ended = oneshot::Receiver<anyhow::Result<Vec<Observation>>>;

impl Terms {
    /// Runs until it is asked to stop.
    ///
    /// # Errors
    /// The service cannot be built, or a part of it ended that it cannot do without.
    pub async fn run(self) -> anyhow::Result<()> {
        let result = self.terms().await;
        self.tasks.stop();
        // What is left of terms that are over.
        self.tasks.drain(self.grace).await;
        result
    }

    async fn terms(&self) -> anyhow::Result<()> {
        loop {
            let Some((keeper, right)) = self.follow().await? else { return Ok(()) };
            self.lead(keeper, right).await?;
            if self.tasks.stopping() {
                return Ok(());
            }
        }
    }

    /// `None`: it is asked to stop.
    async fn follow(&self) -> anyhow::Result<Option<(Keeper, Right)>> {
        let Candidate { together, lead, .. } = &self.candidate;
        let with = Some((Arc::clone(together), None));
        let term = Term { right: Right::never(), lead: lead.clone(), with };
        let app = (self.build)(together.store(None), term)?;
        let following = app.tasks();
        let (told, mut ended) = oneshot::channel();
        self.tasks.spawn("follow", OnExit::Fine, async move {
            drop(told.send(app.follow().await));
        });
        let won = tokio::select! {
            biased; // two replays must agree
            _ = self.tasks.stopped() => None,
            result = &mut ended => {
                anyhow::bail!("following ended: {:?}", result.ok().and_then(Result::err));
            }
            won = self.candidate.win() => Some(won),
        };
        // What it still serves may take a moment: nobody waits for it.
        following.stop();
        Ok(won)
    }

    async fn lead(&self, keeper: Keeper, right: Right) -> anyhow::Result<()> {
        let together = &self.candidate.together;
        let epoch = keeper.epoch();
        let with = Some((Arc::clone(together), Some(epoch)));
        let term = Term { right, lead: self.candidate.lead.clone(), with };
        let app = match (self.build)(together.store(Some(epoch)), term) {
            Ok(app) => app,
            Err(error) => {
                keeper.give_back().await;
                return Err(error);
            }
        };
        let leading = app.tasks();
        let (told, mut ended): (_, Ended) = oneshot::channel();
        self.tasks.spawn(format!("term-{epoch}"), OnExit::Fine, async move {
            drop(told.send(app.lead().await));
        });
        let end = {
            let kept = keeper.keep();
            tokio::pin!(kept);
            tokio::select! {
                biased; // two replays must agree
                () = &mut kept => None,
                end = &mut ended => Some(end),
                _ = self.tasks.stopped() => {
                    leading.stop();
                    // Until all is written down, it goes on as ours.
                    tokio::select! { biased; end = &mut ended => Some(end), () = &mut kept => None }
                }
            }
        };
        leading.stop();
        let Some(end) = end else {
            self.hand_over_later(ended);
            return Ok(());
        };
        keeper.give_back().await;
        match end {
            Ok(Ok(left)) => {
                self.hand_over(left);
                Ok(())
            }
            Ok(Err(error)) if error.chain().any(|cause| cause.is::<store::Error>()) => {
                tracing::error!("the term cannot begin: {error:#}");
                tokio::time::sleep(BREATH).await;
                Ok(())
            }
            Ok(Err(error)) => Err(error),
            Err(_) => anyhow::bail!("the term ended unexpectedly; see the log above"),
        }
    }

    /// A term that is over ends by itself; what it found and could not write down, the next leader gets.
    fn hand_over_later(&self, ended: Ended) {
        let forward = self.forward();
        self.tasks.spawn("last-results", OnExit::Fine, async move {
            if let Ok(Ok(left)) = ended.await {
                tell_and_hand_over(&forward, &left).await;
            }
        });
    }

    fn hand_over(&self, left: Vec<Observation>) {
        let forward = self.forward();
        self.tasks.spawn("last-results", OnExit::Fine, async move {
            tell_and_hand_over(&forward, &left).await;
        });
    }

    fn forward(&self) -> Forward {
        let (together, dice) = (Arc::clone(&self.candidate.together), self.dice.clone());
        Forward { together, dice, tasks: self.tasks.clone(), shown: None }
    }
}

async fn tell_and_hand_over(forward: &Forward, left: &[Observation]) {
    if !left.is_empty() {
        tracing::info!(
            count = left.len(),
            "results that were not written down are handed over to the leader"
        );
        forward.hand_over(left).await;
    }
}
