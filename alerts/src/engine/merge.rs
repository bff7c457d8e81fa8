//! Two incidents turn out to be the same trouble: one goes on with everything that belongs to both, the other ends in it.

use jiff::Timestamp;

use super::explain::KEPT;
use super::raise::GATHER;
use super::trouble::{ENTRIES, LISTED, STORM, cause, list, note};
use super::{Engine, OURSELVES};
use crate::{Ack, Disobeyed, Ear, Incident, IncidentId, IncidentState, NotificationKind as Kind, Severity};

impl Engine {
    /// Merges `from` into `into`; both are open. Whoever was told of `from` hears that it is closed and as what it goes on;
    /// whoever was not told of `into` so far hears of that as well. Nobody else is told anything.
    pub(super) fn merge(
        &mut self,
        into: &IncidentId,
        from: &IncidentId,
        by: &str,
        now: Timestamp,
    ) -> Result<(), Disobeyed> {
        let (from, into) = (self.find(from)?, self.find(into)?);
        let (Some(old), Some(new)) = (self.incidents.get(&from).cloned(), self.incidents.get(&into)) else {
            return Err(Disobeyed::NoIncident(from.0));
        };
        fit(new, &old)?;
        let (untold, heard) = (new.notifications == 0, new.told.clone());
        self.take_over(&into, &old, now);
        for silence in self.silences.values_mut().filter(|s| s.with.as_ref() == Some(&from)) {
            silence.with = Some(into.clone());
            self.dirty.silences.insert(silence.id.clone());
        }
        self.remark(&into, by, format!("merged with incident {from} ({})", old.target), now);
        if let Some(ended) = self.incidents.get_mut(&from) {
            note(ended, now, None, format!("goes on as incident {into}"));
            ended.merged_into = Some(into.clone());
        }
        let words = format!("it is the same trouble as incident {into} and goes on there, says {by}");
        self.conclude(&from, Some(&words), now);
        let words = format!("incident {from} of {} is the same trouble, says {by}", old.target);
        let new: Vec<_> = old.told.difference(&heard).map(Ear::now).collect();
        if untold && old.notifications > 0 && self.hushed(&into, now).is_none() {
            self.tell(&into, Kind::Opened, Some(&words), now);
        } else if !new.is_empty() {
            self.refresh(&into);
            let kind = if untold { Kind::Opened } else { Kind::Update };
            self.owe(&into, kind, Some(&words), (new, Vec::new()), now);
        } else if old.notifications == 0
            && let Some(incident) = self.incidents.get_mut(&into)
            && incident.ack.is_none()
        {
            // What nobody was told of so far is news.
            incident.update_due.get_or_insert(now + GATHER);
        }
        self.set_reminders(&into, now);
        Ok(())
    }

    /// An incident that is over was the same trouble as one that is open: it is on record there.
    ///
    /// # Errors
    /// There is no such open incident, or the two do not fit together.
    pub fn absorb(
        &mut self,
        into: &IncidentId,
        over: &mut Incident,
        by: &str,
        now: Timestamp,
    ) -> Result<(), Disobeyed> {
        let into = self.find(into)?;
        let Some(incident) = self.incidents.get_mut(&into) else { return Err(Disobeyed::NoIncident(into.0)) };
        fit(incident, over)?;
        put_together(incident, over, by, now);
        self.dirty.incidents.insert(into);
        Ok(())
    }

    /// Everything that belongs to an incident goes on in another one.
    fn take_over(&mut self, into: &IncidentId, old: &Incident, now: Timestamp) {
        let keys = self.members.remove(&old.id).unwrap_or_default();
        let causes = keys.iter().filter_map(|key| self.alerts.get(key)).map(cause);
        let causes: Vec<_> = causes.collect();
        for key in &keys {
            let fired = self.alerts.get(key).and_then(|a| a.fired_at).unwrap_or(now);
            self.alter(key, |alert| alert.incident = Some(into.clone()));
            if old.storm || self.incidents.get(into).is_some_and(|i| i.storm) {
                self.index.join_storm(into, fired);
            }
        }
        self.members.entry(into.clone()).or_default().extend(keys);
        old.targets.iter().for_each(|target| self.cover(target));
        self.dirty.targets.extend(old.targets.iter().cloned());
        let Some(incident) = self.incidents.get_mut(into) else { return };
        self.dirty.targets.extend(incident.targets.iter().cloned());
        incident.absorb(old);
        if old.storm && !incident.storm {
            (incident.storm, incident.target) = (true, STORM.to_owned());
        }
        // Whoever sees to the one sees to the other: it is the same.
        let until = |ack: &Option<Ack>| ack.as_ref().map(|a| a.until);
        if until(&old.ack) > until(&incident.ack) {
            incident.ack.clone_from(&old.ack);
        }
        if incident.ack.is_some() {
            incident.ack_causes.extend(causes);
            incident.ack_causes.extend(old.ack_causes.iter().cloned());
        }
        incident.steps = incident.steps.max(old.steps);
    }
}

/// Merges an incident that is over into another one that is over, each as it is on record. `from` is closed already:
/// nobody is told anything.
///
/// # Errors
/// They do not fit together.
pub fn merge_afterwards(
    into: &mut Incident,
    from: &mut Incident,
    by: &str,
    now: Timestamp,
) -> Result<(), Disobeyed> {
    fit(into, from)?;
    if from.state == IncidentState::Open {
        let words =
            format!("the incident `{}` is over and `{}` is not: merge the other way round", into.id, from.id);
        return Err(Disobeyed::Nonsense(words));
    }
    put_together(into, from, by, now);
    Ok(())
}

/// `from` is over: there is nothing of it that goes on.
fn put_together(into: &mut Incident, from: &mut Incident, by: &str, now: Timestamp) {
    into.absorb(from);
    if let (Some(one), Some(other)) = (into.resolved_at, from.resolved_at) {
        into.resolved_at = Some(one.max(other));
    }
    note(into, now, Some(by), format!("merged with incident {} ({})", from.id, from.target));
    note(from, now, None, format!("goes on as incident {}", into.id));
    from.merged_into = Some(into.id.clone());
}

fn fit(into: &Incident, from: &Incident) -> Result<(), Disobeyed> {
    let ours = |i: &Incident| i.target == OURSELVES;
    let words = match (&from.merged_into, &into.merged_into) {
        _ if into.id == from.id => "an incident cannot be merged into itself".to_owned(),
        (Some(into), _) => format!("it was merged into incident `{into}` already"),
        (_, Some(other)) => format!("the incident `{}` went on as `{other}`: merge into that one", into.id),
        _ if ours(into) != ours(from) => "what is wrong with launchwatch itself stays by itself".to_owned(),
        _ => return Ok(()),
    };
    Err(Disobeyed::Nonsense(words))
}

impl Incident {
    /// Takes over what is known of another one. Whoever sees to it and when people are told is for the caller.
    fn absorb(&mut self, other: &Self) {
        let loud = |i: &Self| i.severity == Severity::Page && i.recovered_at.is_none();
        self.recovered_at =
            if loud(self) || loud(other) { None } else { self.recovered_at.max(other.recovered_at) };
        self.severity = self.severity.max(other.severity);
        self.since = self.since.min(other.since);
        self.targets.extend(other.targets.iter().cloned());
        self.told.extend(other.told.iter().cloned());
        self.label = self.label.or(other.label);
        if self.assignee.is_none() {
            self.assignee.clone_from(&other.assignee);
        }
        self.more = self.more.saturating_add(other.more);
        for alert in other.alerts.values() {
            let mut alert = alert.clone();
            alert.incident = alert.incident.map(|_| self.id.clone());
            list(self, alert);
        }
        self.spells.extend(other.spells.iter().cloned());
        self.spells.sort_by_key(|s| s.fired_at);
        self.spells.truncate(LISTED);
        self.named.extend(other.named.iter().cloned());
        self.named.sort_by_key(|n| n.at);
        self.named.truncate(KEPT);
        for proposed in &other.proposed {
            let same = |p: &crate::Proposed| {
                p.proposal.action == proposed.proposal.action && p.proposal.mode == proposed.proposal.mode
            };
            match self.proposed.iter_mut().find(|p| same(p)) {
                Some(known) => known.at = known.at.min(proposed.at),
                None => self.proposed.push(proposed.clone()),
            }
        }
        self.proposed.sort_by_key(|p| p.at);
        self.proposed.truncate(KEPT);
        self.timeline.extend(other.timeline.iter().cloned());
        self.timeline.sort_by_key(|entry| entry.at);
        let excess = self.timeline.len().saturating_sub(ENTRIES);
        // The beginning tells more than the middle.
        if excess > 0 {
            self.timeline.drain(ENTRIES / 2..ENTRIES / 2 + excess);
        }
    }
}
