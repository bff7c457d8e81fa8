//! What was seen during planned work: it is on record, but nobody is told of it, then or later.

use std::sync::Arc;

use jiff::Timestamp;

use super::quorum::anywhere;
use super::{Engine, Row};
use crate::judge;
use crate::{AlertKey, AlertState, SeriesId};

impl Engine {
    /// Whether planned work goes on for a series, by the policy or by command.
    pub(super) fn planned(&self, series: &SeriesId, at: Timestamp) -> bool {
        self.plan.policy.maintained(series, at).is_some()
            || self.silence_over(series, at).is_some_and(|silence| silence.maintenance)
    }

    /// Planned work is over for some series: what their judges saw of it must not count. The next look begins anew.
    pub(super) fn after_work(&mut self, now: Timestamp) {
        let over = self.series.iter().filter(|(series, seen)| seen.planned && !self.planned(series, now));
        let over: Vec<_> = over.map(|(series, _)| Arc::clone(series)).collect();
        for series in over {
            self.begin_anew(&series, now);
        }
    }

    /// Planned work is over for a series: new judges, and what only they said is over without a word.
    pub(super) fn begin_anew(&mut self, series: &Arc<SeriesId>, now: Timestamp) {
        for key in self.renew(series, now) {
            let fired = self.alerts.get(&key).map(|a| a.state == AlertState::Firing);
            if fired == Some(true) {
                // Nobody heard of it: it does not flap.
                self.alter(&key, |alert| {
                    alert.fired_lately.pop();
                });
            }
            if self.alerts.get(&key).is_some_and(|a| a.state != AlertState::Calm) {
                self.end(&key, now);
            }
        }
    }

    /// Gives a series new judges for everything that was not told before the work began; says for which alerts.
    pub(super) fn renew(&mut self, series: &Arc<SeriesId>, before: Timestamp) -> Vec<AlertKey> {
        let Some(seen) = self.series.get_mut(series) else { return Vec::new() };
        seen.planned = false;
        let mut renewed = Vec::new();
        for Row { rule, votes, judge } in &mut seen.rows {
            let Some(rule) = self.plan.rules.get(*rule) else { continue };
            let of = if *votes { anywhere(series) } else { series.as_ref().clone() };
            let key = AlertKey { rule: rule.name.clone(), series: of };
            let told = self.alerts.get(&key).is_some_and(|a| {
                a.state == AlertState::Firing
                    && a.incident.is_some()
                    && a.fired_at.is_some_and(|at| at < before)
            });
            if told {
                continue;
            }
            *judge = judge::of(&rule.when, seen.every);
            if let Some(votes) = self.votes.get_mut(&key) {
                votes.remove(&series.location);
            }
            renewed.push(key);
        }
        renewed
    }
}
