//! Who hears of what, when, and what is planned: routes, escalation, on-call rotations, quiet hours, maintenance.
//!
//! Pure: the moment comes in with every question. Names refer to each other; the configuration has checked them.

mod types;

use std::time::Duration;

use jiff::Timestamp;

pub use types::{
    Hours, Maintenance, Override, Person, Policy, Recipient, Reminders, Rotation, Route, Step, Team, Turn,
    Window,
};

use crate::{Ear, Selector, SeriesId, Severity};

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

    /// Who is told of trouble of this loudness about these series: at once (`step` 0), or at a later step of escalation.
    pub fn audience(&self, _about: &[SeriesId], _severity: Severity, step: u32, _now: Timestamp) -> Audience {
        let ears = if step == 0 { self.channels.iter().map(Ear::now).collect() } else { Vec::new() };
        Audience { ears, people: Vec::new() }
    }

    /// How long after the opening the given step of escalation (the first is 1) is due; `None` if there is none.
    pub fn step_after(&self, _about: &[SeriesId], _severity: Severity, _step: u32) -> Option<Duration> {
        None
    }

    /// How long after the last notification reminder number `count` (the first is 0) is due.
    pub fn reminder(&self, severity: Severity, count: u32) -> Option<Duration> {
        let all = match severity {
            Severity::Page => &self.reminders.page,
            Severity::Ticket => &self.reminders.ticket,
        };
        all.get(usize::try_from(count).ok()?).or(all.last()).copied()
    }

    /// The maintenance that goes on for this series, by name.
    pub fn maintained(&self, _series: &SeriesId, _now: Timestamp) -> Option<&str> {
        None
    }

    /// When a maintenance begins or ends next.
    pub fn next_turn(&self, _now: Timestamp) -> Option<Timestamp> {
        None
    }
}

impl Maintenance {
    /// Whether it is about this series.
    pub fn about(&self, series: &SeriesId) -> bool {
        Selector::matches(&self.of, series)
    }
}
