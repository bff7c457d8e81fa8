//! Gathers what runs found: excuses what was our own fault, tells the runners, and hands it on to be sent.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::doubts::Doubts;
use super::figures::Figures;
use super::outgoing::Outgoing;
use crate::clock::Clock;
use crate::inbox::{Letter, Ourselves};
use crate::observation::Observation;
use crate::ourselves::{SelfWatch, Sorted};
use crate::scheduler::Standing;
use crate::wire::MOST_OBSERVATIONS;

/// Observations are gathered this long after the first one, so that one file serves many.
const GATHER: Duration = Duration::from_millis(250);
/// How often we go round with nothing to do.
const ROUND: Duration = Duration::from_secs(5);

/// The one who takes what runs found.
pub(super) struct Collector {
    pub(super) clock: Clock,
    /// Knows how we ourselves stand.
    pub(super) ourselves: SelfWatch,
    pub(super) standing: Standing,
    pub(super) out: Outgoing,
    pub(super) figures: Figures,
    pub(super) doubts: Doubts,
}

impl Collector {
    /// Runs until the inbox is closed: all that was handed over is on its way out before it ends.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Letter>) {
        let mut gathered: Vec<Observation> = Vec::new();
        let mut flush: Option<Instant> = None;
        loop {
            let mut letters = Vec::new();
            let wake = flush.unwrap_or_else(|| Instant::now() + self.wake());
            let open = tokio::select! {
                biased; // two replays must agree
                count = inbox.recv_many(&mut letters, MOST_OBSERVATIONS) => count > 0,
                () = tokio::time::sleep_until(wake) => true,
            };
            let now = self.clock.now();
            let Sorted { letters, words, waiting } = self.ourselves.sort(letters, now, |_| true);
            self.standing.doubt(waiting.iter().map(|probe| (probe, true)));
            words.into_iter().for_each(|word| self.hear(word));
            self.take(letters, &mut gathered);
            if !open {
                let last = self.ourselves.last_words();
                self.take(last, &mut gathered);
                self.out.put(gathered, now).await;
                return;
            }
            if !gathered.is_empty() && flush.is_none() {
                flush = Some(Instant::now() + GATHER);
            }
            let due = flush.is_some_and(|at| at <= Instant::now());
            if due || gathered.len() >= MOST_OBSERVATIONS {
                flush = None;
                self.out.put(std::mem::take(&mut gathered), now).await;
            }
            self.figures.alive(now);
            self.figures.waiting(self.out.waiting());
        }
    }

    fn take(&mut self, letters: Vec<Letter>, gathered: &mut Vec<Observation>) {
        for letter in letters {
            match letter {
                Letter::Observation(seen) => {
                    self.doubts.see(&seen, &self.standing);
                    gathered.push(seen);
                }
                Letter::Suspect(suspect) => self.out.suspect(suspect),
                _ => {}
            }
        }
    }

    /// When there is something to do without a letter.
    fn wake(&self) -> Duration {
        let next: Option<Timestamp> = self.ourselves.next();
        let left = next.map(|at| Duration::try_from(at.duration_since(self.clock.now())).unwrap_or_default());
        left.unwrap_or(ROUND).min(ROUND)
    }

    /// Says what changes; what goes on is shown all the time, and not said again.
    fn hear(&self, word: Ourselves) {
        let Ourselves { probe, good, summary } = word;
        let mut was_good = true;
        self.figures.say(|said| {
            was_good = match good {
                true => said.ourselves.remove(&probe).is_none(),
                false => said.ourselves.insert(probe, summary.clone()).is_none(),
            };
        });
        match (was_good, good) {
            (true, false) => tracing::error!("{summary}"),
            (false, true) => tracing::info!("{summary}"),
            _ => {}
        }
    }
}
