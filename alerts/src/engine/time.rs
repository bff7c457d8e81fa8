//! What time alone demands: judges with an alarm, updates, reminders, escalation, and the ends of silences.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::lifecycle::{FLAP_WINDOW, signed};
use super::trouble::note;
use super::{Change, Engine};
use crate::{
    AlertState, Ear, Facts, Held, IncidentId, Notification, NotificationId, NotificationKind as Kind, Sample,
    Severity,
};

/// The owner of a silence hears this long before its end that the trouble lasts (or at half time, if that is later).
const WARN_BEFORE: SignedDuration = SignedDuration::from_mins(15);

impl Engine {
    pub(super) fn time(&mut self, now: Timestamp) {
        self.ring(now);
        self.turn_maintenance(now);
        self.silences_end(now);
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
        let calm = self.alerts.values().filter(|a| a.state == AlertState::Calm);
        let forgotten = calm.filter_map(|a| a.fired_lately.last()).map(|at| *at + FLAP_WINDOW);
        let all = of_incidents.chain(of_silences).flatten().chain(forgotten);
        all.chain(alarm).chain(self.next_turn).min()
    }

    /// To be called when the process or the machine stood still until now: that nobody was heard of meanwhile is not
    /// their fault, so nothing counts as silent until it has been silent anew.
    pub fn paused(&mut self, now: Timestamp) {
        let silence = |r: &crate::Rule| matches!(r.when, crate::When::NoData { .. });
        let rules = &self.plan.rules;
        let mut moved = Vec::new();
        for (series, seen) in &mut self.series {
            let rows = seen.rows.iter_mut().filter(|row| rules.get(row.rule).is_some_and(silence));
            for row in rows {
                row.judge.see(&Sample::good(Arc::clone(series), now, now, now));
                moved.push(Arc::clone(series));
            }
        }
        for series in moved {
            self.wind(&series);
        }
    }

    fn ring(&mut self, now: Timestamp) {
        while self.alarms.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, series)) = self.alarms.pop_first() else { return };
            if let Some(seen) = self.series.get_mut(&series) {
                seen.alarmed = false;
            }
            self.ask(&series, now);
            self.wind(&series);
        }
    }

    /// A maintenance begins or ends.
    fn turn_maintenance(&mut self, now: Timestamp) {
        if self.next_turn.is_none_or(|at| at > now) {
            return;
        }
        self.next_turn = self.plan.policy.next_turn(now);
        let over: Vec<_> = self
            .alerts
            .values()
            .filter_map(|a| match &a.held {
                Some(Held::Maintenance(name)) if !self.silences.contains_key(name) => {
                    (self.plan.policy.maintained(&a.key.series, now) != Some(name)).then(|| name.clone())
                }
                _ => None,
            })
            .collect();
        for name in over {
            self.release(|held| *held == Held::Maintenance(name.clone()));
        }
        let ids: Vec<_> = self.incidents.keys().cloned().collect();
        for id in ids {
            if let Some(Held::Maintenance(name)) = self.hushed(&id, now)
                && let Some(incident) = self.incidents.get_mut(&id)
            {
                note(
                    incident,
                    now,
                    None,
                    format!("maintenance {name} goes on: people are not told for its time"),
                );
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
        silence.ended = Some(why.to_owned());
        silence.until = silence.until.min(now);
        let words =
            format!("the silence `{}` by {} ended ({why}), and it still fails", silence.id, silence.by);
        let maintenance = silence.maintenance;
        let of = silence.of.clone();
        self.dirty.silences.remove(id);
        self.dirty.out.push(Change::Silence(silence));
        let mine = |held: &Held| matches!(held, Held::Silence(s) | Held::Maintenance(s) if s == id);
        if maintenance {
            self.release(mine);
            return;
        }
        // Incidents that were told of before the silence began speak up again, unless something else hushes them.
        let open: Vec<_> = self
            .members
            .iter()
            .filter(|(_, keys)| keys.iter().any(|k| of.matches(&k.series)))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &open {
            self.tell(id, Kind::Update, Some(&words), now);
        }
        self.raise_again(Some(&words), now, mine);
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
        let ids: Vec<_> = self.incidents.keys().cloned().collect();
        for id in ids {
            let Some(incident) = self.incidents.get_mut(&id) else { continue };
            let expired = incident.ack.take_if(|a| a.until <= now);
            let update = incident.update_due.take_if(|at| *at <= now).is_some();
            let (remind, step) = (due(incident.reminder_due), due(incident.step_due));
            if update {
                let kind = if incident.notifications == 0 { Kind::Opened } else { Kind::Update };
                self.tell(&id, kind, None, now);
            } else if let Some(ack) = expired {
                let words = format!("{} acknowledged it {} ago and it still fails", ack.by, ago(ack.at, now));
                self.tell(&id, Kind::Reminder, Some(&words), now);
            } else if step {
                self.escalate(&id, now);
            } else if remind {
                self.remind(&id, now);
            }
        }
    }

    fn remind(&mut self, id: &IncidentId, now: Timestamp) {
        if let Some(incident) = self.incidents.get_mut(id) {
            incident.reminders = incident.reminders.saturating_add(1);
        }
        self.tell(id, Kind::Reminder, None, now);
    }

    fn escalate(&mut self, id: &IncidentId, now: Timestamp) {
        let Some(incident) = self.incidents.get_mut(id) else { return };
        incident.steps = incident.steps.saturating_add(1);
        let words = format!("nobody has acknowledged it for {}", ago(incident.opened_at, now));
        self.tell(id, Kind::Reminder, Some(&words), now);
    }

    /// Forgets how often calm alerts fired.
    fn forget(&mut self, now: Timestamp) {
        let old = |at: &Timestamp| now.duration_since(*at) >= FLAP_WINDOW;
        let calm =
            self.alerts.iter().filter(|(_, a)| a.state == AlertState::Calm && a.fired_lately.iter().all(old));
        let keys: Vec<_> = calm.map(|(key, _)| key.clone()).collect();
        for key in keys {
            if let Some(mut alert) = self.alerts.remove(&key) {
                alert.fired_lately.clear();
                self.dirty.alerts.remove(&key);
                self.dirty.out.push(Change::Alert(alert));
            }
        }
    }

    /// Sets when an incident is to be spoken of again without anything new.
    pub(super) fn set_reminders(&mut self, id: &IncidentId, now: Timestamp) {
        let about = self.about(id);
        let Some(incident) = self.incidents.get_mut(id) else { return };
        if let Some(ack) = &incident.ack {
            // Its end is the next word.
            (incident.reminder_due, incident.step_due) = (None, None);
            debug_assert!(ack.until > now, "an acknowledgement that is over was not taken away");
            return;
        }
        let policy = &self.plan.policy;
        incident.reminder_due =
            policy.reminder(incident.severity, incident.reminders).map(|d| now + signed(d));
        let step = policy.step_after(&about, incident.severity, incident.steps + 1);
        incident.step_due =
            step.map(|d| (incident.opened_at + signed(d)).max(now + SignedDuration::from_secs(1)));
    }
}

fn warn_at(silence: &crate::Silence) -> Option<Timestamp> {
    let span = silence.until.duration_since(silence.from);
    Some((silence.until - WARN_BEFORE).max(silence.from + span / 2))
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    crate::text::lasted(at, now)
}
