//! Probes that come and go while the service runs, and single runs: what an agent's plan asks for.

use std::sync::Arc;

use jiff::Timestamp;
use launchwatch_probes::Verdict;
use tokio::sync::{oneshot, watch};

use super::attempt::Attempt;
use super::{Shared, runner};
use crate::config::ProbeConfig;
use crate::tasks::OnExit;

/// The life of one probe, which can end before the service does.
#[derive(Debug)]
pub struct Life {
    retire: watch::Sender<bool>,
    ended: oneshot::Receiver<()>,
}

/// Whether a probe is no longer wanted.
#[derive(Debug, Clone)]
pub(super) struct Retired(Option<watch::Receiver<bool>>);

impl Retired {
    /// It is wanted as long as the service runs.
    pub(super) fn never() -> Self {
        Self(None)
    }

    /// Waits for the end.
    pub(super) async fn comes(&self) {
        match self.0.clone() {
            // Whoever let go of a life wants no more of it.
            Some(mut retired) => drop(retired.wait_for(|retired| *retired).await),
            None => std::future::pending().await,
        }
    }
}

impl Life {
    /// No run begins any more; one that goes on comes to its end. What is returned ends with it.
    pub fn retire(self) -> oneshot::Receiver<()> {
        self.retire.send_replace(true);
        self.ended
    }
}

/// Begins the life of a probe, when that of its predecessor has come to its end: two runs of one probe never overlap.
pub fn begin(shared: &Arc<Shared>, probe: &ProbeConfig, before: Option<oneshot::Receiver<()>>) -> Life {
    let (retire, retired) = watch::channel(false);
    let (ending, ended) = oneshot::channel::<()>();
    let (probe, held) = (Arc::new(probe.clone()), Arc::clone(shared));
    shared.tasks.spawn(format!("probe/{}", probe.id), OnExit::Fine, async move {
        let _told_at_the_end = ending;
        if let Some(before) = before {
            // It ends by being let go.
            drop(before.await);
        }
        // In a box, so that a task has room for it once.
        Box::pin(runner::run(held, probe, Retired(Some(retired)))).await;
    });
    Life { retire, ended }
}

/// Runs a probe once for this slot, as soon as there is a place for it. `None` if there is none before we are stopped.
pub async fn once(shared: &Arc<Shared>, probe: &Arc<ProbeConfig>, slot: Timestamp) -> Option<Verdict> {
    let permit = tokio::select! {
        biased; // two replays must agree
        _ = shared.tasks.stopped() => return None,
        permit = shared.permits.take(probe.id.target(), probe.launches) => permit?,
    };
    Some(Attempt::new(shared, probe, slot, false).run(permit).await)
}
