//! How long to wait before the next try.

use std::time::Duration;

use crate::dice::Dice;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(20);

/// Grows with every failure, up to a limit; never the same for two agents.
#[derive(Debug, Default)]
pub(super) struct Backoff(u32);

impl Backoff {
    /// It went well.
    pub(super) fn well(&mut self) {
        self.0 = 0;
    }

    /// It failed: how long to wait now. What the other side wishes for is kept, and a little is added so that not all
    /// come back at once.
    pub(super) fn failed(&mut self, wished: Option<Duration>, dice: &Dice) -> Duration {
        let full = FIRST.saturating_mul(1_u32.checked_shl(self.0.min(10)).unwrap_or(1)).min(LONGEST);
        self.0 = self.0.saturating_add(1);
        match wished {
            Some(wished) => wished + FIRST.mul_f64(dice.chance()),
            None => full.mul_f64(0.5 + dice.chance() / 2.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_a_wish_is_kept() {
        let (dice, mut backoff) = (Dice::seeded(1), Backoff::default());
        for full in [1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0] {
            let pause = backoff.failed(None, &dice).as_secs_f64();
            assert!((full / 2.0..=full).contains(&pause), "{pause} of {full}");
        }
        let wished = backoff.failed(Some(Duration::from_secs(30)), &dice).as_secs_f64();
        assert!((30.0..31.0).contains(&wished), "{wished}");
        backoff.well();
        assert!(backoff.failed(None, &dice) <= FIRST);
    }
}
