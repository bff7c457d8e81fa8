//! A mergeable histogram of durations whose every answer is within 5 % of the truth.

use std::time::Duration;

use super::pack::scale::{self, Code};

/// A mergeable histogram of durations with a relative error of at most 5 % (from 1 µs on).
///
/// A cell is five steps of the scale on which raw results are kept, so a histogram made from kept results is the same
/// as one made while they arrived. The sum counts every duration with its kept value (within 1 %, and as errors go
/// both ways, far closer in all).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// Cells that are not empty, ascending, with their counts.
    pub(crate) cells: Vec<(u16, u32)>,
    /// Sum in microseconds.
    pub(crate) micros: u64,
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&mut self, took: Duration) {
        self.record_code(scale::code(took));
    }

    /// Counts one duration that is a code already.
    pub(crate) fn record_code(&mut self, code: Code) {
        self.micros = self.micros.saturating_add(scale::micros(code));
        let cell = scale::cell(code);
        match self.cells.binary_search_by_key(&cell, |c| c.0) {
            Ok(at) => {
                if let Some(c) = self.cells.get_mut(at) {
                    c.1 = c.1.saturating_add(1);
                }
            }
            Err(at) => self.cells.insert(at, (cell, 1)),
        }
    }

    /// Adds all that another one counted: the result is the same as if one had counted both.
    pub fn merge(&mut self, other: &Self) {
        self.micros = self.micros.saturating_add(other.micros);
        for &(cell, count) in &other.cells {
            match self.cells.binary_search_by_key(&cell, |c| c.0) {
                Ok(at) => {
                    if let Some(c) = self.cells.get_mut(at) {
                        c.1 = c.1.saturating_add(count);
                    }
                }
                Err(at) => self.cells.insert(at, (cell, count)),
            }
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.cells.iter().map(|c| u64::from(c.1)).sum()
    }

    /// Sum of all durations.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.micros)
    }

    /// The duration that a share `q` (0 to 1) of all durations does not exceed (nearest rank); `None` when nothing
    /// was counted.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        #[expect(clippy::cast_precision_loss, reason = "a count beyond 2^52 does not occur")]
        let wanted = (q.clamp(0.0, 1.0) * count as f64).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and count")]
        let rank = (wanted as u64).max(1);
        let mut below = 0;
        self.cells.iter().find_map(|&(cell, n)| {
            below += u64::from(n);
            (below >= rank).then(|| scale::of_cell(cell))
        })
    }

    /// How many durations are at most `le`; those within 5 % of it may count either way.
    pub fn cumulative(&self, le: Duration) -> u64 {
        self.cells.iter().take_while(|c| scale::of_cell(c.0) <= le).map(|c| u64::from(c.1)).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn durations() -> impl Strategy<Value = Vec<Duration>> {
        // Log-uniform from 1 µs to 24 h: every decade is as likely as the next.
        prop::collection::vec((0.0..25.18_f64).prop_map(|x| Duration::from_secs_f64(x.exp() / 1e6)), 1..200)
            .prop_map(|all| all.into_iter().map(|d| d.max(Duration::from_micros(1))).collect())
    }

    fn of(all: &[Duration]) -> Histogram {
        let mut h = Histogram::default();
        all.iter().for_each(|d| h.record(*d));
        h
    }

    proptest! {
        #[test]
        fn every_quantile_is_within_five_per_cent(mut all in durations(), q in 0.0..=1.0_f64) {
            let h = of(&all);
            all.sort();
            let rank = ((q * all.len() as f64).ceil() as usize).max(1);
            let (truth, told) = (all[rank - 1].as_secs_f64(), h.quantile(q).unwrap().as_secs_f64());
            prop_assert!((told - truth).abs() <= truth * 0.05 + 1e-9, "{told} for {truth}");
        }

        #[test]
        fn merging_is_the_same_as_counting_both(a in durations(), b in durations()) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(merged, of(&[a, b].concat()));
        }

        #[test]
        fn the_sum_is_within_one_per_cent(all in durations()) {
            let truth: f64 = all.iter().map(Duration::as_secs_f64).sum();
            let told = of(&all).sum().as_secs_f64();
            // Half a microsecond of rounding for each duration counted.
            prop_assert!((told - truth).abs() <= truth * 0.01 + 6e-7 * all.len() as f64, "{told} for {truth}");
        }

        #[test]
        fn cumulative_counts_lie_between_the_counts_five_per_cent_off(all in durations(), le in 1e-6..1e5_f64) {
            let h = of(&all);
            let at_most = |x: f64| all.iter().filter(|d| d.as_secs_f64() <= x).count() as u64;
            let told = h.cumulative(Duration::from_secs_f64(le));
            prop_assert!(at_most(le / 1.0527) <= told && told <= at_most(le * 1.0527), "{told} at {le}");
        }
    }

    #[test]
    fn an_empty_histogram_has_no_quantiles() {
        let h = Histogram::default();
        assert_eq!((h.quantile(0.5), h.count(), h.sum()), (None, 0, Duration::ZERO));
    }
}
