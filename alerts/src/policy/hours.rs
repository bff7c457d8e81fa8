//! Local hours as moments: stretches of the day in a time zone, across daylight saving.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::Hours;

/// Quiet hours that join to more than this have no end: they would hide for ever.
const LONGEST: i32 = 15;

/// The moment of a local time. An hour that is skipped comes with the time after it, one that comes twice is the first.
pub(super) fn moment(zone: &TimeZone, date: Date, time: Time) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()
}

/// So many days later, or earlier.
pub(super) fn shifted(date: Date, days: i32) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

/// The date somewhere.
pub(super) fn local_date(zone: &TimeZone, now: Timestamp) -> Date {
    zone.to_datetime(now).date()
}

impl Hours {
    /// From when until when they go, if they begin on this day.
    fn stretch(&self, zone: &TimeZone, date: Date) -> Option<(Timestamp, Timestamp)> {
        if !self.days.is_empty() && !self.days.contains(&date.weekday()) {
            return None;
        }
        let last = if self.until > self.from { date } else { shifted(date, 1)? };
        Some((moment(zone, date, self.from)?, moment(zone, last, self.until)?))
    }

    /// When the stretch ends that a moment lies in.
    fn end(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let today = local_date(zone, now);
        // One day ahead, because a clock that is set back over midnight shows yesterday again.
        let near = (-2..=1).filter_map(|days| self.stretch(zone, shifted(today, days)?));
        near.filter(|(from, until)| *from <= now && now < *until).map(|(_, until)| until).max()
    }

    /// Whether a moment lies in them.
    pub(super) fn cover(&self, zone: &TimeZone, now: Timestamp) -> bool {
        self.end(zone, now).is_some()
    }
}

/// When it is no longer quiet: the end of all stretches that join. `None` where it is not quiet, or for ever (then it
/// is better told than lost).
pub(super) fn quiet_until(quiet: &[Hours], zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let end_after = |at| quiet.iter().filter_map(|hours| hours.end(zone, at)).max();
    let mut end = end_after(now)?;
    let latest = moment(zone, shifted(local_date(zone, now), LONGEST)?, Time::midnight())?;
    while let Some(later) = end_after(end) {
        end = later;
        if end > latest {
            return None;
        }
    }
    Some(end)
}
