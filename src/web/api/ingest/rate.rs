//! How often one token may tell: a bucket for each, bounded in number.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Reports that may come at once, and how many a second go on.
const AT_ONCE: f64 = 60.0;
const A_SECOND: f64 = 4.0;
/// Tokens that are told apart at most.
const TOKENS: usize = 10_000;

/// The buckets.
#[derive(Default)]
pub struct Rates(Mutex<BTreeMap<String, (f64, Instant)>>);

impl Rates {
    /// Takes a report out of the bucket of a token.
    ///
    /// # Errors
    /// None is left: how long until there is one.
    pub(super) fn take(&self, token: &str) -> Result<(), Duration> {
        let now = Instant::now();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = |(left, at): (f64, Instant)| {
            (left + now.saturating_duration_since(at).as_secs_f64() * A_SECOND).min(AT_ONCE)
        };
        if buckets.len() >= TOKENS && !buckets.contains_key(token) {
            buckets.retain(|_, bucket| filled(*bucket) < AT_ONCE);
        }
        let bucket = buckets.entry(token.to_owned()).or_insert((AT_ONCE, now));
        *bucket = (filled(*bucket), now);
        if bucket.0 < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.0) / A_SECOND));
        }
        bucket.0 -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sixty_at_once_and_then_four_a_second_for_each_token() {
        let rates = Rates::default();
        assert!((0..60).all(|_| rates.take("a").is_ok()));
        assert_eq!(rates.take("a"), Err(Duration::from_millis(250)));
        assert!(rates.take("b").is_ok(), "another token");
        tokio::time::advance(Duration::from_millis(250)).await;
        assert!(rates.take("a").is_ok() && rates.take("a").is_err());
    }
}
