//! From readings to alerts: calm, pending, firing, and back, with `for`, `keep_firing_for`, flapping and quorum.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Change, Engine};
use crate::judge::Reading;
use crate::{Alert, AlertKey, AlertState, Health, Held, Rule, Sample, SeriesId};

/// An alert that fires this often within [`FLAP_WINDOW`] flaps.
const FLAPS: usize = 2;
/// How long firing is remembered.
pub(super) const FLAP_WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// A flapping alert is over only after this long without trouble.
const FLAP_CALM: SignedDuration = SignedDuration::from_mins(15);

/// What the judges of a series said of one sample or moment.
struct Said {
    rule: usize,
    reading: Reading,
    since: Option<Timestamp>,
    failures: u32,
    words: String,
}

impl Engine {
    /// Takes one sample; what follows comes with [`Engine::flush`].
    pub fn see(&mut self, sample: &Sample, now: Timestamp) {
        self.meet(&sample.series);
        let Some(seen) = self.series.get_mut(&sample.series) else { return };
        let before = seen.health;
        if sample.health != Health::Unknown {
            seen.health = Some(sample.health);
        }
        let active = seen.active > 0;
        let mut said = Vec::new();
        for row in &mut seen.rows {
            let reading = row.judge.see(sample);
            // Nearly all samples of nearly all series end here.
            if active || reading == Reading::Holds {
                said.push(said_by(row, reading));
            }
        }
        let recovered = before == Some(Health::Bad) && matches!(sample.health, Health::Good | Health::Poor);
        for one in said {
            self.read(&sample.series, one, sample.at, now, Some(sample));
        }
        self.wind(&sample.series);
        if recovered && self.plan.is_parent(&sample.series.target) {
            self.parent_may_be_well(&sample.series.target, now);
        }
    }

    /// Asks the judges of a series that have something to say at this moment.
    pub(super) fn ask(&mut self, series: &Arc<SeriesId>, now: Timestamp) {
        let Some(seen) = self.series.get_mut(series) else { return };
        let due = seen.rows.iter_mut().filter(|row| row.judge.next().is_some_and(|at| at <= now));
        let said: Vec<_> = due
            .map(|row| {
                let reading = row.judge.tick(now);
                said_by(row, reading)
            })
            .collect();
        for one in said {
            self.read(series, one, now, now, None);
        }
    }

    /// Sets the alarm of a series to when its judges have something to say next.
    pub(super) fn wind(&mut self, series: &Arc<SeriesId>) {
        let Some(seen) = self.series.get_mut(series).filter(|seen| !seen.alarmed) else { return };
        // One alarm a series is enough: if it rings too early, it is set again when it rings.
        if let Some(at) = seen.rows.iter().filter_map(|row| row.judge.next()).min() {
            seen.alarmed = true;
            self.alarms.insert((at, Arc::clone(series)));
        }
    }

    /// Moves the alert of a rule and series by what its judge said. `as_of` is the moment of the evidence.
    fn read(
        &mut self,
        series: &Arc<SeriesId>,
        said: Said,
        as_of: Timestamp,
        now: Timestamp,
        sample: Option<&Sample>,
    ) {
        let Some(rule) = self.plan.rules.get(said.rule).cloned() else { return };
        let mut key = AlertKey { rule: rule.name.clone(), series: series.as_ref().clone() };
        let mut reading = said.reading;
        if rule.quorum > 1 {
            key.series.location = String::new();
            reading = self.vote(&key, &series.location, reading, rule.quorum);
        }
        match self.alerts.get(&key).map(|a| a.state) {
            None | Some(AlertState::Calm) if reading != Reading::Holds => {}
            None | Some(AlertState::Calm) => {
                self.begin(&key, &rule, &said, as_of, now);
                self.dress(&key, &said, sample, now);
                self.confirm(&key, &rule, as_of, now);
            }
            Some(AlertState::Pending) => match reading {
                Reading::Clear => self.end(&key, now),
                Reading::Holds => {
                    self.dress(&key, &said, sample, now);
                    self.confirm(&key, &rule, as_of, now);
                }
                Reading::Silent => {}
            },
            Some(AlertState::Firing) => match reading {
                Reading::Clear => self.clear(&key, &rule, as_of, now),
                Reading::Holds => self.again(&key, &said, sample, now),
                Reading::Silent if sample.is_some_and(|s| s.health == Health::Bad) => {
                    self.dress(&key, &said, sample, now);
                }
                Reading::Silent => {}
            },
        }
    }

    /// What all locations together say.
    fn vote(&mut self, key: &AlertKey, location: &str, reading: Reading, quorum: u32) -> Reading {
        if reading == Reading::Silent {
            return reading;
        }
        let votes = self.votes.entry(key.clone()).or_default();
        votes.insert(location.to_owned(), reading == Reading::Holds);
        let holding = votes.values().filter(|v| **v).count();
        if u32::try_from(holding).is_ok_and(|h| h >= quorum) { Reading::Holds } else { Reading::Clear }
    }

    fn begin(&mut self, key: &AlertKey, rule: &Rule, said: &Said, as_of: Timestamp, now: Timestamp) {
        let lately = self.alerts.get(key).map(|a| a.fired_lately.clone()).unwrap_or_default();
        let alert = Alert {
            key: key.clone(),
            state: AlertState::Pending,
            severity: rule.severity,
            since: said.since.unwrap_or(as_of),
            at: now,
            fired_at: None,
            clear_since: None,
            fired_lately: lately,
            held: None,
            incident: None,
            failures: 0,
            says: String::new(),
            reason: None,
            stage: None,
            summary: String::new(),
            evidence: Vec::new(),
        };
        self.alerts.insert(key.clone(), alert);
        self.count(&key.series, 1);
        self.dirty.alerts.insert(key.clone());
    }

    /// Puts on what the last bad run showed.
    fn dress(&mut self, key: &AlertKey, said: &Said, sample: Option<&Sample>, now: Timestamp) {
        let Some(alert) = self.alerts.get_mut(key) else { return };
        alert.at = now;
        alert.failures = said.failures;
        alert.says.clone_from(&said.words);
        if let Some(bad) = sample.filter(|s| s.health == Health::Bad) {
            alert.reason = bad.reason.map(Into::into);
            alert.stage = bad.stage.map(Into::into);
            alert.summary.clone_from(&bad.summary);
            alert.evidence.clone_from(&bad.evidence);
        }
    }

    /// Lets a pending alert fire once the evidence spans its `for`.
    fn confirm(&mut self, key: &AlertKey, rule: &Rule, as_of: Timestamp, now: Timestamp) {
        let Some(alert) = self.alerts.get_mut(key) else { return };
        self.dirty.alerts.insert(key.clone());
        if as_of.duration_since(alert.since) < signed(rule.hold) {
            return;
        }
        alert.state = AlertState::Firing;
        alert.fired_at = Some(now);
        alert.fired_lately.retain(|at| now.duration_since(*at) < FLAP_WINDOW);
        alert.fired_lately.push(now);
        self.dirty.targets.insert(key.series.target.clone());
        self.raise(key, None, now);
    }

    /// The condition of a firing alert still holds.
    fn again(&mut self, key: &AlertKey, said: &Said, sample: Option<&Sample>, now: Timestamp) {
        let Some(alert) = self.alerts.get_mut(key) else { return };
        let (came_back, waiting) = (alert.clear_since.take().is_some(), alert.held == Some(Held::NextLook));
        let reason = alert.reason.clone();
        self.dress(key, said, sample, now);
        let other = self.alerts.get(key).is_some_and(|a| a.reason != reason);
        // While it fires, every further failure would be one more row to write; the runs themselves are on record.
        if came_back || waiting || other {
            self.dirty.alerts.insert(key.clone());
        }
        if waiting {
            if let Some(alert) = self.alerts.get_mut(key) {
                alert.held = None;
            }
            self.raise(key, None, now);
        }
        if other {
            self.cause_changed(key, now);
        }
    }

    /// There is evidence that a firing alert is over: it is, once that spans its `keep_firing_for`.
    fn clear(&mut self, key: &AlertKey, rule: &Rule, as_of: Timestamp, now: Timestamp) {
        let Some(alert) = self.alerts.get_mut(key) else { return };
        self.dirty.alerts.insert(key.clone());
        let since = *alert.clear_since.get_or_insert(as_of);
        let keep = if alert.fired_lately.len() >= FLAPS {
            FLAP_CALM.max(signed(rule.keep))
        } else {
            signed(rule.keep)
        };
        if as_of.duration_since(since) >= keep {
            self.end(key, now);
        }
    }

    /// An alert is calm again.
    pub(super) fn end(&mut self, key: &AlertKey, now: Timestamp) {
        let Some(mut alert) = self.alerts.remove(key) else { return };
        let was = std::mem::replace(&mut alert.state, AlertState::Calm);
        if was != AlertState::Calm {
            self.count(&key.series, -1);
        }
        alert.at = now;
        (alert.held, alert.clear_since, alert.fired_at) = (None, None, None);
        let incident = alert.incident.take();
        alert.fired_lately.retain(|at| now.duration_since(*at) < FLAP_WINDOW);
        if alert.forgettable() {
            self.dirty.alerts.remove(key);
            self.dirty.out.push(Change::Alert(alert.clone()));
        } else {
            self.dirty.alerts.insert(key.clone());
            self.alerts.insert(key.clone(), alert.clone());
        }
        if was == AlertState::Firing {
            self.dirty.targets.insert(key.series.target.clone());
        }
        if let Some(id) = incident {
            self.leave(&id, &alert, now);
        }
    }

    /// Counts the alerts of a series that are not calm; of a quorum, in every location.
    fn count(&mut self, series: &SeriesId, by: isize) {
        let here = |s: &SeriesId| {
            s == series
                || (series.location.is_empty() && s.target == series.target && s.probe == series.probe)
        };
        if let Some(seen) = self.series.get_mut(series) {
            seen.active = seen.active.saturating_add_signed(by);
            return;
        }
        for (_, seen) in self.series.iter_mut().filter(|(s, _)| here(s)) {
            seen.active = seen.active.saturating_add_signed(by);
        }
    }

    /// After a restart: alerts of rules and series that are still there go on, the others are closed.
    pub(super) fn resume(&mut self, now: Timestamp) {
        let mut gone = Vec::new();
        for alert in self.alerts.values() {
            let rule = self.plan.rules.iter().position(|r| r.name == alert.key.rule);
            let of = |r: usize| self.plan.rules.get(r).is_some_and(|r| r.of.matches(&alert.key.series));
            match rule.filter(|r| of(*r) && self.plan.knows(&alert.key.series)) {
                None => gone.push(alert.key.clone()),
                Some(rule) => {
                    let same = |s: &SeriesId| {
                        *s == alert.key.series
                            || (alert.key.series.location.is_empty()
                                && s.target == alert.key.series.target
                                && s.probe == alert.key.series.probe)
                    };
                    let holds = alert.state != AlertState::Calm && alert.clear_since.is_none();
                    for (series, seen) in self.series.iter_mut().filter(|(s, _)| same(s)) {
                        seen.active += usize::from(alert.state != AlertState::Calm);
                        if alert.state != AlertState::Calm && seen.health.is_none() {
                            seen.health = Some(Health::Bad);
                        }
                        for row in seen.rows.iter_mut().filter(|row| holds && row.rule == rule) {
                            row.judge.resume(alert.since, alert.failures);
                            if alert.key.series.location.is_empty() {
                                let votes = self.votes.entry(alert.key.clone()).or_default();
                                votes.insert(series.location.clone(), true);
                            }
                        }
                    }
                }
            }
        }
        for key in gone {
            self.withdraw(&key, now);
        }
    }
}

fn said_by(row: &super::Row, reading: Reading) -> Said {
    let judge = &row.judge;
    let words = if reading == Reading::Clear { String::new() } else { judge.says() };
    Said { rule: row.rule, reading, since: judge.since(), failures: judge.failures(), words }
}

pub(super) fn signed(duration: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
