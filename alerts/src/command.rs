//! What people can tell the engine, and why it may say no.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Deploy, IncidentId, Label, Silence};

/// Something that a person wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// I see to it: no reminders and no further steps for a time, unless something else begins to fail.
    Acknowledge {
        /// Which incident; a target's name stands for its open incident.
        incident: IncidentId,
        /// Who.
        by: String,
        /// For how long, in seconds; four hours by default.
        #[serde(default)]
        seconds: Option<i64>,
    },
    /// I do not see to it after all.
    Unacknowledge {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        by: String,
    },
    /// It is theirs.
    Assign {
        /// Which incident.
        incident: IncidentId,
        /// Whose it is.
        to: String,
        /// Who says so.
        by: String,
    },
    /// A remark for the record.
    Comment {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        by: String,
        /// What.
        text: String,
    },
    /// Whether it was right to tell, for `backtest`; also after the end.
    Label {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        by: String,
        /// What it was.
        label: Label,
    },
    /// Two incidents are the same trouble: what belongs to `from` goes on in `into`, and `from` is closed.
    Merge {
        /// Which goes on.
        into: IncidentId,
        /// Which ends in it; also one that is over.
        from: IncidentId,
        /// Who says so.
        by: String,
    },
    /// Some alerts are another trouble: they become an incident of their own.
    Split {
        /// Which incident.
        incident: IncidentId,
        /// Alerts that fail, as the incident lists them: `rule over target/probe`.
        alerts: Vec<String>,
        /// Who says so.
        by: String,
    },
    /// Something was deployed to a target, or could not be.
    Deploy {
        /// What was seen.
        deploy: Deploy,
    },
    /// Do not tell for a time (a maintenance is one too).
    Silence {
        /// The silence.
        silence: Silence,
    },
    /// Tell again.
    EndSilence {
        /// Which silence.
        id: String,
        /// Who.
        by: String,
    },
}

/// How long an acknowledgement keeps an incident quiet where nothing is said.
pub(crate) const ACK_LASTS: SignedDuration = SignedDuration::from_hours(4);
/// Longest silence: what must never be told belongs into the configuration.
pub(crate) const LONGEST_SILENCE: SignedDuration = SignedDuration::from_hours(24 * 31);

/// Why a command was not obeyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Disobeyed {
    /// There is no such open incident.
    #[error("there is no open incident `{0}`")]
    NoIncident(String),
    /// There is no such silence.
    #[error("there is no silence `{0}` that could be ended")]
    NoSilence(String),
    /// It cannot be meant.
    #[error("{0}")]
    Nonsense(String),
}

impl Command {
    /// Who wants it.
    pub fn by(&self) -> &str {
        match self {
            Self::Acknowledge { by, .. }
            | Self::Unacknowledge { by, .. }
            | Self::Assign { by, .. }
            | Self::Comment { by, .. }
            | Self::Label { by, .. }
            | Self::Merge { by, .. }
            | Self::Split { by, .. }
            | Self::EndSilence { by, .. } => by,
            Self::Silence { silence } => &silence.by,
            Self::Deploy { deploy } => &deploy.by,
        }
    }
}

/// A silence's span, checked.
pub(crate) fn checked(silence: &Silence, now: Timestamp) -> Result<(), Disobeyed> {
    let says = |words: &str| Err(Disobeyed::Nonsense(words.to_owned()));
    if silence.until <= now || silence.until <= silence.from {
        return says("the silence would be over before it begins");
    }
    if silence.until.duration_since(silence.from.max(now)) > LONGEST_SILENCE {
        return says(
            "a silence lasts at most 31 days: what must never be told belongs into the configuration",
        );
    }
    Ok(())
}
