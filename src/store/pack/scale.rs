//! The logarithmic scale of durations: codes for raw results (error at most 1 %), cells for histograms (5 %).

use std::sync::LazyLock;
use std::time::Duration;

/// A step on the scale: 0 is no time at all, `1 + i` holds durations from `1 µs · e^(0.02·i)` up to the next step.
/// Less than 1 µs counts as 1 µs, more than 584 years as 584 years.
pub(crate) type Code = u16;

/// Width of a step; what stands for it is off by at most tanh(0.01), just below 1 %.
const STEP: f64 = 0.02;

/// Steps in a cell; five are off by at most tanh(0.05), just below 5 %.
const PER_CELL: u16 = 5;

/// The code of [`Duration::MAX`], with room for rounding.
const CODES: usize = 2_912;

/// What stands for each code, in nanoseconds: the middle that is equally far off, in relation, from both ends.
static MIDDLES: LazyLock<Vec<u64>> =
    LazyLock::new(|| (0..CODES).map(|code| if code == 0 { 0 } else { middle(code - 1, STEP) }).collect());

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates as wanted")]
#[expect(clippy::cast_precision_loss, reason = "a small index")]
fn middle(step: usize, width: f64) -> u64 {
    let growth = width.exp();
    ((step as f64 * width).exp() * 2.0 * growth / (1.0 + growth) * 1_000.0).round() as u64
}

/// The code of a duration.
pub(crate) fn code(took: Duration) -> Code {
    if took.is_zero() {
        return 0;
    }
    #[expect(clippy::cast_precision_loss, reason = "relative precision is what counts")]
    let micros = (took.as_nanos() as f64 / 1_000.0).max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and CODES")]
    let step = (micros.ln() / STEP) as u16;
    step + 1
}

/// The duration a code stands for.
pub(crate) fn duration(code: Code) -> Duration {
    Duration::from_nanos(MIDDLES.get(usize::from(code)).copied().unwrap_or(u64::MAX))
}

/// The same in whole microseconds, for sums.
pub(crate) fn micros(code: Code) -> u64 {
    (MIDDLES.get(usize::from(code)).copied().unwrap_or(u64::MAX).saturating_add(500)) / 1_000
}

/// The cell a code lies in.
pub(crate) fn cell(code: Code) -> u16 {
    match code.checked_sub(1) {
        None => 0,
        Some(step) => 1 + step / PER_CELL,
    }
}

/// The duration a cell stands for.
pub(crate) fn of_cell(cell: u16) -> Duration {
    match cell.checked_sub(1) {
        None => Duration::ZERO,
        Some(step) => Duration::from_nanos(middle(usize::from(step), STEP * f64::from(PER_CELL))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_kept_duration_is_within_one_per_cent(log in 0.0..25.18_f64) {
            let truth = Duration::from_secs_f64(log.exp() / 1e6).max(Duration::from_micros(1));
            let kept = duration(code(truth));
            let off = kept.as_secs_f64() - truth.as_secs_f64();
            prop_assert!(off.abs() <= truth.as_secs_f64() * 0.01 + 5e-10, "{kept:?} for {truth:?}");
        }
    }

    #[test]
    fn what_stands_for_a_code_has_that_code() {
        for code in 0..1_870 {
            assert_eq!(super::code(duration(code)), code);
        }
    }

    #[test]
    fn the_ends_of_the_scale_have_codes() {
        assert_eq!(code(Duration::ZERO), 0);
        assert_eq!(code(Duration::from_nanos(1)), 1);
        assert!(usize::from(code(Duration::MAX)) < CODES);
        assert_eq!(duration(Code::MAX), Duration::from_nanos(u64::MAX));
    }
}
