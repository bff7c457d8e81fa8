//! The sections about people as written: who is told, who is on call, what is planned. The comments are the manual.

use launchwatch_alerts::Severity;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::duration::Span;
use crate::config::texts::{Days, Local, Moment, OrOff, TimeOfDay, TurnText};

/// Somebody who can be told.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PersonKeys {
    /// Unique name.
    pub(crate) name: String,
    /// Names of the channels that reach them.
    pub(crate) channels: Vec<String>,
}

/// People who share the work.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct TeamKeys {
    /// Unique name.
    pub(crate) name: String,
    /// IANA name of the time zone in which turns and hours are meant.
    #[schemars(extend("default" = "UTC"))]
    pub(crate) time_zone: Option<String>,
    /// Who is on call when. Where several are at once, all of them are told; where nobody is, the whole team.
    pub(crate) rotations: Vec<RotationKeys>,
    /// Exceptions: they win over the rotations.
    pub(crate) overrides: Option<Vec<OverrideKeys>>,
}

/// People who take turns.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RotationKeys {
    /// Their names, in the order of their turns.
    pub(crate) people: Vec<String>,
    /// When the first of them begins, local time, such as `2026-01-05T09:00`; every hand-over is at this time of day.
    pub(crate) start: Local,
    /// How long a turn is: `1w`, `2w`, `1d` …
    #[schemars(extend("default" = "1w"))]
    pub(crate) every: Option<TurnText>,
    /// Only in these hours; always by default.
    pub(crate) hours: Option<Vec<DayHours>>,
}

/// Hours of some days.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct DayHours {
    /// Days on which they begin, such as `[mon-fri]` or `[sat, sun]`; every day by default.
    pub(crate) days: Option<Vec<Days>>,
    /// From this time of day, such as `22:00`.
    pub(crate) from: TimeOfDay,
    /// Until this time of day; if that is not after `from`, of the next day.
    pub(crate) until: TimeOfDay,
}

/// An exception from the rotations.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct OverrideKeys {
    /// From when, such as `2026-12-24T00:00:00+01:00`.
    pub(crate) from: Moment,
    /// Until when.
    pub(crate) until: Moment,
    /// Who is on call instead.
    pub(crate) person: String,
}

/// Who hears of what.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RouteKeys {
    /// Names of targets; all by default. `*` stands for any text. `launchwatch` is launchwatch itself.
    pub(crate) targets: Option<Vec<String>>,
    /// Names of probes; all by default. `*` stands for any text.
    pub(crate) probes: Option<Vec<String>>,
    /// This loud or louder.
    #[schemars(extend("default" = "ticket"))]
    pub(crate) severity: Option<Severity>,
    /// Who is told at once: the name of a channel, `person:NAME`, or `team:NAME` for whoever of it is on call.
    pub(crate) to: Option<Vec<String>>,
    /// Who is told later, while nobody has acknowledged.
    pub(crate) steps: Option<Vec<StepKeys>>,
    /// Hours in which tickets wait. Pages never do.
    pub(crate) quiet_hours: Option<Vec<DayHours>>,
    /// IANA name of the time zone in which `quiet_hours` are meant.
    #[schemars(extend("default" = "UTC"))]
    pub(crate) time_zone: Option<String>,
}

/// A step of escalation.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct StepKeys {
    /// How long after people were first told; each step is later than the one before.
    pub(crate) after: Span,
    /// Who is told, as in `to` of the route.
    pub(crate) to: Vec<String>,
}

/// When people are reminded of what lasts and nobody has acknowledged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ReminderKeys {
    /// Of what wakes somebody: pauses one after the other, the last one for ever; or `off`.
    #[schemars(extend("default" = ["30m", "1h", "2h", "4h"]))]
    pub(crate) page: Option<OrOff<Vec<Span>>>,
    /// Of what can wait: the same.
    #[schemars(extend("default" = ["24h"]))]
    pub(crate) ticket: Option<OrOff<Vec<Span>>>,
}

/// Planned work: nobody is told of trouble in it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct MaintenanceKeys {
    /// Unique name.
    pub(crate) name: String,
    /// Names of targets; all by default. `*` stands for any text.
    pub(crate) targets: Option<Vec<String>>,
    /// Names of probes; all by default. `*` stands for any text.
    pub(crate) probes: Option<Vec<String>>,
    /// Once: from when, such as `2026-03-01T22:00:00+01:00`.
    pub(crate) from: Option<Moment>,
    /// Once: until when.
    pub(crate) until: Option<Moment>,
    /// Every week instead: on these days, such as `[sun]`; every day by default.
    pub(crate) days: Option<Vec<Days>>,
    /// Every week: at this time of day.
    pub(crate) at: Option<TimeOfDay>,
    /// Every week: how long.
    #[serde(rename = "for")]
    pub(crate) lasts: Option<Span>,
    /// IANA name of the time zone in which `at` is meant.
    #[schemars(extend("default" = "UTC"))]
    pub(crate) time_zone: Option<String>,
}
