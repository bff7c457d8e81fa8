//! Planned work as moments: when it begins and ends, once or every week.

use std::time::Duration;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::hours::{local_date, moment, shifted};
use super::{Maintenance, Policy, Window};
use crate::{Selector, SeriesId};

impl Policy {
    /// The maintenance that goes on for this series, by name.
    pub fn maintained(&self, series: &SeriesId, now: Timestamp) -> Option<&str> {
        let mut of = self.maintenance.iter().filter(|m| m.about(series));
        of.find(|m| m.when.covers(now)).map(|m| m.name.as_str())
    }

    /// When a maintenance begins or ends next, strictly after this moment.
    pub fn next_turn(&self, now: Timestamp) -> Option<Timestamp> {
        self.maintenance.iter().filter_map(|m| m.when.next_turn(now)).min()
    }
}

impl Maintenance {
    /// Whether it is about this series.
    pub fn about(&self, series: &SeriesId) -> bool {
        Selector::matches(&self.of, series)
    }
}

impl Window {
    /// Its stretches that touch the time from `from` to `to`, oldest first.
    pub fn stretches(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let days = to.duration_since(from).as_hours().max(0) / 24 + 2;
        let near = self.near(from, i32::try_from(days).unwrap_or(i32::MAX).min(800));
        near.into_iter().filter(|(begin, end)| *end > from && *begin < to).collect()
    }

    pub(super) fn covers(&self, now: Timestamp) -> bool {
        self.near(now, 1).iter().any(|(from, until)| *from <= now && now < *until)
    }

    pub(super) fn next_turn(&self, now: Timestamp) -> Option<Timestamp> {
        self.near(now, 8).into_iter().flat_map(|(from, until)| [from, until]).filter(|at| *at > now).min()
    }

    /// Its stretches that go on now or begin within eight days, in order: from when, until when.
    pub fn coming(&self, now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut stretches: Vec<_> = self.near(now, 8).into_iter().filter(|(_, until)| *until > now).collect();
        stretches.sort_unstable();
        stretches
    }

    /// Its stretches that may cover this moment, or begin within so many days.
    fn near(&self, now: Timestamp, ahead: i32) -> Vec<(Timestamp, Timestamp)> {
        match self {
            Self::Once { from, until } if from < until => vec![(*from, *until)],
            Self::Once { .. } => Vec::new(),
            Self::Weekly { lasts, .. } if lasts.is_zero() => Vec::new(),
            Self::Weekly { days, at, lasts, time_zone } => weeks(days, (*at, *lasts), time_zone, now, ahead),
        }
    }
}

fn weeks(
    days: &[Weekday],
    (at, lasts): (Time, Duration),
    zone: &TimeZone,
    now: Timestamp,
    ahead: i32,
) -> Vec<(Timestamp, Timestamp)> {
    let today = local_date(zone, now);
    let lasts = SignedDuration::try_from(lasts).unwrap_or(SignedDuration::MAX);
    // What lasts longer than a week is covered by the one that began last, or the one before.
    let back = i32::try_from(lasts.as_hours() / 24).unwrap_or(i32::MAX).min(14) + 2;
    let stretch = |shift: i32| {
        let date = shifted(today, shift)?;
        if !days.is_empty() && !days.contains(&date.weekday()) {
            return None;
        }
        let from = moment(zone, date, at)?;
        Some((from, from.checked_add(lasts).unwrap_or(Timestamp::MAX)))
    };
    (-back..=ahead).filter_map(stretch).collect()
}
