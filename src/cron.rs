//! Cron schedules that mean what the `schedule:` and `timeZone:` of a Kubernetes CronJob mean.
//!
//! # Why
//!
//! Operators already have CronJobs, and launchwatch can itself run as one, so the same five fields must give
//! the same times in both. Kubernetes reads them with robfig/cron v3; what holds there holds here:
//!
//! * Five fields, or `@hourly` … `@annually`, or `@every 1h30m`. No seconds, no years, no `TZ=` in front.
//! * A day counts if day-of-month *or* day-of-week names it, when both are restricted. `*`, `?` and `*/1`
//!   anywhere in a field make it unrestricted; `*/2` restricts.
//! * `5/15` runs from 5 to the end of the field in steps of 15.
//! * A time runs whenever the wall clock shows it: never if the clock jumps over it, twice if the clock is
//!   turned back over it.
//!
//! On purpose it differs in four things. Sunday may also be written 7. What robfig accepts but reads as
//! something else than is written (`*/90` for minutes, `1,,2`, `*-5`, a negative `@every`) is refused.
//! Dates that never come are refused when read, instead of never running. And on the day of an unusual change
//! of the clock the wall clock holds, where robfig goes astray: in Lord Howe, with its half hour, it loses
//! 03:00; in São Paulo, when midnight was left out, it ran what was due on the 3rd on the 4th.
//!
//! The crate `cron` finds the dates; it counts seconds first, numbers Sunday as 1 and joins the two day fields
//! with *and*, so `expression` and `field` read the text, `calendar` translates it, and the time zone is put on top.

mod calendar;
mod error;
mod every;
mod expression;
mod field;
mod zone;

#[cfg(test)]
mod tests;

pub use error::CronError;
pub(crate) use zone::find as time_zone;

use calendar::Calendar;
use jiff::{SignedDuration, Timestamp};

/// How many occurrences ahead [`CronSchedule::shortest_gap`] looks.
const LOOK_AHEAD: usize = 100;

/// A schedule and the time zone it is meant in.
#[derive(Clone, Debug)]
pub struct CronSchedule {
    expression: String,
    time_zone: String,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    Calendar(Calendar),
    /// Whole seconds between two occurrences, at least 1.
    Every(i64),
}

impl CronSchedule {
    /// Reads a schedule of five fields or an `@` word, meant in the IANA time zone (default UTC).
    ///
    /// # Errors
    ///
    /// What is wrong in which field, with a hint how to mend it; also for dates that never come (30 February)
    /// and for time zones that are not known under exactly this name.
    pub fn parse(expression: &str, time_zone: Option<&str>) -> Result<CronSchedule, CronError> {
        let expression = expression.trim();
        let name = time_zone.unwrap_or("UTC");
        let zone = zone::find(name)?;
        let rule = match every::after_keyword(expression) {
            Some(text) => Rule::Every(every::seconds(text)?),
            None => Rule::Calendar(Calendar::new(expression::fields(expression)?, zone)?),
        };
        Ok(CronSchedule { expression: expression.to_owned(), time_zone: name.to_owned(), rule })
    }

    /// The first occurrence strictly after the given instant; `None` only past the year 2100.
    ///
    /// `@every` counts from 1970-01-01T00:00:00Z, so the answer does not depend on when the service started
    /// (Kubernetes counts from when the CronJob was made).
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let second = whole_second(after);
        match &self.rule {
            Rule::Calendar(calendar) => calendar.next_after(second),
            Rule::Every(delay) => {
                let next = second.div_euclid(*delay).checked_add(1)?.checked_mul(*delay)?;
                Timestamp::from_second(next).ok()
            }
        }
    }

    /// The schedule as written, without blanks around it.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The IANA name of the time zone.
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// The smallest time between two of the next 100 occurrences, to judge deadlines against; `None` if fewer
    /// than two are left before the year 2100.
    pub fn shortest_gap(&self, from: Timestamp) -> Option<SignedDuration> {
        self.gaps(from).min()
    }

    /// The largest time between two of the next 100 occurrences, to judge silence against.
    pub fn longest_gap(&self, from: Timestamp) -> Option<SignedDuration> {
        self.gaps(from).max()
    }

    fn gaps(&self, from: Timestamp) -> impl Iterator<Item = SignedDuration> {
        let first = self.next_after(from);
        let upcoming = std::iter::successors(first, |at| self.next_after(*at)).take(LOOK_AHEAD);
        let later = std::iter::successors(first, |at| self.next_after(*at)).skip(1);
        upcoming.zip(later).map(|(at, next)| next.duration_since(at))
    }
}

/// The second that the instant lies in, counted from 1970.
fn whole_second(at: Timestamp) -> i64 {
    let begun = at.subsec_nanosecond() < 0;
    at.as_second() - i64::from(begun)
}
