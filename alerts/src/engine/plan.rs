//! What the engine is given, what it remembers, and what comes out of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Alert, Deploy, Hidden, Incident, IncidentId, Notification, Policy, Rule, SeriesId, Silence};

/// The target that stands for launchwatch itself: its probes are `network`, `pace`, `store` and so on.
pub const OURSELVES: &str = "launchwatch";

/// Whether a rule is about a series. What we say of ourselves comes at odd times and in few words: only rules that name
/// [`OURSELVES`] are meant for it.
pub(super) fn judges(rule: &Rule, series: &SeriesId) -> bool {
    let named = series.target != OURSELVES || rule.of.targets.iter().any(|t| t == OURSELVES);
    named && rule.of.matches(series)
}

/// What must be kept or told.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An alert stands differently (a forgettable one may be dropped).
    Alert(Alert),
    /// An incident stands differently.
    Incident(Incident),
    /// A silence stands differently.
    Silence(Silence),
    /// An alert was not told.
    Hidden(Hidden),
    /// Something was deployed.
    Deploy(Deploy),
    /// Somebody is to be told.
    Notify(Notification),
    /// A probe is to look at once.
    Look(Ask),
}

/// A look that would tell two causes apart, out of its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Which probe.
    pub series: SeriesId,
    /// For whose sake.
    pub incident: IncidentId,
    /// What for, in words.
    pub why: String,
}

/// What the engine knows that must survive a restart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Alerts that are not forgettable.
    pub alerts: Vec<Alert>,
    /// Incidents that are open.
    pub incidents: Vec<Incident>,
    /// Silences that are not over.
    pub silences: Vec<Silence>,
    /// Deployments seen lately, oldest first.
    #[serde(default)]
    pub deploys: Vec<Deploy>,
}

/// A series that is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub series: SeriesId,
    /// The interval of its probe.
    pub every: Duration,
}

/// What the engine goes by.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// When series are in trouble.
    pub rules: Vec<Rule>,
    /// Series that are configured: what is not among them any more is closed at the start.
    pub known: Vec<Known>,
    /// Types of the probes whose looks help to name causes; see [`crate::diagnosis::Track::kind`].
    pub kinds: BTreeMap<SeriesId, String>,
    /// Targets on which a target depends.
    pub depends_on: BTreeMap<String, Vec<String>>,
    /// Who is told.
    pub policy: Policy,
    /// Series that had another name before, which comes first: what was remembered of it goes on.
    pub renamed: Vec<(SeriesId, SeriesId)>,
    /// After how long without a word an agent counts as silent, by location: until then, and while it does, that nothing
    /// is known from there is told of the agent, not of what it looks at.
    pub silent_after: BTreeMap<String, Duration>,
}

impl Plan {
    /// These rules over these series; everybody is told through these channels.
    pub fn simple(rules: Vec<Rule>, known: Vec<Known>, channels: impl IntoIterator<Item = String>) -> Self {
        Self { rules, known, policy: Policy::everybody(channels), ..Self::default() }
    }

    /// The rule of this name.
    pub(super) fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.name == name)
    }

    /// Everything a target depends on, the nearest first, itself left out.
    pub(super) fn ancestors(&self, target: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let parents_of = |one: &str| self.depends_on.get(one).into_iter().flatten();
        let mut open: std::collections::VecDeque<_> = parents_of(target).collect();
        while let Some(one) = open.pop_front() {
            if one != target && !found.contains(one) {
                found.push(one.clone());
                open.extend(parents_of(one));
            }
        }
        found
    }
}
