//! Whether we get the time we need: how late a task wakes that has nothing to do but to wake.

use std::collections::VecDeque;
use std::time::Duration;

/// Wakings that are looked at: those of the last minute.
const WAKINGS: usize = 60;
/// A waking this late is too late: latencies measured meanwhile are ours, not the target's.
pub(super) const LATE: Duration = Duration::from_millis(250);
/// So many late ones in a minute and we are short of time: one or two are a hiccup.
const TOO_MANY: usize = 4;

/// The wakings of the last minute.
#[derive(Debug, Default)]
pub(super) struct Pace {
    lately: VecDeque<Duration>,
    short: bool,
}

impl Pace {
    /// Takes how late a waking was; says whether we are short of time if that changed. It takes a whole minute
    /// without a late waking to be well again.
    pub(super) fn woke(&mut self, late: Duration) -> Option<bool> {
        if self.lately.len() == WAKINGS {
            self.lately.pop_front();
        }
        self.lately.push_back(late);
        let late = self.lately.iter().filter(|l| **l > LATE).count();
        let short = late >= TOO_MANY || (self.short && late > 0);
        (std::mem::replace(&mut self.short, short) != short).then_some(short)
    }

    /// The latest waking of the last minute.
    pub(super) fn worst(&self) -> Duration {
        self.lately.iter().max().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hiccup_is_nothing_four_late_wakings_in_a_minute_are_and_a_quiet_minute_ends_it() {
        let mut pace = Pace::default();
        let mut play = |late: u64, times: usize| -> Vec<bool> {
            (0..times).filter_map(|_| pace.woke(Duration::from_millis(late))).collect()
        };
        assert_eq!(play(3, 100), [false; 0]);
        assert_eq!(play(900, 3), [false; 0]);
        assert_eq!(play(3, 60), [false; 0]);
        assert_eq!(play(300, 4), [true]);
        assert_eq!(play(3, 59), [false; 0]);
        assert_eq!(play(3, 1), [false]);
        assert_eq!(pace.worst(), Duration::from_millis(3));
    }
}
