//! The nouns of the policy, as the configuration hands them over.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use crate::{Selector, Severity};

/// Who hears of what, when, and what is planned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// Channels that hear of everything that no route is about: all that belong to no person and are no fallback.
    pub channels: Vec<String>,
    /// Who hears of what. All routes that match count.
    pub routes: Vec<Route>,
    /// Who can be on call.
    pub people: Vec<Person>,
    /// Who is on call when.
    pub teams: Vec<Team>,
    /// When people are reminded.
    pub reminders: Reminders,
    /// What is planned.
    pub maintenance: Vec<Maintenance>,
}

/// Who hears of trouble about some series.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Which series.
    pub of: Selector,
    /// This loud or louder.
    pub severity: Severity,
    /// Told at once.
    pub to: Vec<Recipient>,
    /// Told later, while nobody has acknowledged.
    pub steps: Vec<Step>,
    /// Tickets are not told in these hours, but at their end. Pages always are.
    pub quiet: Vec<Hours>,
    /// The time zone of `quiet`.
    pub time_zone: TimeZone,
}

/// A step of escalation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// How long after the opening.
    pub after: Duration,
    /// Who is told.
    pub to: Vec<Recipient>,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A channel, by name.
    Channel(String),
    /// A person, through the channels of theirs.
    Person(String),
    /// Whoever of a team is on call; without anybody on call, everybody of the team.
    Team(String),
}

/// Somebody who can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Unique name.
    pub name: String,
    /// Names of the channels that reach them.
    pub channels: Vec<String>,
}

/// A team with its rotations.
#[derive(Debug, Clone, PartialEq)]
pub struct Team {
    /// Unique name.
    pub name: String,
    /// In which hand-over times and hours are meant.
    pub time_zone: TimeZone,
    /// Who is on call when; several at the same time are all on call.
    pub rotations: Vec<Rotation>,
    /// Exceptions: they win over the rotations.
    pub overrides: Vec<Override>,
}

/// People who take turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// In the order of their turns.
    pub people: Vec<String>,
    /// When the first of them begins, local time; every hand-over is at this time of day.
    pub start: DateTime,
    /// How long a turn is.
    pub turn: Turn,
    /// Only in these hours; always where empty.
    pub hours: Vec<Hours>,
}

/// How long a turn is: counted in local days, so that hand-over stays at its hour across daylight saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// So many days.
    Days(u32),
    /// So many weeks.
    Weeks(u32),
}

/// An exception from the rotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who is on call instead.
    pub person: String,
}

/// Hours of some days of the week, local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// Days on which they begin; every day where empty.
    pub days: Vec<Weekday>,
    /// From this time of day.
    pub from: Time,
    /// Until this time of day; not after `from` means: of the next day.
    pub until: Time,
}

/// When people are reminded of what lasts and is not acknowledged: the pauses one after the other, the last one for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminders {
    /// Of what wakes somebody.
    pub page: Vec<Duration>,
    /// Of what can wait.
    pub ticket: Vec<Duration>,
}

impl Default for Reminders {
    /// Pages after 30 minutes, 1, 2 and then every 4 hours; tickets once a day.
    fn default() -> Self {
        const HOUR: u64 = 3_600;
        Self {
            page: [HOUR / 2, HOUR, 2 * HOUR, 4 * HOUR].map(Duration::from_secs).to_vec(),
            ticket: vec![Duration::from_secs(24 * HOUR)],
        }
    }
}

/// Planned work: nobody is told of trouble in it, and the next look after its end decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Maintenance {
    /// Unique name.
    pub name: String,
    /// What is worked on.
    pub of: Selector,
    /// When.
    pub when: Window,
}

/// When planned work goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Window {
    /// Once.
    Once {
        /// From when.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// Every week, local time: begins at its hour and lasts as long as it says, across daylight saving too.
    Weekly {
        /// Days of the week; every day where empty.
        days: Vec<Weekday>,
        /// Time of day.
        at: Time,
        /// How long.
        lasts: Duration,
        /// In which `at` is meant.
        time_zone: TimeZone,
    },
}
