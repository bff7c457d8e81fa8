//! One sample against the rules: pending, firing, calm.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Change, Engine};
use crate::{Alert, AlertKey, AlertState, Health, Rule, Sample, When};

/// What a sample does to an alert.
enum Step {
    /// Nothing worth keeping.
    Same,
    /// Worth keeping, not worth telling.
    Moved,
    Fired,
    Calmed,
}

impl Engine {
    pub(super) fn judge(&mut self, sample: &Sample, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        for index in 0..self.rules.len() {
            let Some(rule) = self.rules.get(index).filter(|r| r.of.matches(&sample.series)) else { continue };
            let rule = rule.clone();
            self.judge_by(index, &rule, sample, now, &mut changes);
        }
        changes
    }

    fn judge_by(
        &mut self,
        index: usize,
        rule: &Rule,
        sample: &Sample,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let Some(seen) = self.series.get_mut(&sample.series) else { return };
        let before = seen.alerts.remove(&index);
        let was_firing = before.as_ref().is_some_and(|a| a.state == AlertState::Firing);
        let (alert, step) = match (sample.health, before) {
            (Health::Bad, before) => fail(rule, sample, now, before),
            (_, Some(before)) => succeed(rule, sample, now, before),
            (_, None) => return,
        };
        if alert.state != AlertState::Calm {
            seen.alerts.insert(index, alert.clone());
        }
        match step {
            Step::Same => {}
            Step::Moved => changes.push(Change::Alert(alert.clone())),
            Step::Fired => {
                changes.push(Change::Alert(alert.clone()));
                self.fire(&alert, now, changes);
            }
            Step::Calmed => {
                changes.push(Change::Alert(alert.clone()));
                if was_firing {
                    self.calm(&alert, now, None, changes);
                }
            }
        }
    }
}

fn fail(rule: &Rule, sample: &Sample, now: Timestamp, before: Option<Alert>) -> (Alert, Step) {
    let When::SuccessZero { failures, .. } = rule.when;
    let fresh = before.is_none();
    let mut alert = before.unwrap_or_else(|| Alert {
        key: AlertKey { rule: rule.name.clone(), series: sample.series.as_ref().clone() },
        state: AlertState::Pending,
        severity: rule.severity,
        since: sample.began,
        failures: 0,
        successes: 0,
        last_slot: Timestamp::MIN,
        at: now,
        reason: None,
        stage: None,
        summary: String::new(),
        evidence: Vec::new(),
    });
    let counts = fresh || alert.last_slot != sample.slot;
    if counts {
        alert.failures = alert.failures.saturating_add(1);
        alert.last_slot = sample.slot;
    }
    alert.successes = 0;
    alert.at = now;
    alert.reason = sample.reason.map(Into::into);
    alert.stage = sample.stage.map(Into::into);
    alert.summary.clone_from(&sample.summary);
    alert.evidence.clone_from(&sample.evidence);
    if alert.state == AlertState::Pending && alert.failures >= failures.max(1) {
        alert.state = AlertState::Firing;
        return (alert, Step::Fired);
    }
    // While it fires, every further failure would be one more row to write; the runs themselves are on record.
    let step = if alert.state == AlertState::Pending { Step::Moved } else { Step::Same };
    (alert, step)
}

fn succeed(rule: &Rule, sample: &Sample, now: Timestamp, mut alert: Alert) -> (Alert, Step) {
    let When::SuccessZero { successes, .. } = rule.when;
    alert.at = now;
    alert.last_slot = sample.slot;
    if alert.state == AlertState::Firing {
        alert.successes = alert.successes.saturating_add(1);
        if alert.successes < successes.max(1) {
            return (alert, Step::Moved);
        }
    }
    alert.state = AlertState::Calm;
    (alert, Step::Calmed)
}

impl Sample {
    /// A sample that works, for callers that have nothing more to say.
    pub fn good(series: Arc<crate::SeriesId>, slot: Timestamp, began: Timestamp, at: Timestamp) -> Self {
        Self {
            series,
            slot,
            began,
            at,
            health: Health::Good,
            in_flight: false,
            reason: None,
            stage: None,
            summary: String::new(),
            evidence: Vec::new(),
        }
    }
}
