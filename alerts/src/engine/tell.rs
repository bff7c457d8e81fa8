//! What is owed to people, and to whom.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::trouble::note;
use super::{Change, Engine, OURSELVES};
use crate::{
    Alert, AlertKey, AlertState, Ear, Facts, Failing, Health, Held, Hushed, IncidentId, Notification,
    NotificationId, NotificationKind as Kind, SeriesId,
};

/// Failing series, working probes and hushed targets that a notification lists.
const LISTED: usize = 50;

impl Engine {
    /// Owes a notification of an incident, unless all of it is silenced: what was told is always told to be over.
    pub(super) fn tell(&mut self, id: &IncidentId, kind: Kind, words: Option<&str>, now: Timestamp) {
        self.dirty.incidents.insert(id.clone());
        let untold = self.incidents.get(id).is_none_or(|i| i.notifications == 0);
        let kind = match kind {
            // What is told first is the opening, whatever led to it.
            Kind::Update | Kind::Reminder if untold => Kind::Opened,
            // The opening will say who sees to it, and what was never told needs no end.
            Kind::Acknowledged | Kind::Resolved if untold => return,
            kind => kind,
        };
        self.refresh(id);
        if kind != Kind::Resolved {
            self.explain_one(id, now);
        }
        if kind != Kind::Resolved
            && kind != Kind::Acknowledged
            && let Some(why) = self.hushed(id, now)
        {
            if let Some(incident) = self.incidents.get_mut(id) {
                note(incident, now, None, format!("{} not told: {why}", kind.as_str()));
            }
            self.set_reminders(id, now);
            if let Some(incident) = self.incidents.get_mut(id) {
                // Whoever hushed it knows; it goes on from where it was when it is told again.
                incident.step_due = None;
            }
            return;
        }
        let (ears, people) = self.ears(id, kind, now);
        self.owe(id, kind, words, (ears, people), now);
    }

    /// Owes a notification to these, whatever is silenced.
    pub(super) fn owe(
        &mut self,
        id: &IncidentId,
        kind: Kind,
        words: Option<&str>,
        (ears, people): (Vec<Ear>, Vec<String>),
        now: Timestamp,
    ) {
        let facts = self.facts(id, kind, words, now);
        let Some(incident) = self.incidents.get_mut(id) else { return };
        incident.notifications += 1;
        incident.update_due = None;
        incident.told.extend(ears.iter().map(|e| e.channel.clone()));
        let to: Vec<_> = ears.iter().map(|e| e.channel.as_str()).collect();
        let told = if to.is_empty() { "nobody".to_owned() } else { to.join(", ") };
        note(incident, now, None, format!("{} told to {told}", kind.as_str()));
        let notification = Notification {
            id: NotificationId(format!("{}/{}", incident.id, incident.notifications)),
            incident: incident.id.clone(),
            kind,
            severity: incident.severity,
            at: now,
            to: ears,
            facts: Facts { people, ..facts },
        };
        self.dirty.out.push(Change::Notify(notification));
        if kind != Kind::Resolved {
            self.set_reminders(id, now);
        }
    }

    /// Who hears of it: those whom it concerns now, and those who heard of it before; its end and that somebody sees to
    /// it concern only the latter. What waits for the end of quiet hours waits with everybody.
    fn ears(&self, id: &IncidentId, kind: Kind, now: Timestamp) -> (Vec<Ear>, Vec<String>) {
        let Some(incident) = self.incidents.get(id) else { return Default::default() };
        let about = self.about(id);
        let mut ears: Vec<Ear> = Vec::new();
        let mut people = Vec::new();
        for step in 0..=incident.steps {
            let audience = self.plan.policy.audience(&about, incident.severity, step, now);
            ears.extend(audience.ears);
            people.extend(audience.people);
        }
        let quiet = ears.iter().map(|e| e.not_before).min().flatten();
        if matches!(kind, Kind::Resolved | Kind::Acknowledged) {
            ears.retain(|ear| incident.told.contains(&ear.channel));
            people.clear();
        }
        let concerned: BTreeSet<String> = ears.iter().map(|e| e.channel.clone()).collect();
        let others = incident.told.difference(&concerned);
        ears.extend(others.map(|channel| Ear { channel: channel.clone(), not_before: quiet }));
        // Of a channel that does not work nobody can hear through this very channel; if it is the only one, whoever
        // stands in for it can.
        if incident.target == OURSELVES && ears.iter().any(|ear| !self.broken(&ear.channel)) {
            ears.retain(|ear| !self.broken(&ear.channel));
        }
        ears.sort();
        ears.dedup_by(|later, first| later.channel == first.channel);
        people.sort();
        people.dedup();
        (ears, people)
    }

    /// What an alert tells: that a series fails, whichever rule says so, or what its own rule says.
    pub(super) fn news<'a>(&self, key: &'a AlertKey) -> (&'a str, &'a str, &'a str) {
        let rule = self.plan.rule(&key.rule);
        let fails = rule.is_none_or(|r| r.when.is_about_success());
        (&key.series.target, &key.series.probe, if fails { "" } else { &key.rule })
    }

    /// The alerts that are listed: of those that tell the same, the loudest, and of those the first.
    fn each_news_once<'a>(&self, mut alerts: Vec<&'a Alert>) -> Vec<&'a Alert> {
        let first = |a: &Alert| (std::cmp::Reverse(a.severity), a.fired_at.unwrap_or(a.since));
        alerts.sort_by(|a, b| (self.news(&a.key), first(a)).cmp(&(self.news(&b.key), first(b))));
        alerts.dedup_by(|later, first| self.news(&later.key) == self.news(&first.key));
        alerts.truncate(LISTED);
        alerts
    }

    /// Whether it is told of a channel that it does not work.
    fn broken(&self, channel: &str) -> bool {
        let firing = |a: &Alert| a.state == AlertState::Firing && a.key.series.target == OURSELVES;
        let of = |a: &Alert| a.key.series.probe.strip_prefix("channel-") == Some(channel);
        self.alerts.values().any(|a| firing(a) && of(a))
    }

    /// The series an incident is about.
    pub(super) fn about(&self, id: &IncidentId) -> Vec<SeriesId> {
        let firing = self.members.get(id).into_iter().flatten().map(|k| k.series.clone());
        let mut about: Vec<_> = firing.take(LISTED * 10).collect();
        if about.is_empty()
            && let Some(incident) = self.incidents.get(id)
        {
            about.extend(incident.alerts.values().map(|a| a.key.series.clone()));
        }
        about
    }

    /// The alerts that an incident lists, as they stand now.
    pub(super) fn refresh(&mut self, id: &IncidentId) {
        let Some(incident) = self.incidents.get_mut(id) else { return };
        for listed in incident.alerts.values_mut() {
            match self.alerts.get(&listed.key) {
                // Its own, or one that waits for a target it depends on.
                Some(now)
                    if now.state == AlertState::Firing && now.incident.as_ref().is_none_or(|i| i == id) =>
                {
                    listed.clone_from(now);
                }
                _ => listed.state = AlertState::Calm,
            }
        }
    }

    fn facts(&self, id: &IncidentId, kind: Kind, words: Option<&str>, now: Timestamp) -> Facts {
        let Some(incident) = self.incidents.get(id) else { return Facts::bare("", Timestamp::UNIX_EPOCH) };
        let over = kind == Kind::Resolved;
        let fails = |a: &&Alert| over || (a.state == AlertState::Firing && a.incident.as_ref() == Some(id));
        let failing = self.each_news_once(incident.alerts.values().filter(fails).collect());
        let failing = failing.into_iter().map(|a| {
            let from = self.whence(&a.key, now).filter(|_| !over);
            Failing { from, ..Failing::of(a, &incident.target) }
        });
        let failing: Vec<_> = failing.collect();
        let all = if over {
            let listed = incident.alerts.values().map(|a| self.news(&a.key)).collect::<BTreeSet<_>>().len();
            listed.saturating_add(usize::try_from(incident.more).unwrap_or(usize::MAX))
        } else {
            self.members.get(id).into_iter().flatten().map(|k| self.news(k)).collect::<BTreeSet<_>>().len()
        };
        let more = u32::try_from(all.saturating_sub(failing.len())).unwrap_or(u32::MAX);
        let targets = if over {
            incident.targets.len()
        } else {
            incident.targets.iter().filter(|t| self.by_target.get(*t) == Some(id)).count()
        };
        Facts {
            until: incident.resolved_at,
            recovered: incident.recovered_at.filter(|_| !over),
            urgent: incident.recovered_at.is_some() && self.urgent(id),
            failing,
            more,
            targets: u32::try_from(targets).unwrap_or(u32::MAX),
            hushed: self.depending(&incident.targets),
            ack: incident.ack.clone(),
            working: if incident.storm { Vec::new() } else { self.working(&incident.target) },
            note: words.map(Into::into),
            causes: incident.diagnosis.clone(),
            ..Facts::bare(&incident.target, incident.since)
        }
    }

    /// Targets that fail because they depend on these.
    fn depending(&self, targets: &BTreeSet<String>) -> Vec<Hushed> {
        if targets.iter().all(|t| !self.parents.contains(t)) {
            return Vec::new();
        }
        let mut hushed: Vec<Hushed> = Vec::new();
        for alert in self.alerts.values() {
            let target = &alert.key.series.target;
            match &alert.held {
                Some(Held::Parent(parent))
                    if targets.contains(parent)
                        && hushed.len() < LISTED
                        && hushed.iter().all(|h| h.target != *target) =>
                {
                    hushed.push(Hushed { target: target.clone(), why: format!("depends on {parent}") });
                }
                _ => {}
            }
        }
        hushed
    }

    /// Probes of a target that were last seen to work.
    fn working(&self, target: &str) -> Vec<String> {
        if target == OURSELVES {
            return Vec::new();
        }
        let works =
            |seen: &super::Seen| matches!(seen.health, Some(Health::Good | Health::Poor)) && seen.active == 0;
        let mine = self.series_of(target).filter(|(_, seen)| works(seen));
        let mut names: Vec<_> = mine.map(|(id, _)| self.called(id)).collect();
        names.dedup();
        names.truncate(LISTED);
        names
    }
}
