//! Every task by name, with what its end means. The only place that spawns.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

/// What the end of a task means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExit {
    /// The service cannot go on without it: stop, drain and end with an error.
    Stop,
    /// Nothing: it has done its work.
    Fine,
}

/// Why the service stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// It was asked to.
    Asked,
    /// A task that it cannot do without has ended.
    Lost(String),
}

/// The tasks of one service.
#[derive(Clone)]
pub struct Tasks {
    set: Arc<Mutex<JoinSet<()>>>,
    stop: watch::Sender<Option<Stop>>,
}

impl Tasks {
    /// None yet.
    pub fn new() -> Self {
        Self { set: Arc::default(), stop: watch::Sender::new(None) }
    }

    /// Starts a task. A panic in it counts as its end.
    pub fn spawn(
        &self,
        name: impl Into<String>,
        on_exit: OnExit,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let ending = Ending { name: name.into(), on_exit, stop: self.stop.clone() };
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        while set.try_join_next().is_some() {}
        set.spawn(async move {
            let _told_at_the_end = ending;
            work.await;
        });
    }

    /// Starts work that nobody waits for and that ends with the process, such as waiting for a signal.
    #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
    pub fn spawn_detached(&self, work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(work);
    }

    /// Asks everyone to stop.
    pub fn stop(&self) {
        self.stop.send_if_modified(|s| {
            s.is_none() && {
                *s = Some(Stop::Asked);
                true
            }
        });
    }

    /// Asks everyone to stop because something has ended that the service cannot do without.
    pub fn lose(&self, name: &str) {
        self.stop.send_if_modified(|s| {
            s.is_none() && {
                *s = Some(Stop::Lost(name.into()));
                true
            }
        });
    }

    /// Whether everyone was asked to stop.
    pub fn stopping(&self) -> bool {
        self.stop.borrow().is_some()
    }

    /// Waits until everyone is asked to stop, and says why.
    pub async fn stopped(&self) -> Stop {
        let mut stop = self.stop.subscribe();
        let seen = stop.wait_for(Option::is_some).await.ok().and_then(|s| s.clone());
        seen.unwrap_or(Stop::Asked)
    }

    /// Waits until all tasks have ended, at most `grace`; those left are cut off. True if none was.
    pub async fn drain(&self, grace: Duration) -> bool {
        let mut set = std::mem::take(&mut *self.set.lock().unwrap_or_else(PoisonError::into_inner));
        let all_ended =
            tokio::time::timeout(grace, async { while set.join_next().await.is_some() {} }).await.is_ok();
        set.shutdown().await;
        all_ended
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

/// Tells of the end of a task, also when it panics.
struct Ending {
    name: String,
    on_exit: OnExit,
    stop: watch::Sender<Option<Stop>>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        if panicked || self.on_exit == OnExit::Stop {
            let lost = Stop::Lost(self.name.clone());
            self.stop.send_if_modified(|s| {
                s.is_none() && {
                    *s = Some(lost);
                    true
                }
            });
        }
    }
}
