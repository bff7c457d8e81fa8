//! What the engine goes by; and which probes tell why something is wrong: their last looks are kept for naming causes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use launchwatch_alerts::{Known, Plan, Rule, SeriesId};

use super::{Config, ProbeConfig};

/// Types that only ask for an answer: they tell something beside others, and alone there may be thousands of them.
const PLAIN: [&str; 4] = ["http", "tcp", "tls", "dns"];

impl Config {
    /// What the engine goes by: the configured probes, as their schedules run at this moment, under these rules.
    pub fn plan(&self, rules: Vec<Rule>, at: Timestamp) -> Plan {
        let known =
            self.probes.iter().map(|p| Known { series: self.series(p), every: p.schedule.interval(at) });
        let depends_on = self.targets.iter().map(|t| (t.name.clone(), t.depends_on.clone()));
        Plan {
            rules,
            known: known.collect(),
            kinds: self.kinds(),
            depends_on: depends_on.collect(),
            policy: self.policy.clone(),
            renamed: self.renamed(),
            silent_after: self.agents.iter().map(|a| (a.name.to_string(), a.silent_after)).collect(),
        }
    }

    fn series(&self, probe: &ProbeConfig) -> SeriesId {
        SeriesId {
            target: probe.id.target().to_owned(),
            probe: probe.id.bare().to_owned(),
            location: probe.id.elsewhere().unwrap_or(&self.service.location).to_owned(),
        }
    }

    /// The types of the probes that tell why, `!fresh` added to launches that must build.
    pub fn kinds(&self) -> BTreeMap<SeriesId, String> {
        let plain = |p: &ProbeConfig| PLAIN.contains(&p.kind);
        let targets: BTreeSet<&str> =
            self.probes.iter().filter(|p| !plain(p)).map(|p| p.id.target()).collect();
        let tells = self.probes.iter().filter(|p| !plain(p) || targets.contains(p.id.target()));
        tells
            .map(|p| {
                let series = self.series(p);
                (series, format!("{}{}", p.kind, if p.fresh { "!fresh" } else { "" }))
            })
            .collect()
    }
}
