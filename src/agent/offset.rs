//! How far our clock is ahead of the service's, from what it says the date is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Answers that are looked back on.
const LAST: usize = 8;

/// What the last answers say. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Offset(Arc<Mutex<VecDeque<Sample>>>);

#[derive(Debug, Clone, Copy)]
struct Sample {
    round_trip: Duration,
    ahead: SignedDuration,
}

impl Offset {
    /// The service said `theirs` in an answer that was asked for at `asked` and took this long. It is believed to have
    /// looked at its clock half way.
    pub fn heard(&self, asked: Timestamp, round_trip: Duration, theirs: Timestamp) {
        let ours = asked + round_trip / 2;
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LAST {
            last.pop_front();
        }
        last.push_back(Sample { round_trip, ahead: ours.duration_since(theirs) });
    }

    /// By how much we are ahead, from the quickest of the last answers: the quicker, the less it can be wrong.
    pub fn ahead(&self) -> Option<SignedDuration> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().min_by_key(|sample| sample.round_trip).map(|sample| sample.ahead)
    }

    /// The same in milliseconds.
    pub fn ahead_ms(&self) -> Option<i64> {
        self.ahead().map(|ahead| i64::try_from(ahead.as_millis()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milli: i64) -> Timestamp {
        Timestamp::from_millisecond(1_530_988_200_000 + milli).unwrap()
    }

    #[test]
    fn the_quickest_answer_tells_the_offset_and_slow_ones_are_forgotten_in_time() {
        let offset = Offset::default();
        assert_eq!(offset.ahead_ms(), None);
        // We are three seconds ahead; the way back of the slow answer took all the time.
        offset.heard(at(3_000), Duration::from_millis(400), at(10));
        assert_eq!(offset.ahead_ms(), Some(3_190));
        offset.heard(at(5_000), Duration::from_millis(20), at(2_010));
        assert_eq!(offset.ahead_ms(), Some(3_000));
        // Our clock was set right meanwhile.
        for _ in 0..LAST {
            offset.heard(at(9_000), Duration::from_millis(100), at(9_050));
        }
        assert_eq!(offset.ahead_ms(), Some(0));
    }
}
