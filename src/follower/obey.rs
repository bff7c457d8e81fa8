//! The leader's end of the letter box: letters of followers go into its inbox, in order; what came of them goes back.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::words::{Asked, Ordered, Reported, body, suspected};
use crate::clock::Clock;
use crate::inbox::{Inbox, Letter};
use crate::pipeline::agents::Agents;
use crate::store::Together;
use crate::store::together::{Kind, Left};
use crate::tasks::{OnExit, Tasks};
use crate::telemetry::Metrics;

/// Without a bell the box is looked at this often.
const LOOK: Duration = Duration::from_millis(500);
/// Letters taken at once.
const AT_ONCE: usize = 64;
/// How often what is of no use any more is dropped.
const TIDY: Duration = Duration::from_mins(1);

/// Who empties the box.
pub struct Obey {
    /// The box.
    pub together: Arc<dyn Together>,
    /// Under which epoch we lead.
    pub epoch: i64,
    /// Where letters go.
    pub inbox: Inbox,
    /// Those who report to other replicas.
    pub agents: Agents,
    /// Counts.
    pub metrics: Metrics,
    /// The date.
    pub clock: Clock,
    /// All tasks.
    pub tasks: Tasks,
}

impl Obey {
    /// Empties it until the term ends.
    pub async fn run(self) {
        let mut tidied = Instant::now();
        loop {
            match self.together.collect(self.epoch, AT_ONCE).await {
                Ok(letters) if letters.is_empty() => self.wait().await,
                Ok(letters) => letters.into_iter().for_each(|letter| self.hand_in(letter)),
                Err(error) => {
                    tracing::warn!(%error, "the letters of the other replicas cannot be taken");
                    self.wait().await;
                }
            }
            if self.tasks.stopping() {
                return;
            }
            if tidied.elapsed() >= TIDY {
                tidied = Instant::now();
                if let Err(error) = self.together.tidy(self.epoch).await {
                    tracing::warn!(%error, "old letters cannot be dropped");
                }
            }
        }
    }

    async fn wait(&self) {
        tokio::select! {
            biased; // two replays must agree
            _ = self.tasks.stopped() => {}
            () = self.together.bell() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }

    /// What cannot be understood, or finds no room, is not answered: whoever waits hears that it is not known.
    fn hand_in(&self, left: Left) {
        let Left { id, kind, body } = left;
        match kind {
            Kind::Command => {
                let Ok(ordered) = serde_json::from_value::<Ordered>(body) else { return };
                let caller = ordered.caller();
                let (answer, answered) = oneshot::channel();
                self.put(id, Letter::Command { command: ordered.command, caller, answer }, answered);
            }
            Kind::Report => {
                let Ok(reported) = serde_json::from_value::<Reported>(body) else { return };
                let (answer, answered) = oneshot::channel();
                self.put(id, Letter::Reported { observations: reported.observations(), answer }, answered);
            }
            Kind::Question => {
                let Ok(asked) = serde_json::from_value::<Asked>(body) else { return };
                self.answer(id, asked);
            }
        }
    }

    fn answer(&self, id: String, asked: Asked) {
        match asked {
            Asked::Why { most } => {
                let (answer, answered) = oneshot::channel();
                self.put(id, Letter::Why { most, answer }, answered);
            }
            Asked::Heard { location, word } => {
                self.agents.heard_of(&location, &word, self.clock.now(), &self.metrics);
            }
            Asked::Suspect { location, suspect } => {
                // Dropped if there is no room: the run's end will tell.
                let _put = self.inbox.put(Letter::Suspect(suspected(&location, suspect)));
            }
        }
    }

    fn put<T: Serialize + Send + 'static>(&self, id: String, letter: Letter, answered: oneshot::Receiver<T>) {
        if !self.inbox.put(letter) {
            return;
        }
        let (together, epoch) = (Arc::clone(&self.together), self.epoch);
        self.tasks.spawn("letter", OnExit::Fine, async move {
            let Ok(answer) = answered.await else { return };
            if let Err(error) = together.answer(epoch, &id, &body(&answer)).await {
                tracing::warn!(%error, letter.id = id, "what came of a letter cannot be told");
            }
        });
    }
}
