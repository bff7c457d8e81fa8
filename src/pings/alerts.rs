//! Alerts of others as they stand: which fire, until when, and whether we still hear of them. Pure.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use launchwatch_probes::{AlertTerms, Measurement, Outcome, Reason, Verdict, cleaned};
use secrecy::ExposeSecret;

use super::calendar::signed;
use super::heartbeat::Found;
use super::rows::Standing;
use super::told::{Alert, State};
use super::words::{moment, span};
use crate::observation::Observation;
use crate::scheduler::Timetable;
use crate::scheduler::timetable::MISSED_AT_MOST;

/// Alerts that are kept; more are not told apart.
const MOST: usize = 500;
/// Alerts that are named: what is not named is not known after a restart.
const NAMED: usize = 39;
/// The fact that says after a restart which alerts these were.
const FIRING: &str = "firing";
/// How long an alert of Prometheus is believed after a restart without a repeat: it repeats itself once a minute.
const REPEATED: SignedDuration = SignedDuration::from_mins(5);
/// Labels that are shown beside the name.
const LABELS: usize = 12;

/// An alert that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Firing {
    name: String,
    /// What is told of it.
    line: String,
    /// It is over then, unless it is repeated.
    ends: Timestamp,
    /// Prometheus itself tells of it, and repeats it.
    repeats: bool,
}

/// The alerts of one probe.
#[derive(Debug, Clone)]
pub(super) struct Book {
    terms: AlertTerms,
    timetable: Timetable,
    /// Since when we listen without a break.
    since: Timestamp,
    /// The newest slot on record.
    pub(super) newest: Option<Timestamp>,
    /// What was written down last.
    written: Option<(Vec<u64>, bool)>,
    heard: Option<Timestamp>,
    watchdog: Option<Timestamp>,
    firing: BTreeMap<u64, Firing>,
}

impl Book {
    pub(super) fn new(terms: AlertTerms, timetable: Timetable, since: Timestamp) -> Self {
        let (newest, written, heard, watchdog) = (None, None, None, None);
        Self { terms, timetable, since, newest, written, heard, watchdog, firing: BTreeMap::new() }
    }

    /// From now on we listen; what ended or was repeated before, we may not have heard.
    pub(super) fn forgive(&mut self, now: Timestamp) {
        self.since = now;
        for alert in self.firing.values_mut() {
            alert.ends = alert.ends.max(if alert.repeats { now + REPEATED } else { alert.ends });
        }
    }

    /// Takes in what we wrote down ourselves.
    pub(super) fn saw(&mut self, seen: &Observation) {
        self.newest = self.newest.max(Some(seen.slot));
        self.written = Some(self.stand(seen.slot));
    }

    /// Takes in what is on record and may have been told to somebody else, oldest first: the last of it says what fires.
    pub(super) fn learn(&mut self, seen: &Observation) {
        if self.newest.is_none_or(|newest| newest < seen.slot) {
            self.recall(seen);
            self.saw(seen);
        }
    }

    /// Reads back what fired.
    fn recall(&mut self, seen: &Observation) {
        let outcome = &seen.outcome;
        let marks = outcome.facts.get(FIRING).map_or("", String::as_str).split(',').filter(|m| !m.is_empty());
        let forget = signed(self.terms.forget_after);
        let firing = marks.zip(&outcome.evidence).filter_map(|(mark, line)| {
            let (number, repeats) = mark.strip_suffix('+').map_or((mark, false), |number| (number, true));
            let name = line.split(['{', ' ']).next().unwrap_or_default().to_owned();
            let ends = seen.slot.saturating_add(if repeats { REPEATED } else { forget }).ok()?;
            Some((u64::from_str_radix(number, 16).ok()?, Firing { name, line: line.clone(), ends, repeats }))
        });
        let firing: BTreeMap<_, _> = firing.collect();
        // How long it has been firing without a repeat goes on from what is known.
        let known = std::mem::take(&mut self.firing);
        self.firing = firing;
        for (number, alert) in &mut self.firing {
            if let Some(before) = known.get(number) {
                alert.ends = before.ends;
            }
        }
    }

    /// What becomes of this when it is told: an outcome if something changes, and how it stands then.
    pub(super) fn told(&self, told: &[Alert], now: Timestamp) -> (Option<Found>, Self) {
        let mut later = self.clone();
        later.heard = Some(now);
        for alert in told {
            later.hear(alert, now);
        }
        let stand = Some(later.stand(now));
        if later.written == stand || !later.matters(told) {
            return (None, later);
        }
        later.written = stand;
        (Some((later.free(now), later.outcome(now))), later)
    }

    /// Whether any of these is ours to tell of; the first word at all is.
    fn matters(&self, told: &[Alert]) -> bool {
        told.iter().any(|alert| self.is_watchdog(alert) || self.fits(alert))
    }

    /// It is written down: so it stands.
    pub(super) fn become_so(&mut self, later: Self) {
        let newest = self.newest.max(later.newest);
        *self = Self { newest, since: self.since, ..later };
    }

    fn hear(&mut self, alert: &Alert, now: Timestamp) {
        if self.is_watchdog(alert) {
            if alert.state != State::Over {
                self.watchdog = Some(now);
            }
            return;
        }
        let number = alert.fingerprint();
        let (ends, repeats) = match alert.state {
            State::Over => {
                self.firing.remove(&number);
                return;
            }
            State::Firing => (now.saturating_add(signed(self.terms.forget_after)).unwrap_or(now), false),
            State::Until(ends) => (ends, true),
        };
        let room = self.firing.len() < MOST || self.firing.contains_key(&number);
        if room && self.fits(alert) {
            let name = cleaned(alert.name(), &[self.terms.key.expose_secret()]);
            let line = self.line(alert);
            self.firing.insert(number, Firing { name, line, ends, repeats });
        }
    }

    fn is_watchdog(&self, alert: &Alert) -> bool {
        self.terms.watchdog.as_deref().is_some_and(|name| name == alert.name())
    }

    fn fits(&self, alert: &Alert) -> bool {
        let value = |label: &str| alert.labels.get(label).map_or("", String::as_str);
        !self.is_watchdog(alert)
            && self.terms.matches.iter().all(|(label, pattern)| pattern.is_match(value(label)))
    }

    /// `Name{label="value"} since …: what it says`.
    fn line(&self, alert: &Alert) -> String {
        let labels = alert.labels.iter().filter(|(name, _)| *name != "alertname").take(LABELS);
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={value:?}")).collect();
        let since = alert.since.map_or_else(String::new, |at| format!(" since {}", moment(at)));
        let said: Vec<&str> = ["summary", "description", "message"]
            .iter()
            .filter_map(|k| alert.annotations.get(*k))
            .map(String::as_str)
            .collect();
        let said = if said.is_empty() { String::new() } else { format!(": {}", said.join(" – ")) };
        let text = format!("{}{{{}}}{since}{said}", alert.name(), labels.join(", "));
        cleaned(&text, &[self.terms.key.expose_secret()])
    }

    /// When the watchdog has been silent for too long.
    fn silent_at(&self) -> Option<Timestamp> {
        self.terms.watchdog.as_ref()?;
        let last = self.watchdog.map_or(self.since, |at| at.max(self.since));
        last.saturating_add(signed(self.terms.silent_after)).ok()
    }

    /// What fires, and whether the watchdog is silent.
    fn stand(&self, now: Timestamp) -> (Vec<u64>, bool) {
        (self.firing.keys().copied().collect(), self.silent_at().is_some_and(|at| at <= now))
    }

    fn outcome(&self, now: Timestamp) -> Outcome {
        let (firing, silent) = self.stand(now);
        let names: Vec<&str> = self.firing.values().map(|a| a.name.as_str()).collect();
        let mut outcome = match self.firing.values().next() {
            Some(only) if firing.len() == 1 => failed(Reason::Reported, only.line.clone()),
            Some(_) => {
                let shown: Vec<&str> = names.iter().copied().take(5).collect();
                let more = if names.len() > shown.len() { ", …" } else { "" };
                failed(Reason::Reported, format!("{} alerts fire: {}{more}", names.len(), shown.join(", ")))
            }
            None if silent => failed(Reason::Silent, self.silence()),
            None if self.heard.is_none() => Outcome::bare(
                Verdict::Passed,
                None,
                "nothing fires; nothing was heard since launchwatch began to listen",
            ),
            None => Outcome::bare(Verdict::Passed, None, ""),
        };
        let shown = self.firing.iter().take(NAMED);
        let mark = |(number, alert): (&u64, &Firing)| {
            format!("{number:016x}{}", if alert.repeats { "+" } else { "" })
        };
        if !self.firing.is_empty() {
            let marks: Vec<String> = shown.clone().map(mark).collect();
            outcome.facts.insert(FIRING.into(), marks.join(","));
            outcome.evidence = shown.map(|(_, alert)| alert.line.clone()).collect();
            if names.len() > NAMED {
                outcome.evidence.push(format!("… and {} more", names.len() - NAMED));
            }
        }
        if silent && !self.firing.is_empty() {
            outcome.summary = format!("{}; {}", outcome.summary, self.silence());
        }
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let value = firing.len() as f64;
        outcome.measurements = vec![Measurement { name: "alerts_firing".into(), value }];
        outcome
    }

    fn silence(&self) -> String {
        let name = self.terms.watchdog.as_deref().unwrap_or_default();
        let last = self.watchdog.map_or_else(
            || format!("since {} at least", moment(self.since)),
            |at| format!("since {}", moment(at)),
        );
        let limit = span(self.terms.silent_after);
        format!(
            "the alert {name}, which always fires, has not been heard {last} (longer than {limit}): alerting itself is broken"
        )
    }

    /// What is to be said now because time has passed.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<Found> {
        self.firing.retain(|_, alert| alert.ends > now);
        if self.written.as_ref() != Some(&self.stand(now)) && self.newest.is_some() {
            return Some((self.free(now), self.outcome(now)));
        }
        let first = self.slot().filter(|slot| *slot <= now)?;
        let slots = self.timetable.between(first, now);
        // After a long pause, once for all of them.
        let slot = if slots.len() < MISSED_AT_MOST { slots.last().copied().unwrap_or(first) } else { now };
        Some((self.free(slot), self.outcome(now)))
    }

    /// When there may be something to say next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let silent = self.silent_at().filter(|_| self.written.as_ref().is_none_or(|(_, silent)| !silent));
        self.firing.values().map(|a| a.ends).chain(self.slot()).chain(silent).min()
    }

    /// The next time at which it is written down how it stands.
    fn slot(&self) -> Option<Timestamp> {
        self.timetable.next_after(self.newest.map_or(self.since, |newest| newest.max(self.since)))
    }

    fn free(&self, slot: Timestamp) -> Timestamp {
        self.newest.map_or(slot, |newest| slot.max(newest + SignedDuration::from_micros(1)))
    }

    pub(super) fn standing(&self) -> Standing {
        let watchdog = self.terms.watchdog.clone().map(|name| (name, self.watchdog));
        Standing::Alerts { heard: self.heard, firing: self.firing.len(), watchdog }
    }
}

fn failed(reason: Reason, what: String) -> Outcome {
    Outcome::bare(Verdict::Failed, Some(reason), what)
}
