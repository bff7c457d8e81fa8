//! What the engine is given, what it remembers, and what comes out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Alert, Hidden, Incident, Notification, Policy, Rule, SeriesId, Silence};

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
    /// Somebody is to be told.
    Notify(Notification),
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
    /// Targets on which a target depends.
    pub depends_on: BTreeMap<String, Vec<String>>,
    /// Who is told.
    pub policy: Policy,
}

impl Plan {
    /// These rules over these series; everybody is told through these channels.
    pub fn simple(rules: Vec<Rule>, known: Vec<Known>, channels: impl IntoIterator<Item = String>) -> Self {
        Self { rules, known, policy: Policy::everybody(channels), ..Self::default() }
    }

    pub(super) fn every(&self, series: &SeriesId) -> Duration {
        let known = self.known.iter().find(|k| k.series == *series);
        known.map_or(Duration::from_secs(60), |k| k.every)
    }

    pub(super) fn knows(&self, series: &SeriesId) -> bool {
        // A quorum's series has no location of its own.
        let same = |k: &Known| k.series.target == series.target && k.series.probe == series.probe;
        series.target == OURSELVES
            || self.known.iter().any(|k| same(k) && (series.location.is_empty() || k.series == *series))
    }

    /// Everything a target depends on, near and far, itself left out.
    pub(super) fn ancestors(&self, target: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![target.to_owned()];
        while let Some(one) = open.pop() {
            for parent in self.depends_on.get(&one).into_iter().flatten() {
                if parent != target && found.insert(parent.clone()) {
                    open.push(parent.clone());
                }
            }
        }
        found
    }

    /// Whether any target depends on this one.
    pub(super) fn is_parent(&self, target: &str) -> bool {
        self.depends_on.values().flatten().any(|parent| parent == target)
    }
}
