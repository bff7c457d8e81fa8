//! Who hears of what: routes, their steps, and the hours in which what can wait is not told.

use std::time::Duration;

use jiff::Timestamp;

use super::hours::quiet_until;
use super::{Audience, Policy, Recipient, Route};
use crate::{Ear, SeriesId, Severity};

impl Policy {
    /// Who is told of trouble of this loudness about these series: at once (`step` 0), or at a later step of escalation.
    ///
    /// Steps are counted over all routes that match, by their time after the opening: each route speaks at its own time.
    pub fn audience(&self, about: &[SeriesId], severity: Severity, step: u32, now: Timestamp) -> Audience {
        let mut all = Audience::default();
        let Some(wait) = self.wait(about, severity, step) else { return all };
        let mut matched = false;
        for route in self.routes_of(about, severity) {
            matched = true;
            let not_before = match severity {
                Severity::Page => None,
                Severity::Ticket => quiet_until(&route.quiet, &route.time_zone, now),
            };
            for recipient in route.recipients(wait) {
                self.add(&mut all, recipient, not_before, now);
            }
        }
        if !matched {
            all.ears.extend(self.channels.iter().map(Ear::now));
        }
        // The earliest of each channel comes first: at once before later.
        all.ears.sort();
        all.ears.dedup_by(|later, first| later.channel == first.channel);
        all.people.sort();
        all.people.dedup();
        all
    }

    /// How long after the opening the given step of escalation (the first is 1) is due; `None` if there is none.
    pub fn step_after(&self, about: &[SeriesId], severity: Severity, step: u32) -> Option<Duration> {
        self.wait(about, severity, step).flatten()
    }

    /// The time of a step after the opening: no time for what is told at once; `None` if there is no such step.
    fn wait(&self, about: &[SeriesId], severity: Severity, step: u32) -> Option<Option<Duration>> {
        let Some(earlier) = step.checked_sub(1) else { return Some(None) };
        let routes = self.routes_of(about, severity);
        let mut waits: Vec<_> = routes.flat_map(|r| &r.steps).map(|s| s.after).collect();
        waits.sort();
        waits.dedup();
        waits.get(usize::try_from(earlier).ok()?).copied().map(Some)
    }

    fn routes_of(&self, about: &[SeriesId], severity: Severity) -> impl Iterator<Item = &Route> {
        self.routes
            .iter()
            .filter(move |r| r.severity <= severity && about.iter().any(|series| r.of.matches(series)))
    }

    fn add(&self, all: &mut Audience, recipient: &Recipient, not_before: Option<Timestamp>, now: Timestamp) {
        match recipient {
            Recipient::Channel(channel) => all.ears.push(Ear { channel: channel.clone(), not_before }),
            Recipient::Person(name) => self.add_person(all, name, not_before),
            Recipient::Team(name) => {
                let on_call = self.teams.iter().find(|t| t.name == *name).map(|t| t.on_call(now));
                for person in on_call.into_iter().flatten() {
                    self.add_person(all, person, not_before);
                }
            }
        }
    }

    fn add_person(&self, all: &mut Audience, name: &str, not_before: Option<Timestamp>) {
        let Some(person) = self.people.iter().find(|p| p.name == name) else { return };
        all.people.push(person.name.clone());
        all.ears.extend(person.channels.iter().map(|c| Ear { channel: c.clone(), not_before }));
    }
}

impl Route {
    /// Who is told at once, or so long after the opening.
    fn recipients(&self, wait: Option<Duration>) -> impl Iterator<Item = &Recipient> {
        let at_once = if wait.is_none() { self.to.as_slice() } else { &[] };
        let later = self.steps.iter().filter(move |s| Some(s.after) == wait).flat_map(|s| &s.to);
        at_once.iter().chain(later)
    }
}
