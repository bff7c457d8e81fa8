//! Which probes tell why something is wrong: their last looks are kept in memory for naming causes.

use std::collections::{BTreeMap, BTreeSet};

use launchwatch_alerts::SeriesId;

use super::{Config, ProbeConfig};

/// Types that only ask for an answer: they tell something beside others, and alone there may be thousands of them.
const PLAIN: [&str; 4] = ["http", "tcp", "tls", "dns"];

impl Config {
    /// The types of the probes that tell why, `!fresh` added to launches that must build.
    pub fn kinds(&self) -> BTreeMap<SeriesId, String> {
        let plain = |p: &ProbeConfig| PLAIN.contains(&p.kind);
        let targets: BTreeSet<&str> =
            self.probes.iter().filter(|p| !plain(p)).map(|p| p.id.target()).collect();
        let tells = self.probes.iter().filter(|p| !plain(p) || targets.contains(p.id.target()));
        tells
            .map(|p| {
                let series = SeriesId {
                    target: p.id.target().to_owned(),
                    probe: p.id.probe().to_owned(),
                    location: self.service.location.to_string(),
                };
                (series, format!("{}{}", p.kind, if p.fresh { "!fresh" } else { "" }))
            })
            .collect()
    }
}
