//! Who hears of what, when, and what is planned: routes, escalation, on-call rotations, quiet hours, maintenance.
//!
//! Pure: the moment comes in with every question. Names refer to each other; the configuration has checked them.

mod hours;
mod on_call;
mod route;
mod types;
mod windows;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use types::{
    Hours, Maintenance, Override, Person, Policy, Recipient, Reminders, Rotation, Route, Step, Team, Turn,
    Window,
};

use crate::{Ear, Severity};

/// Who is told at one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    /// Channels, each once.
    pub ears: Vec<Ear>,
    /// Names of the people on call, each once.
    pub people: Vec<String>,
}

impl Policy {
    /// Everybody hears of everything at once, through these channels.
    pub fn everybody(channels: impl IntoIterator<Item = String>) -> Self {
        Self { channels: channels.into_iter().collect(), ..Self::default() }
    }

    /// How long after the last notification reminder number `count` (the first is 0) is due.
    pub fn reminder(&self, severity: Severity, count: u32) -> Option<Duration> {
        let all = match severity {
            Severity::Page => &self.reminders.page,
            Severity::Ticket => &self.reminders.ticket,
        };
        all.get(usize::try_from(count).ok()?).or(all.last()).copied()
    }
}
