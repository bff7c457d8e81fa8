//! No more than so many messages a minute: a bucket of tokens with a small burst.

use std::time::Duration;

use tokio::time::Instant;

/// Messages that may go out at once after a quiet time, where the rate allows as many in a quarter of a minute.
const BURST: f64 = 10.0;

/// A bucket of tokens, one a message.
#[derive(Debug)]
pub(in crate::pipeline) struct Pace {
    per_second: f64,
    most: f64,
    tokens: f64,
    at: Instant,
}

impl Pace {
    /// A full bucket. A rate of 0 counts as 1.
    pub(in crate::pipeline) fn new(per_minute: u32) -> Self {
        let rate = f64::from(per_minute.max(1));
        let most = (rate / 4.0).clamp(1.0, BURST);
        Self { per_second: rate / 60.0, most, tokens: most, at: Instant::now() }
    }

    /// Whole tokens there are.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10")]
    pub(in crate::pipeline) fn tokens(&mut self) -> usize {
        self.refill();
        self.tokens.max(0.0) as usize
    }

    /// Takes one, on credit if there is none.
    pub(in crate::pipeline) fn take(&mut self) {
        self.refill();
        self.tokens -= 1.0;
    }

    /// How long until there is one.
    pub(in crate::pipeline) fn wait(&mut self) -> Duration {
        self.refill();
        let seconds = ((1.0 - self.tokens) / self.per_second).max(0.0);
        // Up to the next millisecond: tokio's timer counts in them.
        Duration::from_millis(Duration::from_secs_f64(seconds).as_millis() as u64 + u64::from(seconds > 0.0))
    }

    fn refill(&mut self) {
        let now = Instant::now();
        let more = now.duration_since(self.at).as_secs_f64() * self.per_second;
        (self.tokens, self.at) = ((self.tokens + more).min(self.most), now);
    }
}
