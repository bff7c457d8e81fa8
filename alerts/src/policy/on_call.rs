//! Who is on call: turns counted in local days, exceptions, hours.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::hours::{local_date, moment, shifted};
use super::{Rotation, Team, Turn};

impl Team {
    /// Who is on call, each once: whom an exception names, or else all whose turn it is; without any, everybody.
    pub(super) fn on_call(&self, now: Timestamp) -> Vec<&str> {
        let instead = self.overrides.iter().filter(|o| o.from <= now && now < o.until);
        let found = once(instead.map(|o| o.person.as_str()));
        if !found.is_empty() {
            return found;
        }
        let found = once(self.rotations.iter().filter_map(|r| r.on_call(&self.time_zone, now)));
        if !found.is_empty() {
            return found;
        }
        let people = self.rotations.iter().flat_map(|r| &r.people);
        let found = once(people.map(String::as_str));
        // A team may be nothing but a list of exceptions.
        if found.is_empty() { once(self.overrides.iter().map(|o| o.person.as_str())) } else { found }
    }
}

impl Rotation {
    /// Whose turn it is, if its hours cover the moment and it has begun.
    pub(super) fn on_call(&self, zone: &TimeZone, now: Timestamp) -> Option<&str> {
        if !self.hours.is_empty() && !self.hours.iter().any(|hours| hours.cover(zone, now)) {
            return None;
        }
        let turn = self.days(zone, now)? / self.turn.days();
        let nth = usize::try_from(turn).ok()?.checked_rem(self.people.len())?;
        self.people.get(nth).map(String::as_str)
    }

    /// How many hand-over times of the day have passed since the start: compared as moments, so that an hour that comes
    /// twice does not hand back.
    fn days(&self, zone: &TimeZone, now: Timestamp) -> Option<i64> {
        let today = local_date(zone, now);
        let near = (-2..=1).rev().filter_map(|days| shifted(today, days));
        let mut passed = near.filter(|d| moment(zone, *d, self.start.time()).is_some_and(|at| at <= now));
        let days = passed.next()?.since(self.start.date()).ok()?.get_days();
        (days >= 0).then_some(i64::from(days))
    }
}

impl Turn {
    fn days(self) -> i64 {
        let days = match self {
            Self::Days(days) => i64::from(days),
            Self::Weeks(weeks) => 7 * i64::from(weeks),
        };
        days.max(1)
    }
}

fn once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}
