//! Walks five fields over the calendar with the crate `cron`, and lays a time zone over the result.

use std::str::FromStr;

use ::cron::Schedule;
use chrono::{DateTime, Utc};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::CronError;
use super::expression::Fields;
use super::field::{DAY_OF_MONTH, DAY_OF_WEEK, Field};

/// The longest each month gets, January first.
const LONGEST: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The crate knows no year before 1970: the second before its first one.
const BEFORE_ALL: i64 = -1;

/// Times of the day on days of the year, in a time zone.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    /// One, or two of which either may match: by day of the month and by day of the week.
    schedules: Vec<Schedule>,
    zone: TimeZone,
}

impl Calendar {
    pub(super) fn new(fields: Fields, zone: TimeZone) -> Result<Calendar, CronError> {
        let either_day = !fields.day_of_month.starred && !fields.day_of_week.starred;
        let schedules = if either_day {
            let by_month = Fields { day_of_week: Field::all(&DAY_OF_WEEK), ..fields.clone() };
            let by_week = Fields { day_of_month: Field::all(&DAY_OF_MONTH), ..fields };
            vec![translate(&by_month)?, translate(&by_week)?]
        } else {
            refuse_impossible(&fields)?;
            vec![translate(&fields)?]
        };
        Ok(Calendar { schedules, zone })
    }

    /// The first instant after the given second (since 1970) at which the wall clock shows a scheduled time.
    ///
    /// Between two changes of the clock local time runs evenly; so each such stretch is asked on its own.
    /// Times that a change leaves out then lie in no stretch, times that it repeats in two.
    pub(super) fn next_after(&self, second: i64) -> Option<Timestamp> {
        let start = Timestamp::from_second(second).ok()?;
        let mut changes = self.zone.following(start);
        let mut offset = i64::from(self.zone.to_offset(start).seconds());
        let mut from = second;
        loop {
            let change = changes.next();
            let found = self.next_local(from + offset)? - offset;
            match change {
                Some(change) if change.timestamp().as_second() <= found => {
                    from = change.timestamp().as_second() - 1;
                    offset = i64::from(change.offset().seconds());
                }
                _ => return Timestamp::from_second(found).ok(),
            }
        }
    }

    /// The next scheduled time on a clock that is never changed, in seconds since it showed 1970.
    fn next_local(&self, after: i64) -> Option<i64> {
        let after: DateTime<Utc> = DateTime::from_timestamp(after.max(BEFORE_ALL), 0)?;
        let next = |schedule: &Schedule| schedule.after(&after).next();
        self.schedules.iter().filter_map(next).min().map(|found| found.timestamp())
    }
}

/// Says the same in the crate's words: seconds first, every value by number, Sunday as 1.
fn translate(fields: &Fields) -> Result<Schedule, CronError> {
    let Fields { minute, hour, day_of_month, month, day_of_week } = fields;
    let text = format!(
        "0 {} {} {} {} {}",
        minute.list(0),
        hour.list(0),
        day_of_month.list(0),
        month.list(0),
        day_of_week.list(1)
    );
    Schedule::from_str(&text).map_err(|fault| {
        CronError::new(
            format!("the schedule, read as `{text}`, could not be used: {fault}"),
            "write it in another way, and report this as a bug of launchwatch",
        )
    })
}

/// Dates that no year has, when the days of the week do not count.
fn refuse_impossible(fields: &Fields) -> Result<(), CronError> {
    let first_day = fields.day_of_month.values.first().copied().unwrap_or_default();
    let longest = |month: &u8| LONGEST.get(usize::from(*month).wrapping_sub(1)).copied().unwrap_or_default();
    let last_day = fields.month.values.iter().map(longest).max().unwrap_or_default();
    if first_day <= last_day {
        return Ok(());
    }
    Err(CronError::new(
        format!("day-of-month {first_day} never comes in month {}", fields.month.list(0)),
        format!("choose a day up to {last_day}, or another month"),
    ))
}
