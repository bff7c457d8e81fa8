//! Why a firing alert is not told: silenced, maintained, a symptom of something else, or our own fault.

use jiff::Timestamp;

use super::index::SUSPECT_FOR;
use super::{Change, Engine, OURSELVES};
use crate::{Alert, AlertKey, AlertState, Health, Held, Hidden, IncidentId, SeriesId, Silence, When};

const CUT_OFF: &str = "cut off from the network";
const SHORT_OF_TIME: &str = "short of time";

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
        self.our_fault(alert).or_else(|| self.parent_in_trouble(alert, now).map(Held::Parent))
    }

    /// The silence in force over a series.
    pub(super) fn silence_over(&self, series: &SeriesId, now: Timestamp) -> Option<&Silence> {
        self.silences
            .values()
            .find(|s| s.from <= now && now < s.until && s.ended.is_none() && s.of.matches(series))
    }

    /// What is wrong with ourselves that makes an alert worth nothing.
    pub(super) fn our_fault(&self, alert: &Alert) -> Option<Held> {
        let ours = |probe: &str| self.index.firing(OURSELVES).any(|key| key.series.probe == probe);
        if ours("network") {
            return Some(Held::Ourselves(CUT_OFF.into()));
        }
        let location = &alert.key.series.location;
        if self.plan.silent_after.contains_key(location)
            && self.plan.rule(&alert.key.rule).is_some_and(|r| matches!(r.when, When::NoData { .. }))
            && ours(&format!("agent-{location}"))
        {
            return Some(Held::Ourselves(format!("nothing is heard from {location}")));
        }
        let speed = || {
            let rule = self.plan.rule(&alert.key.rule);
            rule.is_some_and(|r| r.when.is_about_speed())
        };
        (ours("pace") && speed()).then(|| Held::Ourselves(SHORT_OF_TIME.into()))
    }

    /// The nearest thing a target depends on that is in trouble, or (for a while) was just seen to fail.
    fn parent_in_trouble(&self, alert: &Alert, now: Timestamp) -> Option<String> {
        let ancestors = self.plan.ancestors(&alert.key.series.target);
        let fresh = alert.fired_at.is_none_or(|at| now.duration_since(at) < SUSPECT_FOR);
        let suspected = || ancestors.iter().find(|p| fresh && self.suspect(p));
        ancestors.iter().find(|p| self.in_trouble(p)).or_else(suspected).cloned()
    }

    /// Whether a target has an incident, or an alert that is held back.
    pub(super) fn in_trouble(&self, target: &str) -> bool {
        self.by_target.contains_key(target) || self.index.firing(target).next().is_some()
    }

    /// Whether a target was last seen to fail.
    pub(super) fn suspect(&self, target: &str) -> bool {
        self.series_of(target).any(|(_, seen)| seen.health == Some(Health::Bad))
    }

    /// Holds an alert back, and keeps that on record.
    pub(super) fn hold(&mut self, key: &AlertKey, held: Held, now: Timestamp) {
        let Some(alert) = self.alerts.get(key) else { return };
        if alert.held.as_ref() == Some(&held) {
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
        self.alter(key, |alert| alert.held = Some(held.clone()));
        if matches!(held, Held::Maintenance(_)) {
            self.judged(&key.series).for_each(|(_, seen)| seen.planned = true);
        }
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

    /// Firing alerts that are held like this.
    pub(super) fn held_by(&self, held: impl Fn(&Held) -> bool) -> Vec<AlertKey> {
        let firing = self.alerts.values().filter(|a| a.state == AlertState::Firing);
        firing.filter(|a| a.held.as_ref().is_some_and(&held)).map(|a| a.key.clone()).collect()
    }

    /// Something of a target works again: if it was only suspected, what waits for it need not wait longer.
    pub(super) fn parent_may_be_well(&mut self, target: &str, now: Timestamp) {
        if self.in_trouble(target) || self.suspect(target) {
            return;
        }
        for key in self.held_by(|held| matches!(held, Held::Parent(p) if p == target)) {
            self.raise(&key, now);
        }
    }

    /// An alert of a target is over: what was held back because of it waits no longer.
    pub(super) fn well(&mut self, target: &str) {
        if target == OURSELVES {
            let ours = |probe: &str| self.index.firing(OURSELVES).any(|key| key.series.probe == probe);
            let (cut_off, short) = (ours("network"), ours("pace"));
            self.release(|held| match held {
                Held::Ourselves(what) => !(cut_off && what == CUT_OFF || short && what == SHORT_OF_TIME),
                _ => false,
            });
        } else if self.parents.contains(target) && !self.in_trouble(target) {
            self.release(|held| matches!(held, Held::Parent(p) if p == target));
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
