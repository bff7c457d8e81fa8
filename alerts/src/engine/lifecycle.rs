//! From readings to alerts: calm, pending, firing, and back, with `for`, `keep_firing_for`, flapping and quorum.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use super::quorum::anywhere;
use crate::incident::FLAP_WINDOW;
use crate::judge::Reading;
use crate::{Alert, AlertKey, AlertState, Health, Held, Rule, Sample, SeriesId, When};

/// A flapping alert is over only after this long without trouble.
const FLAP_CALM: SignedDuration = SignedDuration::from_mins(15);

/// What the judge of a rule and series said of one sample or moment.
struct Said<'a> {
    rule: usize,
    reading: Reading,
    since: Option<Timestamp>,
    failures: u32,
    words: String,
    /// The moment of the evidence.
    as_of: Timestamp,
    sample: Option<&'a Sample>,
}

impl Said<'_> {
    fn bad(&self) -> Option<&Sample> {
        self.sample.filter(|s| s.health == Health::Bad)
    }
}

impl Engine {
    /// Takes one sample; what follows comes with [`Engine::flush`].
    pub fn see(&mut self, sample: &Sample, now: Timestamp) {
        self.meet(&sample.series);
        self.remember(sample);
        let planned = self.planned(&sample.series, sample.at);
        if !planned && self.series.get(&sample.series).is_some_and(|seen| seen.planned) {
            self.begin_anew(&sample.series, now);
        }
        let Some(seen) = self.series.get_mut(&sample.series) else { return };
        seen.planned |= planned;
        let before = seen.health;
        if sample.health != Health::Unknown {
            (seen.health, seen.spoke) = (Some(sample.health), Some(sample.at));
        }
        let active = seen.active > 0;
        let mut said = Vec::new();
        for row in &mut seen.rows {
            let aside = set_aside(self.plan.rules.get(row.rule), sample);
            let reading = row.judge.see(aside.as_ref().unwrap_or(sample));
            let reading = guarded(self.plan.rules.get(row.rule), reading, sample);
            // Nearly all samples of nearly all series end here.
            if active || row.votes || reading == Reading::Holds {
                said.push(said_by(row, reading, sample.at, aside.is_none().then_some(sample)));
            }
        }
        let recovered = before == Some(Health::Bad) && matches!(sample.health, Health::Good | Health::Poor);
        for one in said {
            self.read(&sample.series, one, now);
        }
        self.wind(&sample.series);
        if recovered && self.parents.contains(&sample.series.target) {
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
                said_by(row, reading, now, None)
            })
            .collect();
        for one in said {
            self.read(series, one, now);
        }
    }

    /// Sets the alarm of a series to when its judges have something to say next.
    pub(super) fn wind(&mut self, series: &Arc<SeriesId>) {
        let Some(seen) = self.series.get_mut(series) else { return };
        let Some(next) = seen.rows.iter().filter_map(|row| row.judge.next()).min() else { return };
        // One alarm a series is enough: if it rings too early, it is set again when it rings.
        if seen.alarmed.is_some_and(|at| at <= next) {
            return;
        }
        if let Some(later) = seen.alarmed.replace(next) {
            self.alarms.remove(&(later, Arc::clone(series)));
        }
        self.alarms.insert((next, Arc::clone(series)));
    }

    /// Moves the alert of a rule and series by what its judge said.
    fn read(&mut self, series: &Arc<SeriesId>, said: Said<'_>, now: Timestamp) {
        let Some(rule) = self.plan.rules.get(said.rule) else { return };
        let votes = rule.quorum > 1;
        let id = if votes { anywhere(series) } else { series.as_ref().clone() };
        let key = AlertKey { rule: rule.name.clone(), series: id };
        let reading = if votes { self.vote(&key, series, said.reading, said.as_of) } else { said.reading };
        match (self.alerts.get(&key).map(|a| a.state), reading) {
            (None | Some(AlertState::Calm), Reading::Holds) => {
                self.begin(&key, &said, now);
                self.confirm(&key, &said, now);
            }
            (None | Some(AlertState::Calm), _) => {}
            (Some(AlertState::Pending), Reading::Silent) => self.doubt(&key, &said),
            (Some(AlertState::Pending), Reading::Clear) => self.end(&key, now),
            (Some(AlertState::Pending), Reading::Holds) => self.confirm(&key, &said, now),
            (Some(AlertState::Firing), Reading::Clear) => self.clear(&key, &said, now),
            (Some(AlertState::Firing), reading) => self.again(&key, &said, reading, now),
        }
    }

    fn begin(&mut self, key: &AlertKey, said: &Said<'_>, now: Timestamp) {
        let severity = self.rule(said).map_or_else(Default::default, |rule| rule.severity);
        let lately = self.alerts.get(key).map(|a| a.fired_lately.clone()).unwrap_or_default();
        let alert = Alert {
            key: key.clone(),
            state: AlertState::Pending,
            severity,
            since: said.since.unwrap_or(said.as_of),
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
        if let Some(calm) = self.alerts.insert(key.clone(), alert) {
            self.index.drop(&calm);
        }
        self.count(&key.series, 1);
        self.dirty.forgotten.remove(key);
        self.dirty.alerts.insert(key.clone());
    }

    fn rule(&self, said: &Said<'_>) -> Option<&Rule> {
        self.plan.rules.get(said.rule)
    }

    /// Changes an alert, and everything by which it is looked up.
    pub(super) fn alter(&mut self, key: &AlertKey, change: impl FnOnce(&mut Alert)) {
        let Some(alert) = self.alerts.get_mut(key) else { return };
        self.index.drop(alert);
        change(alert);
        self.index.put(alert);
        self.dirty.alerts.insert(key.clone());
    }

    /// Puts on what the last bad run showed; says whether it fails in another way now.
    fn dress(&mut self, key: &AlertKey, said: &Said<'_>, now: Timestamp) -> bool {
        let Some(alert) = self.alerts.get_mut(key) else { return false };
        alert.at = now;
        alert.failures = said.failures;
        alert.says.clone_from(&said.words);
        let Some(bad) = said.bad() else { return false };
        let other = alert.reason.as_deref() != bad.reason;
        alert.reason = bad.reason.map(Into::into);
        alert.stage = bad.stage.map(Into::into);
        alert.summary.clone_from(&bad.summary);
        alert.evidence.clone_from(&bad.evidence);
        other
    }

    /// A success among failures in a row: not enough to say that it is over, but the evidence no longer spans it.
    fn doubt(&mut self, key: &AlertKey, said: &Said<'_>) {
        let works = said.sample.is_some_and(|s| matches!(s.health, Health::Good | Health::Poor));
        let in_a_row = |rule: &Rule| matches!(rule.when, When::Failures { .. }) && rule.quorum <= 1;
        if works && self.rule(said).is_some_and(in_a_row) {
            self.alter(key, |alert| alert.clear_since = Some(said.as_of));
        }
    }

    /// Lets a pending alert fire once the evidence spans its `for`.
    fn confirm(&mut self, key: &AlertKey, said: &Said<'_>, now: Timestamp) {
        self.dress(key, said, now);
        if let Some(alert) = self.alerts.get_mut(key)
            && alert.clear_since.take().is_some()
        {
            alert.since = said.sample.map_or(said.as_of, |sample| sample.began);
        }
        let hold = self.rule(said).map_or(SignedDuration::ZERO, |rule| signed(rule.hold));
        let Some(alert) = self.alerts.get(key) else { return };
        self.dirty.alerts.insert(key.clone());
        if said.as_of.duration_since(alert.since) < hold {
            return;
        }
        self.alter(key, |alert| {
            alert.state = AlertState::Firing;
            alert.fired_at = Some(now);
            alert.fired_lately.retain(|at| now.duration_since(*at) < FLAP_WINDOW);
            alert.fired_lately.push(now);
        });
        self.dirty.targets.insert(key.series.target.clone());
        self.raise(key, now);
    }

    /// The condition of a firing alert still holds, or has not been seen to be over.
    fn again(&mut self, key: &AlertKey, said: &Said<'_>, reading: Reading, now: Timestamp) {
        let holds = reading == Reading::Holds;
        if !holds && said.bad().is_none() {
            return;
        }
        let other = self.dress(key, said, now);
        let Some(alert) = self.alerts.get_mut(key) else { return };
        let came_back = holds && alert.clear_since.take().is_some();
        let waiting = holds && alert.held == Some(Held::NextLook);
        if waiting {
            alert.held = None;
        }
        // While it fires, every further failure would be one more row to write; the runs themselves are on record.
        if came_back || waiting || other {
            self.dirty.alerts.insert(key.clone());
        }
        if waiting {
            self.raise(key, now);
        }
        if other {
            self.cause_changed(key, now);
        }
    }

    /// There is evidence that a firing alert is over: it is, once that spans its `keep_firing_for`.
    fn clear(&mut self, key: &AlertKey, said: &Said<'_>, now: Timestamp) {
        let keep = self.rule(said).map_or(SignedDuration::ZERO, |rule| signed(rule.keep));
        let Some(alert) = self.alerts.get_mut(key) else { return };
        let first = alert.clear_since.is_none();
        let since = *alert.clear_since.get_or_insert(said.as_of);
        let keep = if alert.flaps(since) { FLAP_CALM.max(keep) } else { keep };
        if first {
            self.dirty.alerts.insert(key.clone());
        }
        if said.as_of.duration_since(since) >= keep {
            self.end(key, now);
        }
    }

    /// An alert is calm again.
    pub(super) fn end(&mut self, key: &AlertKey, now: Timestamp) {
        let Some(mut alert) = self.alerts.remove(key) else { return };
        self.index.drop(&alert);
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
            self.dirty.forgotten.insert(key.clone(), alert.clone());
        } else {
            self.dirty.alerts.insert(key.clone());
            self.index.put(&alert);
            self.alerts.insert(key.clone(), alert.clone());
        }
        if was != AlertState::Firing {
            return;
        }
        self.dirty.targets.insert(key.series.target.clone());
        if let Some(id) = incident {
            self.leave(&id, &alert, now);
        }
        self.well(&key.series.target);
    }

    /// Counts the alerts of a series that are not calm; of a quorum, in every location.
    fn count(&mut self, series: &SeriesId, by: isize) {
        for (_, seen) in self.judged(series) {
            seen.active = seen.active.saturating_add_signed(by);
        }
    }
}

/// A failure that does not count for a rule says nothing to its judge.
pub(super) fn set_aside(rule: Option<&Rule>, sample: &Sample) -> Option<Sample> {
    let aside = sample.health == Health::Bad && rule.is_some_and(|r| !r.counts(sample.reason));
    aside.then(|| Sample { health: Health::Unknown, ..sample.clone() })
}

/// A condition that holds counts only as far as its guard does.
pub(super) fn guarded(rule: Option<&Rule>, reading: Reading, sample: &Sample) -> Reading {
    match (reading, rule.and_then(|r| r.guard.as_ref())) {
        (Reading::Holds, Some(guard)) => match guard.met(sample) {
            Some(true) => Reading::Holds,
            Some(false) => Reading::Clear,
            None => Reading::Silent,
        },
        (reading, _) => reading,
    }
}

fn said_by<'a>(row: &super::Row, reading: Reading, as_of: Timestamp, sample: Option<&'a Sample>) -> Said<'a> {
    let judge = &row.judge;
    let words = if reading == Reading::Clear { String::new() } else { judge.says() };
    Said { rule: row.rule, reading, since: judge.since(), failures: judge.failures(), words, as_of, sample }
}

pub(super) fn signed(duration: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
