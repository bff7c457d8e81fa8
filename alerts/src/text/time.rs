//! Moments and spans of time as people say them. Always UTC, and always said so.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// `18:27 UTC` on the day of `now`, `Fri 18:27 UTC` within the last six days, else with the date.
pub(crate) fn moment(at: Timestamp, now: Timestamp) -> String {
    format!("{} UTC", bare(at, now))
}

/// `18:27–19:09 UTC`, with the weekday or date of each end where it is not the day of `now`.
pub(crate) fn between(from: Timestamp, to: Timestamp, now: Timestamp) -> String {
    format!("{}–{} UTC", bare(from, now), bare(to, now))
}

fn bare(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.to_zoned(TimeZone::UTC), now.to_zoned(TimeZone::UTC));
    let days = now.date().duration_since(at.date()).as_hours() / 24;
    let form = match days {
        0 => "%H:%M",
        -6..=6 => "%a %H:%M",
        _ => "%Y-%m-%d %H:%M",
    };
    at.strftime(form).to_string()
}

/// `50 s`, `42 min`, `1 h 5 min`, `3 d 2 h`. Never negative.
pub fn lasted(from: Timestamp, to: Timestamp) -> String {
    span(to.duration_since(from))
}

fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let two = |many: i64, unit: &str, rest: i64, small: &str| match rest {
        0 => format!("{many} {unit}"),
        rest => format!("{many} {unit} {rest} {small}"),
    };
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_weekday_is_named_only_where_the_day_differs() {
        let now = at("2024-05-03T00:10:00Z");
        for (moment_at, expected) in [
            ("2024-05-03T00:05:00Z", "00:05 UTC"),
            ("2024-05-02T23:59:59Z", "Thu 23:59 UTC"),
            ("2024-04-27T12:00:00Z", "Sat 12:00 UTC"),
            ("2024-04-26T12:00:00Z", "2024-04-26 12:00 UTC"),
            ("2024-05-04T12:00:00Z", "Sat 12:00 UTC"),
        ] {
            assert_eq!(moment(at(moment_at), now), expected);
        }
        let both = between(at("2024-05-02T18:27:00Z"), at("2024-05-02T19:09:00Z"), now);
        assert_eq!(both, "Thu 18:27–Thu 19:09 UTC");
    }

    #[test]
    fn spans_are_said_in_two_units_at_most() {
        for (seconds, expected) in [
            (-5, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (2520, "42 min"),
            (3600, "1 h"),
            (3900, "1 h 5 min"),
            (86_400 * 3 + 7300, "3 d 2 h"),
        ] {
            assert_eq!(span(SignedDuration::from_secs(seconds)), expected);
        }
    }
}
