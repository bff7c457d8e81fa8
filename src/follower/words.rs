//! What letters between replicas say: both ends may be of different versions, so nothing here refuses unknown fields.

use launchwatch_alerts::Command;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inbox::{Caller, Suspect};
use crate::observation::Observation;
use crate::wire::{Sent, SentSuspect};

/// A command and who gave it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ordered {
    pub(super) command: Command,
    who: String,
    via: String,
}

impl Ordered {
    pub(super) fn new(command: Command, caller: &Caller) -> Self {
        Self { command, who: caller.who.clone(), via: caller.via.to_owned() }
    }

    pub(super) fn caller(&self) -> Caller {
        // The ways we know; another version may know more.
        let known = ["session", "token", "service token", "chat"];
        let via = known.into_iter().find(|way| *way == self.via).unwrap_or("another replica");
        Caller { who: self.who.clone(), via }
    }
}

/// Runs that have ended, with where they ran.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Reported {
    pub(super) runs: Vec<Run>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run {
    location: String,
    run: Sent,
}

impl Reported {
    pub(super) fn of(observations: &[Observation]) -> Self {
        let run = |seen: &Observation| Run { location: seen.location.to_string(), run: Sent::of(seen) };
        Self { runs: observations.iter().map(run).collect() }
    }

    pub(super) fn observations(self) -> Vec<Observation> {
        self.runs.into_iter().map(|run| run.run.at(&run.location.as_str().into())).collect()
    }
}

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(super) enum Asked {
    /// Why rules do or do not fire.
    Why { most: usize },
    /// Nothing: an agent was heard of.
    Heard { location: String, word: Box<crate::wire::Report> },
    /// Nothing: a run elsewhere that goes on has proved failure.
    Suspect { location: String, suspect: SentSuspect },
}

/// A suspicion as it travels.
pub(super) fn suspicion(suspect: Suspect) -> Asked {
    let Suspect { probe, location, slot, began, reason, stage, line, withdrawn } = suspect;
    let suspect = SentSuspect { probe, slot, began, reason, stage, line, withdrawn };
    Asked::Suspect { location: location.to_string(), suspect }
}

/// And as it was.
pub(super) fn suspected(location: &str, suspect: SentSuspect) -> Suspect {
    let SentSuspect { probe, slot, began, reason, stage, line, withdrawn } = suspect;
    Suspect { probe, location: location.into(), slot, began, reason, stage, line, withdrawn }
}

/// As it travels. What cannot be written is nothing: no word of ours is of that kind.
pub(super) fn body(said: &impl Serialize) -> Value {
    serde_json::to_value(said).unwrap_or_default()
}
