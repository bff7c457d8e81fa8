//! Why a rule does or does not fire: what its judges counted, as a person asks for it. Of bounded size; changes nothing.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::quorum::anywhere;
use super::{Engine, Row, Seen};
use crate::{Alert, AlertKey, AlertState, Held, IncidentId, Rule, Selector, SeriesId, Severity};

/// How a rule stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Its name.
    pub rule: String,
    /// What its alert is called.
    pub alert: String,
    /// How loud.
    pub severity: Severity,
    /// The condition in words.
    pub when: String,
    /// What it is about; empty lists mean everything.
    pub of: Selector,
    /// Seconds for which the evidence must span before it fires.
    pub hold_seconds: u64,
    /// Seconds for which it must be clear before it is over.
    pub keep_seconds: u64,
    /// Locations that must agree.
    pub quorum: u32,
    /// Series with an alert that fires, and with one that is pending.
    pub firing: usize,
    /// The same for pending ones.
    pub pending: usize,
    /// Series that it judges.
    pub judged: usize,
    /// Of these the first, those that are not calm before the others.
    pub series: Vec<StandingOf>,
}

/// How a rule stands over one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StandingOf {
    /// Which series.
    pub series: SeriesId,
    /// How its alert stands.
    pub state: AlertState,
    /// What the judge counted, such as `1 run` or `p95 of launch 12 s over 1 h, limit 30 s`.
    pub counted: String,
    /// Why it fires, is held back, is not over yet, or does not fire, in words.
    pub why: String,
    /// Since when the condition holds.
    pub since: Option<Timestamp>,
    /// When it began to fire.
    pub fired_at: Option<Timestamp>,
    /// When it is judged next without a new run, if time alone can change it.
    pub next: Option<Timestamp>,
    /// The incident it is told in.
    pub incident: Option<IncidentId>,
}

impl Engine {
    /// How every rule stands, with at most so many series each.
    pub fn why(&self, most: usize, now: Timestamp) -> Vec<Standing> {
        self.plan
            .rules
            .iter()
            .enumerate()
            .map(|(number, rule)| self.standing(number, rule, most, now))
            .collect()
    }

    fn standing(&self, number: usize, rule: &Rule, most: usize, now: Timestamp) -> Standing {
        let mut judged: Vec<(u8, &SeriesId, &Seen, &Row)> = Vec::new();
        for (series, seen) in &self.series {
            if let Some(row) = seen.rows.iter().find(|row| row.rule == number) {
                judged.push((self.rank(rule, series), series.as_ref(), seen, row));
            }
        }
        // Stable: by name among equals.
        judged.sort_by_key(|(rank, ..)| *rank);
        let many = |rank: u8| judged.iter().filter(|(r, ..)| *r == rank).count();
        Standing {
            rule: rule.name.clone(),
            alert: rule.alert.clone(),
            severity: rule.severity,
            when: crate::judge::condition(&rule.when),
            of: rule.of.clone(),
            hold_seconds: rule.hold.as_secs(),
            keep_seconds: rule.keep.as_secs(),
            quorum: rule.quorum,
            firing: many(0),
            pending: many(1),
            judged: judged.len(),
            series: judged
                .iter()
                .take(most)
                .map(|(_, id, seen, row)| self.standing_of(rule, id, (seen, row), now))
                .collect(),
        }
    }

    fn alert_of(&self, rule: &Rule, series: &SeriesId) -> Option<&Alert> {
        let series = if rule.quorum > 1 { anywhere(series) } else { series.clone() };
        self.alerts.get(&AlertKey { rule: rule.name.clone(), series })
    }

    fn rank(&self, rule: &Rule, series: &SeriesId) -> u8 {
        match self.alert_of(rule, series).map(|a| a.state) {
            Some(AlertState::Firing) => 0,
            Some(AlertState::Pending) => 1,
            _ => 2,
        }
    }

    fn standing_of(
        &self,
        rule: &Rule,
        series: &SeriesId,
        (seen, row): (&Seen, &Row),
        now: Timestamp,
    ) -> StandingOf {
        let alert = self.alert_of(rule, series);
        let state = alert.map_or(AlertState::Calm, |a| a.state);
        let counted = if seen.health.is_none() && row.judge.since().is_none() {
            "no run seen yet".to_owned()
        } else {
            match (&rule.when, row.judge.says()) {
                (crate::When::Failures { .. }, says) => format!("{says} failed"),
                (_, says) => says,
            }
        };
        StandingOf {
            series: series.clone(),
            state,
            counted,
            why: self.reason(rule, series, alert, now),
            since: alert.filter(|_| state != AlertState::Calm).map(|a| a.since),
            fired_at: alert.and_then(|a| a.fired_at),
            next: row.judge.next().filter(|at| *at > now),
            incident: alert.and_then(|a| a.incident.clone()),
        }
    }

    /// Why it stands as it does.
    fn reason(&self, rule: &Rule, series: &SeriesId, alert: Option<&Alert>, now: Timestamp) -> String {
        let hold = super::lifecycle::signed(rule.hold);
        let quorum = || format!("{} locations must agree", rule.quorum);
        match alert.map(|a| (a.state, a)) {
            None | Some((AlertState::Calm, _)) => match self.planned(series, now) {
                true => "the condition does not hold; planned work goes on".to_owned(),
                false => "the condition does not hold".to_owned(),
            },
            Some((AlertState::Pending, alert)) => {
                let so_far = alert.at.duration_since(alert.since).max(SignedDuration::ZERO);
                let spans = format!("the evidence spans {} s of {} s", so_far.as_secs(), hold.as_secs());
                if rule.quorum > 1 { format!("{spans}; {}", quorum()) } else { spans }
            }
            Some((AlertState::Firing, alert)) => match (&alert.held, alert.clear_since) {
                (Some(Held::NextLook), _) => "fires and is not told: the next look decides".to_owned(),
                (Some(held), _) => format!("fires and is not told: {held}"),
                (None, Some(since)) if alert.flaps(since) => {
                    "fires still, and looks well: it came and went lately, so it must stay well for 15 min"
                        .to_owned()
                }
                (None, Some(_)) => {
                    format!("fires still, and looks well: it must stay so for {} s", rule.keep.as_secs())
                }
                (None, None) => "the condition holds".to_owned(),
            },
        }
    }
}
