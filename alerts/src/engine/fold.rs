//! Cause and symptom: what depends on a target in trouble goes on under its name, and waits for it.

use jiff::Timestamp;

use super::Engine;
use super::trouble::note;
use crate::{Held, Incident, IncidentId};

impl Engine {
    /// An open incident of something that depends on this target: it was a symptom, and goes on under the name of the
    /// cause. If there are several, the oldest goes on and the others end in it.
    pub(super) fn below(&mut self, target: &str, now: Timestamp) -> Option<IncidentId> {
        if !self.parents.contains(target) {
            return None;
        }
        let below = |one: &str| self.plan.ancestors(one).iter().any(|above| above == target);
        // What people merged may hold alerts of targets that do not depend on it.
        let all =
            |i: &Incident| self.members.get(&i.id).into_iter().flatten().all(|k| below(&k.series.target));
        let depends = |i: &&Incident| !i.storm && below(&i.target) && all(i);
        let mut found: Vec<_> =
            self.incidents.values().filter(depends).map(|i| (i.opened_at, i.id.clone())).collect();
        found.sort();
        let mut found = found.into_iter().map(|(_, id)| id);
        let oldest = found.next()?;
        for id in found {
            let words = format!("goes on as incident {oldest}: it depends on {target}, which is in trouble");
            self.give_back(&id, target);
            self.resolve(&id, Some(&words), now);
        }
        self.give_back(&oldest, target);
        if let Some(incident) = self.incidents.get_mut(&oldest) {
            note(incident, now, None, format!("{target}, on which it depends, is in trouble as well"));
            incident.target = target.to_owned();
        }
        Some(oldest)
    }

    /// The alerts of an incident wait for the target on which they depend.
    fn give_back(&mut self, id: &IncidentId, parent: &str) {
        let members = self.members.get_mut(id).map(std::mem::take).unwrap_or_default();
        for key in members {
            self.alter(&key, |alert| {
                (alert.incident, alert.held) = (None, Some(Held::Parent(parent.to_owned())));
            });
            self.by_target.remove(&key.series.target);
            self.dirty.targets.insert(key.series.target.clone());
        }
    }
}
