//! How a channel stands after each attempt, and what that means for the message: pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::courier::Backoff;

use crate::store::{Owed, Stand};

/// A channel that does not answer is tried at least this often.
const LONGEST: Duration = Duration::from_secs(60);
/// Longest wait that a service may ask for.
const MOST_ASKED: Duration = Duration::from_secs(3_600);
/// Minutes until a refused message, or a broken channel, is tried again; the last one for ever.
const REFUSED: [i64; 4] = [1, 5, 15, 30];
/// A message that others overtake is given up after this many refusals…
const MOST_REFUSALS: u32 = 5;
/// … or after this long.
const MOST_PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// The pause after so many refusals.
pub(super) fn pause(refusals: u32) -> SignedDuration {
    let at = usize::try_from(refusals.saturating_sub(1)).unwrap_or(usize::MAX);
    SignedDuration::from_mins(REFUSED.get(at).or(REFUSED.last()).copied().unwrap_or(30))
}

impl Stand {
    /// It took a message, or a part of it.
    pub(super) fn took(&mut self, now: Timestamp) {
        *self = Self { worked: Some(now), ..Self::default() };
    }

    /// It did not take a message now. With `asked`, it said how long to wait with everything.
    pub(super) fn held_off(&mut self, now: Timestamp, asked: Option<Duration>, chance: f64, why: &str) {
        self.failures = self.failures.saturating_add(1);
        let wait = match asked {
            Some(asked) => asked.min(MOST_ASKED),
            None => Backoff::default().next(self.failures, None, chance).min(LONGEST),
        };
        let until = now + wait;
        self.not_before = Some(match self.broken {
            Some(_) => until.max(now + pause(self.failures)),
            None => until,
        });
        self.why = Some(why.to_owned());
    }

    /// It refuses whatever it is given.
    pub(super) fn broke(&mut self, now: Timestamp, why: &str) {
        self.failures = if self.broken.is_some() { self.failures.saturating_add(1) } else { 1 };
        self.broken.get_or_insert(now);
        self.not_before = Some(now + pause(self.failures));
        self.why = Some(why.to_owned());
    }

    /// Whether it has taken something else since it first refused this: then it is the message.
    pub(super) fn dislikes(&self, owed: &Owed) -> bool {
        owed.refused_since.zip(self.worked).is_some_and(|(since, worked)| worked > since)
    }
}

/// Whether a message that was just refused once more, and is disliked, is given up.
pub(super) fn given_up(owed: &Owed, now: Timestamp) -> bool {
    owed.refusals.saturating_add(1) >= MOST_REFUSALS
        || owed.refused_since.is_some_and(|since| now.duration_since(since) >= MOST_PATIENCE)
}
