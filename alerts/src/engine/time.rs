//! What time alone demands: judges with an alarm, updates, reminders, escalation, and the ends of silences.

use jiff::{SignedDuration, Timestamp};

use super::lifecycle::signed;
use super::trouble::note;
use super::{Change, Engine};
use crate::{
    AlertKey, AlertState, Ear, Facts, Held, Incident, IncidentId, Notification, NotificationId,
    NotificationKind as Kind, Severity,
};

/// The owner of a silence hears this long before its end that the trouble lasts (or at half time, if that is later).
const WARN_BEFORE: SignedDuration = SignedDuration::from_mins(15);

/// Nobody can have answered earlier than this after a message.
const ANSWER_WITHIN: SignedDuration = SignedDuration::from_secs(60);

impl Engine {
    pub(super) fn time(&mut self, now: Timestamp) {
        self.ring(now);
        self.turn_maintenance(now);
        self.silences_end(now);
        self.stop_waiting(now);
        self.explain(now);
        self.incidents_go_on(now);
        self.forget(now);
    }

    /// When [`Engine::tick`] has something to do next.
    pub fn next_tick(&self) -> Option<Timestamp> {
        let alarm = self.alarms.first().map(|(at, _)| *at);
        let of_incidents = self.incidents.values().flat_map(|i| {
            let acked = i.ack.as_ref().map(|a| a.until);
            [i.update_due, i.reminder_due, i.step_due, acked]
        });
        let of_silences =
            self.silences.values().flat_map(|s| [Some(s.until), warn_at(s).filter(|_| !s.warned)]);
        let all = of_incidents.chain(of_silences).flatten();
        all.chain(alarm).chain(self.index.next()).chain(self.next_turn).min()
    }

    fn ring(&mut self, now: Timestamp) {
        let mut rung = Vec::new();
        while self.alarms.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, series)) = self.alarms.pop_first() else { break };
            if let Some(seen) = self.series.get_mut(&series) {
                seen.alarmed = None;
            }
            self.ask(&series, now);
            rung.push(series);
        }
        // Set anew only now: none rings twice at a moment, whatever it wants.
        for series in rung {
            self.wind(&series);
        }
    }

    /// A maintenance begins or ends.
    fn turn_maintenance(&mut self, now: Timestamp) {
        let Some(turn) = self.next_turn.filter(|at| *at <= now) else { return };
        self.next_turn = self.plan.policy.next_turn(now);
        self.after_work(now);
        let before = turn - SignedDuration::from_nanos(1);
        let ids: Vec<_> = self.incidents.keys().cloned().collect();
        for id in ids {
            let was = self.hushed(&id, before);
            if let Some(Held::Maintenance(name)) = self.hushed(&id, now).filter(|_| was.is_none())
                && let Some(incident) = self.incidents.get_mut(&id)
            {
                let words = format!("maintenance {name} goes on: people are not told for its time");
                note(incident, now, None, words);
                self.dirty.incidents.insert(id);
            }
        }
    }

    fn silences_end(&mut self, now: Timestamp) {
        let over: Vec<_> = self.silences.values().filter(|s| s.until <= now).map(|s| s.id.clone()).collect();
        for id in over {
            self.close_silence(&id, "its time is over", now);
        }
        let soon = self.silences.values().filter(|s| !s.warned && warn_at(s).is_some_and(|at| at <= now));
        let soon: Vec<_> = soon.map(|s| s.id.clone()).collect();
        for id in soon {
            self.warn_owner(&id, now);
        }
    }

    /// A silence is over: whatever it still hides is told, with the name of the silence and of its owner.
    pub(super) fn close_silence(&mut self, id: &str, why: &str, now: Timestamp) {
        let Some(mut silence) = self.silences.remove(id) else { return };
        let words =
            format!("the silence `{}` by {} ended ({why}), and it still fails", silence.id, silence.by);
        let (maintenance, began, of) = (silence.maintenance, silence.from < now, silence.of.clone());
        silence.ended = Some(why.to_owned());
        silence.until = silence.until.min(now);
        self.dirty.silences.remove(id);
        self.dirty.over.push(silence);
        let mine = |held: &Held| matches!(held, Held::Silence(s) | Held::Maintenance(s) if s == id);
        if maintenance {
            return self.after_work(now);
        }
        // Incidents that were told of before it began speak up again, unless somebody sees to them. Those of which it
        // hid only a part have been telling all the time.
        let covered = |key: &AlertKey| {
            of.matches(&key.series)
                || self.silence_over(&key.series, now).is_some()
                || self.plan.policy.maintained(&key.series, now).is_some()
        };
        let open: Vec<_> = self
            .members
            .iter()
            .filter(|_| began)
            .filter(|(_, keys)| keys.iter().any(|k| of.matches(&k.series)) && keys.iter().all(covered))
            .map(|(id, _)| id.clone())
            .filter(|id| self.incidents.get(id).is_some_and(|i| i.ack.is_none()))
            .collect();
        self.raise_all(self.held_by(mine), open, &words, now);
    }

    /// What was held back because of a target that was only seen to fail has waited long enough.
    fn stop_waiting(&mut self, now: Timestamp) {
        while let Some(key) = self.index.take_waiting(now) {
            let Some(Held::Parent(parent)) = self.alerts.get(&key).and_then(|a| a.held.as_ref()) else {
                continue;
            };
            if !self.in_trouble(parent) {
                self.raise(&key, now);
            }
        }
    }

    /// Tells the owner of a silence that it ends soon while what it hides still fails.
    fn warn_owner(&mut self, id: &str, now: Timestamp) {
        let hidden: Vec<_> = self
            .alerts
            .values()
            .filter(|a| a.state == AlertState::Firing)
            .filter(|a| self.silences.get(id).is_some_and(|s| s.of.matches(&a.key.series)))
            .map(|a| (a.key.series.clone(), a.since))
            .collect();
        let Some(silence) = self.silences.get_mut(id) else { return };
        silence.warned = true;
        self.dirty.silences.insert(id.to_owned());
        let Some((series, since)) = hidden.first() else { return };
        let owner = self.plan.policy.people.iter().find(|p| p.name == silence.by);
        let to = match owner {
            Some(person) => person.channels.iter().map(Ear::now).collect(),
            None => self.plan.policy.audience(std::slice::from_ref(series), Severity::Ticket, 0, now).ears,
        };
        let left = silence.until.duration_since(now).as_mins();
        let words =
            format!("the silence `{}` by {} ends in {left} min, and it still fails", silence.id, silence.by);
        let facts = Facts {
            note: Some(words),
            people: vec![silence.by.clone()],
            ..Facts::bare(&series.target, *since)
        };
        let notification = Notification {
            id: NotificationId(format!("silence-{}/1", silence.id)),
            incident: IncidentId(format!("silence-{}", silence.id)),
            kind: Kind::Reminder,
            severity: Severity::Ticket,
            at: now,
            to,
            facts,
        };
        self.dirty.out.push(Change::Notify(notification));
    }

    fn incidents_go_on(&mut self, now: Timestamp) {
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let expires = |i: &Incident| i.ack.as_ref().is_some_and(|a| a.until <= now);
        let is_due =
            |i: &&Incident| due(i.update_due) || due(i.reminder_due) || due(i.step_due) || expires(i);
        let ids: Vec<_> = self.incidents.values().filter(is_due).map(|i| i.id.clone()).collect();
        for id in ids {
            self.go_further(&id, now);
        }
    }

    /// Something is due of an incident: it is one message, whatever it is.
    fn go_further(&mut self, id: &IncidentId, now: Timestamp) {
        let hushed = self.hushed(id, now).is_some();
        let stepped = !hushed && self.take_steps(id, now);
        let Some(incident) = self.incidents.get_mut(id) else { return };
        let expired = incident.ack.take_if(|a| a.until <= now);
        let update = incident.update_due.take_if(|at| *at <= now).is_some();
        let remind = incident.reminder_due.is_some_and(|at| at <= now);
        if !update && !remind && !stepped && expired.is_none() {
            // The step that was due is gone: it was for something that works again.
            return self.set_reminders(id, now);
        }
        let kind = if update { Kind::Update } else { Kind::Reminder };
        let words = match expired {
            Some(ack) => {
                Some(format!("{} acknowledged it {} ago and it still fails", ack.by, ago(ack.at, now)))
            }
            None if stepped => {
                Some(format!("nobody has acknowledged it for {}", ago(incident.opened_at, now)))
            }
            None => None,
        };
        if remind && !update && !hushed {
            incident.reminders = incident.reminders.saturating_add(1);
        }
        self.tell(id, kind, words.as_deref(), now);
    }

    /// Takes all steps of escalation whose time has come, while nobody sees to it.
    fn take_steps(&mut self, id: &IncidentId, now: Timestamp) -> bool {
        let about = self.about(id);
        let Some(incident) = self.incidents.get_mut(id) else { return false };
        if incident.notifications == 0 || incident.ack.as_ref().is_some_and(|a| a.until > now) {
            return false;
        }
        let before = incident.steps;
        let after = |step| self.plan.policy.step_after(&about, incident.loudness(), step);
        let due =
            (before + 1..).take_while(|n| after(*n).is_some_and(|d| incident.opened_at + signed(d) <= now));
        incident.steps = due.last().unwrap_or(before);
        incident.steps > before
    }

    /// Forgets how often calm alerts fired.
    fn forget(&mut self, now: Timestamp) {
        while let Some(key) = self.index.take_faded(now) {
            let Some(mut alert) = self.alerts.remove(&key) else { continue };
            alert.fired_lately.clear();
            self.dirty.alerts.remove(&key);
            self.dirty.forgotten.insert(key, alert);
        }
    }

    /// Sets when an incident is to be spoken of again without anything new.
    pub(super) fn set_reminders(&mut self, id: &IncidentId, now: Timestamp) {
        let about = self.about(id);
        let Some(incident) = self.incidents.get_mut(id) else { return };
        if incident.ack.is_some() {
            // Its end is the next word.
            (incident.reminder_due, incident.step_due) = (None, None);
            return;
        }
        let policy = &self.plan.policy;
        incident.reminder_due = policy
            .reminder(incident.loudness(), incident.reminders)
            .map(|d| now + signed(d).max(ANSWER_WITHIN));
        let step = policy.step_after(&about, incident.loudness(), incident.steps.saturating_add(1));
        incident.step_due = step.map(|d| (incident.opened_at + signed(d)).max(now + ANSWER_WITHIN));
    }
}

fn warn_at(silence: &crate::Silence) -> Option<Timestamp> {
    let span = silence.until.duration_since(silence.from);
    Some((silence.until - WARN_BEFORE).max(silence.from + span / 2))
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    crate::text::lasted(at, now)
}
