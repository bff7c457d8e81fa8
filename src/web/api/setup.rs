//! What the API shows of the configuration: names, addresses without credentials, schedules, rules; no secrets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use launchwatch_alerts::Rule;

use crate::config::{Config, ProbeConfig, Target};
use crate::observation::ProbeId;

/// The configuration as far as it is shown.
#[derive(Default)]
pub struct Setup {
    /// When the service was built: event ids of another life are told by it.
    pub(crate) started: Timestamp,
    /// By name.
    pub(crate) targets: BTreeMap<String, Target>,
    /// By id.
    pub(crate) probes: BTreeMap<ProbeId, ProbeConfig>,
    /// In the order of the file.
    pub(crate) rules: Vec<Rule>,
    /// In the order of the file.
    pub(crate) channels: Vec<Way>,
}

/// A channel without its secrets.
pub(crate) struct Way {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) fallback: Option<String>,
    pub(crate) per_minute: u32,
}

impl Setup {
    /// What is shown of a configuration.
    pub fn new(config: &Config, started: Timestamp) -> Self {
        Self {
            started,
            targets: config.targets.iter().map(|t| (t.name.clone(), t.clone())).collect(),
            probes: config.probes.iter().map(|p| (p.id.clone(), p.clone())).collect(),
            rules: config.rules.clone(),
            channels: config
                .channels
                .iter()
                .map(|c| Way {
                    name: c.name.clone(),
                    kind: c.kind,
                    fallback: c.fallback.clone(),
                    per_minute: c.per_minute,
                })
                .collect(),
        }
    }

    /// The ids of the probes of a target.
    pub(crate) fn probes_of(&self, target: &str) -> impl Iterator<Item = &ProbeId> {
        let own = self.probes.range(ProbeId::new(target, "")..).map(|(id, _)| id);
        own.take_while(move |id| id.target() == target)
    }
}
