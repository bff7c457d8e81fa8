//! Watches for agents that fall silent, whose clock is wrong, or that lose what they saw: our own trouble, not that of targets.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Agents;
use crate::clock::Clock;
use crate::inbox::{Inbox, Letter};
use crate::tasks::Tasks;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);

/// Watches until the service stops.
pub async fn watch(agents: Agents, clock: Clock, inbox: Inbox, tasks: Tasks) {
    let mut said = BTreeMap::new();
    loop {
        let now = clock.now();
        for agent in agents.all() {
            let Some(stand) = agents.stand(&agent.name, now) else { continue };
            for word in stand.words {
                // What is said is kept by whoever hears it, and repeated there.
                let news = said.get(&word.probe).map_or(!word.good, |good| *good != word.good);
                let (probe, good) = (word.probe.clone(), word.good);
                if news && inbox.put(Letter::Ourselves(word)) {
                    said.insert(probe, good);
                }
            }
        }
        tokio::select! {
            biased; // two replays must agree
            _ = tasks.stopped() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
