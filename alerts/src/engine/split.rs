//! Some alerts of an incident turn out to be another trouble: they become an incident of their own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::trouble::{list, name, note};
use super::{Engine, trouble};
use crate::{
    Alert, AlertKey, Disobeyed, Incident, IncidentId, IncidentState, NotificationKind as Kind, Spell,
};

impl Engine {
    /// Splits alerts off an open incident, and tells of the new one as opened.
    pub(super) fn split(
        &mut self,
        incident: &IncidentId,
        alerts: &[String],
        by: &str,
        now: Timestamp,
    ) -> Result<(), Disobeyed> {
        let id = self.find(incident)?;
        let keys = self.chosen(&id, alerts)?;
        let Some(new) = self.made_of(&id, &keys, now) else { return Err(Disobeyed::NoIncident(id.0)) };
        let to = new.id.clone();
        self.incidents.insert(to.clone(), new);
        if let Some(members) = self.members.get_mut(&id) {
            members.retain(|key| !keys.contains(key));
        }
        for key in &keys {
            self.alter(key, |alert| alert.incident = Some(to.clone()));
        }
        self.members.insert(to.clone(), keys.clone());
        for target in keys.iter().map(|key| key.series.target.as_str()).collect::<BTreeSet<_>>() {
            self.cover(target);
            self.dirty.targets.insert(target.to_owned());
        }
        self.leave_to(&id, &keys);
        let names: Vec<_> = keys.iter().map(name).collect();
        let names = crate::text::one_line(&names.join(", "), 1000);
        self.remark(&id, by, format!("{names} split off as incident {to}"), now);
        self.go_on_as(&id, now);
        self.note_deploys(&to);
        self.remark(&to, by, format!("split off from incident {id}: {names}"), now);
        self.tell(&to, Kind::Opened, Some(&format!("split off from incident {id} by {by}")), now);
        Ok(())
    }

    /// The alerts that are meant: firing ones of this incident, and not all of them.
    fn chosen(&self, id: &IncidentId, alerts: &[String]) -> Result<BTreeSet<AlertKey>, Disobeyed> {
        let says = |words: String| Err(Disobeyed::Nonsense(words));
        let members = self.members.get(id);
        let by_name: BTreeMap<String, &AlertKey> =
            members.into_iter().flatten().map(|key| (name(key), key)).collect();
        let mut keys = BTreeSet::new();
        for wanted in alerts {
            match by_name.get(wanted) {
                Some(key) => _ = keys.insert((*key).clone()),
                None => {
                    let wanted = crate::text::one_line(wanted, 200);
                    return says(format!("`{wanted}` is no alert that fires in the incident `{id}`"));
                }
            }
        }
        if keys.is_empty() {
            return says("it says not which alerts are to be split off".to_owned());
        }
        if keys.len() == by_name.len() {
            return says(format!("nothing would be left of the incident `{id}`"));
        }
        Ok(keys)
    }

    /// The new incident, of these alerts of an old one.
    fn made_of(&mut self, old: &IncidentId, keys: &BTreeSet<AlertKey>, now: Timestamp) -> Option<Incident> {
        let alerts: Vec<Alert> = keys.iter().filter_map(|key| self.alerts.get(key)).cloned().collect();
        let first = alerts.first()?;
        let target = first.key.series.target.clone();
        let id = self.incident_id(&target, now);
        let from = self.incidents.get_mut(old)?;
        let (spells, kept): (Vec<Spell>, Vec<Spell>) = std::mem::take(&mut from.spells)
            .into_iter()
            .partition(|s| keys.iter().any(|k| k.rule == s.rule && k.series == s.series));
        from.spells = kept;
        let mut new = Incident {
            id,
            target,
            targets: alerts.iter().map(|a| a.key.series.target.clone()).collect(),
            storm: false,
            state: IncidentState::Open,
            severity: alerts.iter().map(|a| a.severity).max().unwrap_or(first.severity),
            since: alerts.iter().map(|a| a.since).min().unwrap_or(first.since),
            opened_at: now,
            resolved_at: None,
            alerts: BTreeMap::new(),
            more: 0,
            notifications: 0,
            told: BTreeSet::new(),
            update_due: None,
            ack: None,
            ack_causes: BTreeSet::new(),
            assignee: None,
            reminder_due: None,
            reminders: 0,
            steps: 0,
            step_due: None,
            label: None,
            recovered_at: None,
            diagnosis: Vec::new(),
            named: Vec::new(),
            proposed: Vec::new(),
            spells,
            timeline: Vec::new(),
            merged_into: None,
            split_from: Some(old.clone()),
        };
        for mut alert in alerts {
            note(
                &mut new,
                alert.fired_at.unwrap_or(now),
                None,
                format!("{} fires: {}", name(&alert.key), alert.says),
            );
            alert.incident = Some(new.id.clone());
            list(&mut new, alert);
        }
        new.timeline.sort_by_key(|entry| entry.at);
        Some(new)
    }

    /// What is left of an incident is what it was about.
    fn leave_to(&mut self, id: &IncidentId, gone: &BTreeSet<AlertKey>) {
        let Some(incident) = self.incidents.get_mut(id) else { return };
        for key in gone {
            incident.alerts.remove(&trouble::name(key));
        }
        let Some(members) = self.members.get(id) else { return };
        let left: Vec<&Alert> = incident.alerts.values().collect();
        if incident.more == 0 {
            incident.since = left.iter().map(|a| a.since).min().unwrap_or(incident.since);
            let targets = left.iter().map(|a| &a.key.series).chain(members.iter().map(|k| &k.series));
            incident.targets = targets.map(|series| series.target.clone()).collect();
        }
        let spells = incident.spells.iter().map(|s| s.severity);
        incident.severity = spells.chain(left.iter().map(|a| a.severity)).max().unwrap_or(incident.severity);
        self.dirty.incidents.insert(id.clone());
    }
}
