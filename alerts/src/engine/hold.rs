//! Why a firing alert is not told: silenced, maintained, a symptom of something else, or our own fault.

use jiff::Timestamp;

use super::{Change, Engine, OURSELVES};
use crate::{Alert, AlertKey, AlertState, Health, Held, Hidden, IncidentId, SeriesId, Silence};

impl Engine {
    /// What holds a firing alert back, if anything does.
    pub(super) fn held(&self, alert: &Alert, now: Timestamp) -> Option<Held> {
        let series = &alert.key.series;
        if let Some(silence) = self.silence_over(series, now) {
            let held = if silence.maintenance { Held::Maintenance } else { Held::Silence };
            return Some(held(silence.id.clone()));
        }
        if let Some(name) = self.plan.policy.maintained(series, now) {
            return Some(Held::Maintenance(name.to_owned()));
        }
        if series.target == OURSELVES {
            return None;
        }
        self.our_fault(alert).or_else(|| self.parent_in_trouble(&series.target).map(Held::Parent))
    }

    /// The silence in force over a series.
    pub(super) fn silence_over(&self, series: &SeriesId, now: Timestamp) -> Option<&Silence> {
        self.silences
            .values()
            .find(|s| s.from <= now && now < s.until && s.ended.is_none() && s.of.matches(series))
    }

    fn our_fault(&self, alert: &Alert) -> Option<Held> {
        let ours = |probe: &str| {
            let firing = |a: &&Alert| {
                a.state == AlertState::Firing
                    && a.key.series.target == OURSELVES
                    && a.key.series.probe == probe
            };
            self.alerts.values().find(firing)
        };
        // Only a few alerts are not calm at any time, and only those that begin to fire come here.
        if ours("network").is_some() {
            return Some(Held::Ourselves("cut off from the network".into()));
        }
        let speed = self
            .plan
            .rules
            .iter()
            .find(|r| r.name == alert.key.rule)
            .is_some_and(|r| r.when.is_about_speed());
        (speed && ours("pace").is_some()).then(|| Held::Ourselves("short of time".into()))
    }

    /// The nearest thing a target depends on that is in trouble, or may be.
    fn parent_in_trouble(&self, target: &str) -> Option<String> {
        let ancestors = self.plan.ancestors(target);
        let told = |p: &&String| self.by_target.contains_key(*p);
        let first = ancestors.iter().find(told).or_else(|| ancestors.iter().find(|p| self.suspect(p)));
        first.cloned()
    }

    /// Whether a target was last seen to fail, though nobody was told yet.
    fn suspect(&self, target: &str) -> bool {
        self.series.iter().any(|(series, seen)| series.target == target && seen.health == Some(Health::Bad))
    }

    /// Holds an alert back, and keeps that on record.
    pub(super) fn hold(&mut self, key: &AlertKey, held: Held, now: Timestamp) {
        let Some(alert) = self.alerts.get_mut(key) else { return };
        self.dirty.alerts.insert(key.clone());
        let new = alert.held.as_ref() != Some(&held);
        alert.held = Some(held.clone());
        if !new {
            return;
        }
        let hidden = Hidden {
            at: alert.fired_at.unwrap_or(now),
            series: key.series.to_string(),
            rule: key.rule.clone(),
            by: held.clone(),
            summary: format!("{}: {}", alert.says, alert.summary),
        };
        self.dirty.out.push(Change::Hidden(hidden));
        match held {
            Held::Silence(id) | Held::Maintenance(id) => {
                if let Some(silence) = self.silences.get_mut(&id) {
                    silence.hid = silence.hid.saturating_add(1);
                    self.dirty.silences.insert(id);
                }
            }
            Held::Parent(parent) => {
                // The incident of the cause shows it.
                if let Some(id) = self.by_target.get(&parent) {
                    self.dirty.incidents.insert(id.clone());
                }
            }
            Held::Ourselves(_) | Held::NextLook => {}
        }
    }

    /// What held some alerts is over: the next look at each decides.
    pub(super) fn release(&mut self, held: impl Fn(&Held) -> bool) {
        for (key, alert) in &mut self.alerts {
            if alert.held.as_ref().is_some_and(&held) {
                alert.held = Some(Held::NextLook);
                self.dirty.alerts.insert(key.clone());
            }
        }
    }

    /// What held some alerts is over, and they are to be told at once unless something else holds them.
    pub(super) fn raise_again(&mut self, note: Option<&str>, now: Timestamp, held: impl Fn(&Held) -> bool) {
        let keys: Vec<_> = self
            .alerts
            .iter()
            .filter(|(_, a)| a.state == AlertState::Firing && a.held.as_ref().is_some_and(&held))
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            self.raise(&key, note, now);
        }
    }

    /// Something of a target works again: if it was only suspected, what waits for it need not wait longer.
    pub(super) fn parent_may_be_well(&mut self, target: &str, now: Timestamp) {
        if !self.by_target.contains_key(target) && !self.suspect(target) {
            self.raise_again(None, now, |held| *held == Held::Parent(target.to_owned()));
        }
    }

    /// Whether all that still fails of an incident is silenced or maintained, and by what.
    pub(super) fn hushed(&self, id: &IncidentId, now: Timestamp) -> Option<Held> {
        let mut why = None;
        for key in self.members.get(id)? {
            let silence = self.silence_over(&key.series, now).map(|s| Held::Silence(s.id.clone()));
            let maintained =
                || self.plan.policy.maintained(&key.series, now).map(|m| Held::Maintenance(m.to_owned()));
            why = Some(silence.or_else(maintained)?);
        }
        why
    }

    /// Silences that were to end with this incident.
    pub(super) fn end_silences_with(&mut self, id: &IncidentId, now: Timestamp) {
        let bound: Vec<_> =
            self.silences.values().filter(|s| s.with.as_ref() == Some(id)).map(|s| s.id.clone()).collect();
        for silence in bound {
            self.close_silence(&silence, "its incident is over", now);
        }
    }
}
