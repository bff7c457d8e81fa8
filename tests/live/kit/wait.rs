//! Waiting for something to become true, with a bound and a last word.

use std::time::Duration;

use tokio::time::Instant;

const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Looks again and again until `look` gives a value. After `bound` seconds the test fails with what it said last.
pub(crate) async fn until<T>(what: &str, bound: u64, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match look().await {
            Ok(value) => return value,
            Err(state) if began.elapsed() > Duration::from_secs(bound) => {
                panic!("waited {bound} s for {what}; last seen: {state}");
            }
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// For conditions that are either so or not: `state` is shown when they are not.
pub(crate) fn so(condition: bool, state: impl std::fmt::Debug) -> Result<(), String> {
    if condition { Ok(()) } else { Err(format!("{state:?}")) }
}
