//! What was remembered under an old name goes on under the new one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Engine, Plan};
use crate::{Alert, AlertState, Incident, SeriesId};

/// New names by old ones.
struct Names<'p> {
    plan: &'p Plan,
    /// Targets of which every probe has moved to the same other target.
    targets: BTreeMap<&'p str, &'p str>,
}

impl<'p> Names<'p> {
    fn new(plan: &'p Plan) -> Self {
        let known: BTreeSet<&str> = plan.known.iter().map(|k| k.series.target.as_str()).collect();
        let moved = plan.renamed.iter().map(|(old, new)| (old.target.as_str(), new.target.as_str()));
        Self { plan, targets: moved.filter(|(old, new)| old != new && !known.contains(old)).collect() }
    }

    /// The new name; `None` where it stays.
    fn of(&self, series: &SeriesId) -> Option<SeriesId> {
        if self.plan.known.iter().any(|k| k.series == *series) {
            return None;
        }
        // Of an alert of several locations together none is named.
        let same = |old: &SeriesId| {
            (old.target == series.target && old.probe == series.probe)
                && (series.location.is_empty() || old.location == series.location)
        };
        let (_, new) = self.plan.renamed.iter().find(|(old, _)| same(old))?;
        Some(SeriesId { location: series.location.clone(), ..new.clone() })
    }

    fn target(&self, old: &str) -> Option<String> {
        self.targets.get(old).map(|new| (*new).to_owned())
    }

    fn incident(&self, incident: &mut Incident) -> bool {
        let before = incident.clone();
        if let Some(new) = self.target(&incident.target) {
            incident.target = new;
        }
        let name = |old: &String| self.target(old).unwrap_or_else(|| old.clone());
        incident.targets = incident.targets.iter().map(name).collect();
        for mut alert in std::mem::take(&mut incident.alerts).into_values() {
            if let Some(new) = self.of(&alert.key.series) {
                alert.key.series = new;
            }
            super::trouble::list(incident, alert);
        }
        for spell in &mut incident.spells {
            if let Some(new) = self.of(&spell.series) {
                spell.series = new;
            }
        }
        // What failed when it was acknowledged, with the series in words.
        for (old, new) in &self.plan.renamed {
            let (old, new) = (format!("{old} "), format!("{new} "));
            let name = |cause: &String| cause.strip_prefix(&old).map(|how| format!("{new}{how}"));
            let named = |cause: &String| name(cause).unwrap_or_else(|| cause.clone());
            incident.ack_causes = incident.ack_causes.iter().map(named).collect();
        }
        *incident != before
    }
}

impl Engine {
    /// Gives alerts and incidents the names of today. Done once, nothing is left to be done.
    pub(super) fn rename(&mut self) {
        if self.plan.renamed.is_empty() {
            return;
        }
        let names = Names::new(&self.plan);
        let moves: Vec<_> = self
            .alerts
            .keys()
            .filter_map(|key| {
                let series = names.of(&key.series)?;
                Some((key.clone(), crate::AlertKey { rule: key.rule.clone(), series }))
            })
            .collect();
        for incident in self.incidents.values_mut() {
            if names.incident(incident) {
                self.dirty.incidents.insert(incident.id.clone());
            }
        }
        for (old, new) in moves {
            let Some(mut alert) = self.alerts.remove(&old) else { continue };
            self.dirty.forgotten.insert(old, gone(&alert));
            // Where the new name has an alert already, that one knows better.
            if self.alerts.contains_key(&new) {
                continue;
            }
            alert.key = new.clone();
            self.dirty.alerts.insert(new.clone());
            self.alerts.insert(new, alert);
        }
    }
}

/// The same alert as one that may be dropped.
fn gone(alert: &Alert) -> Alert {
    let mut gone = alert.clone();
    gone.state = AlertState::Calm;
    gone.fired_lately.clear();
    (gone.held, gone.clear_since, gone.fired_at, gone.incident) = (None, None, None, None);
    gone
}
