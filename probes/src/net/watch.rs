//! The stopwatch of one call: a net marks the stage it is in, and whoever waits can see it while the call lasts.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::Timing;
use crate::Stage;

/// The stages a net can tell apart, in the order in which they come.
const STEPS: [Stage; 4] = [Stage::Resolve, Stage::Connect, Stage::Tls, Stage::FirstByte];

tokio::task_local! {
    static CURRENT: Arc<Watch>;
}

/// When each step began. A step ends where the next one begins.
#[derive(Default)]
pub(crate) struct Watch(Mutex<[Option<Instant>; STEPS.len()]>);

/// Tells whoever waits for the call under way that this stage begins now. Without a listener nothing happens.
/// Only `resolve`, `connect`, `tls` and `first_byte` count; going back forgets what was marked after it.
pub fn mark(stage: Stage) {
    let Some(step) = STEPS.iter().position(|s| *s == stage) else { return };
    let _unheard = CURRENT.try_with(|watch| watch.set(step));
}

impl Watch {
    /// The stopwatch that somebody outside has started for this call, or a new one.
    pub(crate) fn current() -> Arc<Self> {
        CURRENT.try_with(Arc::clone).unwrap_or_default()
    }

    /// Runs a call under this stopwatch.
    pub(crate) async fn over<F: Future>(self: &Arc<Self>, call: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), call).await
    }

    /// The steps marked so far, in order.
    pub(crate) fn marks(&self) -> impl Iterator<Item = (Stage, Instant)> + use<> {
        let steps = *self.lock();
        STEPS.into_iter().zip(steps).filter_map(|(stage, at)| Some((stage, at?)))
    }

    /// The durations of all steps, taking now as the end of the last.
    pub(crate) fn timing(&self) -> Timing {
        let steps = *self.lock();
        let mut end = Instant::now();
        let mut took = steps.map(|_| None);
        for (took, began) in took.iter_mut().zip(steps).rev() {
            if let Some(began) = began {
                *took = Some(end.saturating_duration_since(began));
                end = began;
            }
        }
        let [resolve, connect, tls, first_byte] = took;
        Timing { resolve, connect, tls, first_byte }
    }

    fn set(&self, step: usize) {
        for (n, slot) in self.lock().iter_mut().enumerate().skip(step) {
            *slot = (n == step).then(Instant::now);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, [Option<Instant>; STEPS.len()]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_step_lasts_until_the_next_begins() {
        let watch = Arc::new(Watch::default());
        watch
            .over(async {
                mark(Stage::Connect);
                mark(Stage::Resolve);
                tokio::time::sleep(Duration::from_millis(5)).await;
                mark(Stage::Connect);
                tokio::time::sleep(Duration::from_millis(7)).await;
                mark(Stage::FirstByte);
                tokio::time::sleep(Duration::from_millis(11)).await;
            })
            .await;
        let ms = |n| Some(Duration::from_millis(n));
        let seen = watch.timing();
        assert_eq!(seen, Timing { resolve: ms(5), connect: ms(7), tls: None, first_byte: ms(11) });
    }

    #[tokio::test]
    async fn a_mark_that_nobody_listens_to_is_harmless() {
        mark(Stage::Tls);
        assert_eq!(Watch::current().marks().count(), 0);
    }
}
