//! How often one key may be used: a bucket in memory.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What may come at once; then one a second.
const MOST: f64 = 60.0;

/// The bucket of one key; full at first.
#[derive(Debug, Default)]
pub(super) struct Limit(Mutex<Option<(f64, Instant)>>);

impl Limit {
    /// Takes one out.
    ///
    /// # Errors
    /// There is none: how long until there is.
    pub(super) fn take(&self) -> Result<(), Duration> {
        let now = Instant::now();
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, at) = bucket.unwrap_or((MOST, now));
        let left = (left + now.saturating_duration_since(at).as_secs_f64()).min(MOST);
        let enough = left >= 1.0;
        *bucket = Some((if enough { left - 1.0 } else { left }, now));
        if enough { Ok(()) } else { Err(Duration::from_secs_f64(1.0 - left)) }
    }
}
