//! Tells the recorder how the channels stand, so that somebody hears of it through another one; and the figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Shared;
use crate::inbox::{Inbox, Letter, Ourselves};
use crate::store::{Backlog, Stand};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(15);
/// What could have been told for this long and is not is trouble of ours.
const OVERDUE: SignedDuration = SignedDuration::from_mins(5);

/// Whether nobody can be told of anything. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stuck(Arc<AtomicBool>);

impl Stuck {
    /// Whether no channel works.
    pub fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Looks until the service stops.
pub(super) async fn run(shared: Arc<Shared>, inbox: Inbox, channels: Vec<String>, stuck: Stuck) {
    loop {
        tokio::select! {
            biased; // two replays must agree
            _ = shared.tasks.stopped() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let outbox = match shared.store.outbox().await {
            Ok(outbox) => outbox,
            Err(error) => {
                tracing::error!(%error, "cannot read how the outbox stands");
                continue;
            }
        };
        let now = shared.edges.clock.now();
        let age = |at: Timestamp| Duration::try_from(now.duration_since(at)).unwrap_or_default();
        shared.metrics.outbox(outbox.owed, outbox.oldest.map(age));
        let mut bad = 0;
        for name in &channels {
            let (stand, backlog) =
                (shared.stand(name), outbox.channels.get(name).copied().unwrap_or_default());
            shared.metrics.channel(name, stand.broken.is_some(), backlog.owed, backlog.due.map(age));
            let trouble = trouble(name, &stand, backlog, now);
            bad += usize::from(trouble.is_some());
            tell(&inbox, format!("channel-{name}"), trouble);
        }
        stuck.0.store(bad > 0 && bad == channels.len(), Ordering::Relaxed);
        let untold = outbox.untold.map(|due| now.duration_since(due)).filter(|age| *age > OVERDUE);
        let words = |age: SignedDuration| {
            format!("no channel has told what could have been told {} min ago", age.as_mins())
        };
        tell(&inbox, "outbox".into(), untold.map(words));
    }
}

/// A letter that finds no room is told again in a moment.
fn tell(inbox: &Inbox, probe: String, trouble: Option<String>) {
    let good = trouble.is_none();
    let _ = inbox.put(Letter::Ourselves(Ourselves { probe, good, summary: trouble.unwrap_or_default() }));
}

/// What is wrong with a channel, if anything is.
fn trouble(name: &str, stand: &Stand, backlog: Backlog, now: Timestamp) -> Option<String> {
    let why = stand.why.as_deref().unwrap_or("no reason is known");
    if stand.broken.is_some() {
        return Some(format!("the channel {name} is broken, {} wait for it: {why}", backlog.owed));
    }
    let age = backlog.due.map(|due| now.duration_since(due)).filter(|age| *age > OVERDUE)?;
    let (owed, minutes) = (backlog.owed, age.as_mins());
    Some(format!("{owed} wait for the channel {name}, the oldest for {minutes} min: {why}"))
}
