//! Tape: lines that one task writes and any number of clients follow from the start, also when they come late.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// An append-only record with followers.
#[derive(Debug)]
pub(crate) struct Tape<T> {
    /// The lines, and whether more may come.
    lines: Mutex<(Vec<T>, bool)>,
    /// Wakes followers in the order in which they came; a watch channel would wake them in random order.
    grown: Notify,
}

impl<T: Clone> Tape<T> {
    pub(crate) fn new() -> Self {
        Self { lines: Mutex::new((Vec::new(), true)), grown: Notify::new() }
    }

    pub(crate) fn push(&self, line: T) {
        self.lines().0.push(line);
        self.grown.notify_waiters();
    }

    /// No line comes any more: followers end.
    pub(crate) fn end(&self) {
        self.lines().1 = false;
        self.grown.notify_waiters();
    }

    pub(crate) fn last(&self) -> Option<T> {
        self.lines().0.last().cloned()
    }

    /// The line at `at`, waiting for it if need be; none after the end.
    pub(crate) async fn line(&self, at: usize) -> Option<T> {
        loop {
            // Made before the look, so that a line that comes in between is not missed.
            let grown = self.grown.notified();
            {
                let lines = self.lines();
                if let Some(line) = lines.0.get(at) {
                    return Some(line.clone());
                }
                if !lines.1 {
                    return None;
                }
            }
            grown.await;
        }
    }

    fn lines(&self) -> MutexGuard<'_, (Vec<T>, bool)> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
