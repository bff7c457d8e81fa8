//! The runs of the last while: a window that slides over slots, in bounded memory.

use std::collections::VecDeque;
use std::ops::AddAssign;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Cells of a window that gathers: runs leave it in steps of so small a part of it, never late.
const CELLS: i64 = 120;
/// Runs that a window keeps which keeps each for itself; of more, the last ones.
const RUNS: usize = 1_000;

/// What runs of the last while came to. The last run stands apart, so that it can be said again.
///
/// Bounds: a gathering window holds at most 121 cells whatever the pace of the probe, a window of single runs at most
/// 1,000 of them. Both hold only what there is: twelve cells for an hour of a probe that runs every five minutes.
#[derive(Debug)]
pub(super) struct Window<T> {
    /// Width of a cell in ms.
    width: i64,
    /// Cells from the oldest to the newest that still count.
    span: i64,
    /// By the moment (ms) of the first run in it, oldest first.
    cells: VecDeque<(i64, T)>,
    newest: Option<(i64, T)>,
}

impl<T: Copy + AddAssign> Window<T> {
    /// A window that adds up runs which lie close together.
    pub(super) fn gathering(over: Duration) -> Self {
        let over = ms(over);
        let width = over.saturating_add(CELLS - 1) / CELLS;
        Self::with(over, width.max(1))
    }

    /// A window that keeps each run for itself.
    pub(super) fn of_runs(over: Duration) -> Self {
        Self::with(ms(over), 1)
    }

    fn with(over: i64, width: i64) -> Self {
        Self { width, span: (over / width).max(1), cells: VecDeque::new(), newest: None }
    }

    /// What the run of this slot came to; said again, it replaces what was said before. Returns whether it is the only
    /// one in the window.
    pub(super) fn put(&mut self, slot: Timestamp, value: T) -> bool {
        let slot = slot.as_millisecond();
        match self.newest.replace((slot, value)) {
            Some((before, settled)) if before < slot => self.settle(before, settled),
            // The clock went back: what lies ahead of it now never was.
            Some((before, _)) if before > slot => {
                while self.cells.back().is_some_and(|(at, _)| *at >= slot) {
                    self.cells.pop_back();
                }
            }
            _ => {}
        }
        let first = self.cell(slot).saturating_sub(self.span);
        while self.cells.front().is_some_and(|(at, _)| self.cell(*at) <= first) {
            self.cells.pop_front();
        }
        self.cells.is_empty()
    }

    /// The run of this slot does not count after all.
    pub(super) fn take_back(&mut self, slot: Timestamp) {
        self.newest.take_if(|(at, _)| *at == slot.as_millisecond());
    }

    /// What is in it, oldest first, each with its moment in ms.
    pub(super) fn all(&self) -> impl Iterator<Item = (i64, T)> {
        self.cells.iter().chain(&self.newest).copied()
    }

    /// How much of the past makes it what it is.
    pub(super) fn looks_back(&self) -> Duration {
        let all = self.span.saturating_add(1).saturating_mul(self.width);
        Duration::from_millis(all.unsigned_abs())
    }

    fn settle(&mut self, slot: i64, value: T) {
        let cell = self.cell(slot);
        match self.cells.back() {
            Some((at, _)) if self.cell(*at) == cell => {
                if let Some((_, sum)) = self.cells.back_mut() {
                    *sum += value;
                }
            }
            _ => self.cells.push_back((slot, value)),
        }
        if self.cells.len() >= RUNS {
            self.cells.pop_front();
        }
    }

    fn cell(&self, at: i64) -> i64 {
        at.div_euclid(self.width)
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.all().count()
    }
}

fn ms(over: Duration) -> i64 {
    // A century is as good as for ever, and cannot overflow.
    const MOST: u64 = 100 * 366 * 86_400_000;
    let over = u64::try_from(over.as_millis()).unwrap_or(MOST).min(MOST);
    i64::try_from(over).unwrap_or(i64::MAX)
}

/// Runs, and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) all: u32,
    pub(super) bad: u32,
}

impl Counts {
    /// One run.
    pub(super) fn one(bad: bool) -> Self {
        Self { all: 1, bad: u32::from(bad) }
    }

    /// Share of the runs that failed; 0 of none.
    pub(super) fn bad_share(self) -> f64 {
        f64::from(self.bad) / f64::from(self.all.max(1))
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.all = self.all.saturating_add(more.all);
        self.bad = self.bad.saturating_add(more.bad);
    }
}

impl Window<Counts> {
    /// All runs in it together.
    pub(super) fn sum(&self) -> Counts {
        self.all().fold(Counts::default(), |mut sum, (_, one)| {
            sum += one;
            sum
        })
    }
}

/// Since when things are not as they should be: from the first bad run after all was well.
#[derive(Debug, Default)]
pub(super) struct Since(pub(super) Option<Timestamp>);

impl Since {
    /// Takes note of what was made of a run.
    pub(super) fn note(&mut self, reading: super::Reading, bad: bool, began: Timestamp) {
        match reading {
            super::Reading::Clear => self.0 = None,
            super::Reading::Silent if !bad => {}
            super::Reading::Silent | super::Reading::Holds => {
                self.0.get_or_insert(began);
            }
        }
    }
}

/// A moment so much later; the end of time rather than past it.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::trial::at;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn an_hour_of_runs_every_five_minutes_is_twelve_runs() {
        for mut window in [Window::gathering(HOUR), Window::of_runs(HOUR)] {
            for i in 0..40 {
                window.put(at(300 * i + 7), Counts::one(i % 4 == 0));
            }
            assert_eq!(window.sum(), Counts { all: 12, bad: 3 });
        }
    }

    #[test]
    fn a_slot_counts_once_and_as_it_was_said_last() {
        let mut window = Window::gathering(HOUR);
        assert!(window.put(at(0), Counts::one(true)));
        assert!(window.put(at(0), Counts::one(false)));
        assert_eq!(window.sum(), Counts { all: 1, bad: 0 });
        assert!(!window.put(at(60), Counts::one(true)));
        window.take_back(at(0));
        assert_eq!(window.sum().all, 2, "only the last one can be taken back");
        window.take_back(at(60));
        assert_eq!(window.sum(), Counts { all: 1, bad: 0 });
    }

    #[test]
    fn memory_is_bounded_at_any_pace() {
        let (mut gathering, mut single) = (Window::gathering(HOUR), Window::of_runs(HOUR * 1_000));
        for second in 0..20_000 {
            gathering.put(at(second), Counts::one(false));
            single.put(at(second), Counts::one(false));
        }
        assert!(gathering.held() <= 121, "{}", gathering.held());
        assert!((3_570..=3_600).contains(&gathering.sum().all), "{:?}", gathering.sum());
        assert_eq!(single.held(), RUNS);
    }

    #[test]
    fn a_clock_that_goes_back_takes_what_lay_ahead_with_it() {
        let mut window = Window::gathering(HOUR);
        for second in [0, 600, 100_000, 660] {
            window.put(at(second), Counts::one(false));
        }
        assert_eq!(window.sum().all, 1, "the jump ahead had emptied it");
        window.put(at(720), Counts::one(false));
        assert_eq!(window.sum().all, 2);
    }
}
