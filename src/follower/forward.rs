//! A follower's end of the letter box: what comes into its inbox is left for the leader, and its answer brought back.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::board::show_open;
use super::words::{Asked, Ordered, Reported, body, suspicion};
use crate::clock::Clock;
use crate::dice::Dice;
use crate::inbox::Letter;
use crate::observation::Observation;
use crate::pipeline::board::SharedBoard;
use crate::store::together::{Fate, Kind, Left, STALE};
use crate::store::{Store, Together};
use crate::tasks::{OnExit, Tasks};

/// Without a bell, it is looked this often for the answer.
const LOOK: Duration = Duration::from_millis(250);
/// Runs in one letter.
const RUNS: usize = 500;
/// What nobody waits for is tried to be left for so long.
const INSIST: Duration = Duration::from_mins(10);

/// Who carries letters to the box.
#[derive(Clone)]
pub struct Forward {
    /// The box.
    pub together: Arc<dyn Together>,
    /// Names for letters.
    pub dice: Dice,
    /// All tasks.
    pub tasks: Tasks,
    /// What is shown, brought up to date before somebody hears that what they wanted is done.
    pub shown: Option<(SharedBoard, Arc<dyn Store>, Clock)>,
}

impl Forward {
    /// Carries until the service stops, or nobody can put anything in.
    pub async fn run(self, mut letters: mpsc::Receiver<Letter>) {
        loop {
            let letter = tokio::select! {
                biased; // two replays must agree
                _ = self.tasks.stopped() => return,
                letter = letters.recv() => letter,
            };
            let Some(letter) = letter else { return };
            self.carry(letter);
        }
    }

    fn carry(&self, letter: Letter) {
        let me = self.clone();
        match letter {
            Letter::Command { command, caller, answer } => {
                let said = body(&Ordered::new(command, &caller));
                self.spawn(async move { me.ask(Kind::Command, said, answer).await });
            }
            Letter::Why { most, answer } => {
                let said = body(&Asked::Why { most });
                self.spawn(async move { me.ask(Kind::Question, said, answer).await });
            }
            Letter::Reported { observations, answer } => {
                let said = body(&Reported::of(&observations));
                self.spawn(async move { me.ask(Kind::Report, said, answer).await });
            }
            Letter::Observation(seen) => {
                self.spawn(async move { me.hand_over(&[seen]).await });
            }
            Letter::Heard { location, word } => {
                let Ok(word) = serde_json::from_value(word) else { return };
                let said = body(&Asked::Heard { location: location.to_string(), word });
                self.spawn(async move { me.tell(said).await });
            }
            Letter::Suspect(suspect) => {
                let said = body(&suspicion(suspect));
                self.spawn(async move { me.tell(said).await });
            }
            // Of the moment and of this process: a follower judges nothing.
            Letter::Ourselves(_) | Letter::Witnesses(_) => {}
        }
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn("letter", OnExit::Fine, work);
    }

    fn left(&self, kind: Kind, body: Value) -> Left {
        Left { id: self.dice.word(20), kind, body }
    }

    /// Leaves what nobody waits for, and what is soon of no use.
    async fn tell(&self, body: Value) {
        if let Err(error) = self.together.leave(&self.left(Kind::Question, body)).await {
            tracing::debug!(%error, "a word cannot be left for the leader");
        }
    }

    /// Leaves a letter and waits for the answer for as long as somebody wants it; whoever waits and is not answered
    /// hears that it is not known what came of it.
    async fn ask<T: DeserializeOwned>(&self, kind: Kind, body: Value, mut answer: oneshot::Sender<T>) {
        let left = self.left(kind, body);
        let began = Instant::now();
        if let Err(error) = self.together.leave(&left).await {
            tracing::warn!(%error, "a letter cannot be left for the leader");
            return;
        }
        loop {
            match self.together.fate(&left.id).await {
                Ok(Fate::Answered(said)) => {
                    if let (Kind::Command, Some((board, store, clock))) = (kind, &self.shown) {
                        // Where it cannot be read now, it is shown a little later.
                        drop(show_open(board, store.as_ref(), clock.now()).await);
                    }
                    if let Ok(said) = serde_json::from_value(said) {
                        // Nobody may wait any more.
                        drop(answer.send(said));
                    }
                    return;
                }
                Ok(Fate::Lost | Fate::Gone) => return,
                Ok(Fate::Waiting) if kind != Kind::Report && began.elapsed() > STALE => break,
                Ok(Fate::Waiting | Fate::Taken) | Err(_) => {}
            }
            tokio::select! {
                biased;
                () = answer.closed() => break,
                _ = self.tasks.stopped() => break,
                () = self.together.bell() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        // Too late is no harm: it is obeyed once all the same. A report that nobody waits for any more is sent again.
        if let Err(error) = self.together.withdraw(&left.id).await {
            tracing::warn!(%error, "a letter that nobody waits for cannot be taken back");
        }
    }

    /// Leaves runs for the leader, which nobody waits for; tries for a while.
    pub async fn hand_over(&self, observations: &[Observation]) {
        let began = Instant::now();
        for runs in observations.chunks(RUNS) {
            let left = self.left(Kind::Report, body(&Reported::of(runs)));
            while let Err(error) = self.together.leave(&left).await {
                if began.elapsed() > INSIST {
                    tracing::error!(%error, "results cannot be handed over to the leader; they are lost");
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
