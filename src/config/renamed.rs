//! Which series had another name before.

use std::collections::BTreeMap;

use launchwatch_alerts::SeriesId;

use super::Config;

impl Config {
    /// Series by their former names, as `was` tells of targets and probes; the new name second.
    pub fn renamed(&self) -> Vec<(SeriesId, SeriesId)> {
        let mut pairs = Vec::new();
        let was: BTreeMap<&str, Option<&str>> =
            self.targets.iter().map(|t| (t.name.as_str(), t.was.as_deref())).collect();
        for probe in &self.probes {
            let (target, name) = (probe.id.target(), probe.id.bare());
            let named = |target: &str, probe_name: &str| SeriesId {
                target: target.to_owned(),
                probe: probe_name.to_owned(),
                location: probe.id.elsewhere().unwrap_or(&self.service.location).to_owned(),
            };
            let before = was.get(target).copied().flatten();
            // One of both may have been renamed earlier than the other.
            for old_target in before.into_iter().chain([target]) {
                for old_name in probe.was.as_deref().into_iter().chain([name]) {
                    if (old_target, old_name) != (target, name) {
                        pairs.push((named(old_target, old_name), named(target, name)));
                    }
                }
            }
        }
        pairs
    }
}
