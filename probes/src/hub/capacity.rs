//! Whether a launch waits for room in the cluster, and whether room is being made: a cluster that grows is no failure.

use std::time::Duration;

use tokio::time::Instant;

use super::proof::{Weight, prove};

/// A warning after which nothing better came for this long is a suspicion.
const ALONE: Duration = Duration::from_secs(60);
/// So long may a cluster take to make a node.
const GROWS_AT_MOST: Duration = Duration::from_secs(600);
/// A pod that was placed sooner after the first warning than a node can be made found room otherwise.
const A_NODE_TAKES: Duration = Duration::from_secs(20);
/// A new node has no image yet.
const AFTER_PLACED: Duration = Duration::from_secs(180);
/// From here on it starts as everywhere else.
const AFTER_STARTED: Duration = Duration::from_secs(60);

/// What the lines so far say about room for the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Nothing is known to be missing.
    Enough,
    /// There is none, which was said a moment ago.
    Warned,
    /// There is none, and the cluster is making a node.
    Grows,
    /// There is none, and nothing better came in time.
    Lacks,
}

/// What has been heard of it.
#[derive(Debug, Default)]
pub(crate) struct Capacity {
    /// The first word about it.
    since: Option<Instant>,
    /// The first warning that nothing better has followed.
    warned: Option<Instant>,
    /// The last warning.
    words: String,
    /// What says that the cluster grows.
    growth: Option<String>,
    /// The pod has its node: when that stops being an excuse.
    placed_until: Option<Instant>,
}

/// What a line says about it.
enum Said {
    NoRoom,
    Grows,
    GrowsNot,
    Placed,
    Started,
}

impl Capacity {
    /// Takes a line. True if it is about room and proves nothing else.
    pub(crate) fn hear(&mut self, line: &str) -> bool {
        let Some(said) = read(line) else { return false };
        match said {
            Said::NoRoom => self.no_room(line),
            Said::Grows => {
                self.since.get_or_insert_with(Instant::now);
                self.growth = Some(line.to_owned());
                self.placed_until = None;
            }
            Said::GrowsNot => {
                self.growth = None;
                self.no_room(line);
            }
            Said::Placed => self.placed(),
            Said::Started if self.growth.is_some() => {
                self.placed_until = Some(Instant::now() + AFTER_STARTED);
            }
            Said::Started => {}
        }
        true
    }

    /// The pod has no node.
    pub(crate) fn no_room(&mut self, words: &str) {
        let now = Instant::now();
        self.since.get_or_insert(now);
        self.warned.get_or_insert(now);
        words.clone_into(&mut self.words);
        self.placed_until = None;
    }

    /// The pod has its node.
    pub(crate) fn placed(&mut self) {
        if self.warned.take().is_some_and(|at| at.elapsed() >= A_NODE_TAKES) && self.growth.is_none() {
            self.growth = Some("a node was found after a while".to_owned());
        }
        if self.placed_until.is_none() {
            self.placed_until = Some(Instant::now() + AFTER_PLACED);
        }
    }

    /// How it stands now.
    pub(crate) fn room(&self) -> Room {
        let passed = |at: Instant, span: Duration| at.elapsed() >= span;
        if self.placed_until.is_some() {
            let excused = self.placed_until.is_some_and(|at| Instant::now() < at);
            return if self.growth.is_some() && excused { Room::Grows } else { Room::Enough };
        }
        match (&self.growth, self.warned, self.since) {
            (Some(_), _, Some(since)) if passed(since, GROWS_AT_MOST) => Room::Lacks,
            (Some(_), _, _) => Room::Grows,
            (None, Some(at), _) if passed(at, ALONE) => Room::Lacks,
            (None, Some(_), _) => Room::Warned,
            (None, None, _) => Room::Enough,
        }
    }

    /// When it stands otherwise if nothing is heard.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self.room() {
            Room::Warned => self.warned.map(|at| at + ALONE),
            Room::Grows => self.placed_until.or(self.since.map(|at| at + GROWS_AT_MOST)),
            Room::Enough | Room::Lacks => None,
        }
    }

    /// The last line that said that there is no room.
    pub(crate) fn warning(&self) -> &str {
        if self.words.is_empty() { self.growth() } else { &self.words }
    }

    /// The line that said that the cluster grows.
    pub(crate) fn growth(&self) -> &str {
        self.growth.as_deref().unwrap_or_default()
    }
}

fn read(line: &str) -> Option<Said> {
    let lower = line.to_lowercase();
    let holds = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let warning = match prove(line) {
        Some(proof) if proof.weight != Weight::Warning => return None,
        proof => proof.is_some(),
    };
    if holds(&["nottriggerscaleup", "didn't trigger scale-up", "max node group size reached"]) {
        Some(Said::GrowsNot)
    } else if holds(&["triggeredscaleup", "triggered scale-up", "should schedule on: node"]) {
        Some(Said::Grows)
    } else if warning {
        Some(Said::NoRoom)
    } else if lower.contains("successfully assigned ") {
        Some(Said::Placed)
    } else {
        lower.contains("started container").then_some(Said::Started)
    }
}

#[cfg(test)]
#[path = "capacity_tests.rs"]
mod tests;
