//! Small things that are written as a text: times of day, days of the week, moments, turns.

mod off;

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time, Weekday};
use launchwatch_alerts::Turn;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

pub(crate) use off::{OrOff, Patience};

/// Makes a type that is read from a text.
macro_rules! written {
    ($(#[$doc:meta])* $name:ident($inner:ty), $format:literal, $pattern:literal, $expecting:literal, $read:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        let read: Option<$inner> = $read(text);
                        read.map($name).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
                    }
                }
                from.deserialize_any(Text)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format, "pattern": $pattern })
            }
        }
    };
}

written!(
    /// A time of day: `22:00`.
    TimeOfDay(Time),
    "time-of-day",
    "^[0-2]?[0-9]:[0-5][0-9]$",
    "a time of day such as `09:30` or `22:00`",
    time_of_day
);
written!(
    /// One day of the week or several in a row: `mon`, `mon-fri`.
    Days(Vec<Weekday>),
    "days",
    "^[A-Za-z]+(-[A-Za-z]+)?$",
    "a day such as `mon`, or days such as `mon-fri`",
    days
);
written!(
    /// A date and time of some time zone: `2026-01-05T09:00`.
    Local(DateTime),
    "local-date-time",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$",
    "a local date and time such as `2026-01-05T09:00`",
    local
);
written!(
    /// A moment, the same everywhere: `2026-01-05T09:00:00+01:00`.
    Moment(Timestamp),
    "moment",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)$",
    "a date and time with its offset such as `2026-01-05T09:00:00+01:00`",
    moment
);
written!(
    /// How long a turn is: `1w`, `10d`.
    TurnText(Turn),
    "turn",
    "^[0-9]+[dw]$",
    "a turn in days or weeks such as `1d` or `2w`",
    turn
);

fn time_of_day(text: &str) -> Option<Time> {
    let number = |digits: &str| {
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<i8>().ok()).flatten()
    };
    let (hour, minute) = text.split_once(':').filter(|(_, minute)| minute.len() == 2)?;
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

fn days(text: &str) -> Option<Vec<Weekday>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (mut day, last) = (weekday(first)?, weekday(last)?);
    let mut days = vec![day];
    while day != last {
        day = day.next();
        days.push(day);
    }
    Some(days)
}

fn weekday(text: &str) -> Option<Weekday> {
    let text = text.trim().to_ascii_lowercase();
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let at = names.iter().position(|name| text.len() >= 3 && name.starts_with(&text))?;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

fn local(text: &str) -> Option<DateTime> {
    // A zone or an offset would be read past: the time zone of the team counts.
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'T' | b' '));
    (plain && text.len() > "2026-01-05".len()).then(|| text.parse().ok()).flatten()
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn turn(text: &str) -> Option<Turn> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
    match unit {
        "d" => Some(Turn::Days(count)),
        "w" => Some(Turn::Weeks(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_people_write_them_or_not_at_all() {
        for (text, time) in [
            ("09:30", true),
            ("00:00", true),
            ("24:00", false),
            ("9:30", true),
            ("9:3", false),
            ("+9:30", false),
            ("0930", false),
        ] {
            assert_eq!(time_of_day(text).is_some(), time, "{text}");
        }
        for (text, count) in [
            ("mon", 1),
            ("Monday", 1),
            ("mon-fri", 5),
            ("fri-mon", 4),
            ("mo", 0),
            ("mon-", 0),
            ("day", 0),
            ("", 0),
        ] {
            assert_eq!(days(text).map_or(0, |d| d.len()), count, "{text}");
        }
        for (text, good) in [
            ("2026-01-05T09:00", true),
            ("2026-01-05T09:00:00", true),
            ("2026-01-05", false),
            ("2026-01-05T09:00Z", false),
            ("2026-02-30T09:00", false),
        ] {
            assert_eq!(local(text).is_some(), good, "{text}");
        }
        for (text, good) in [
            ("2026-01-05T09:00:00Z", true),
            ("2026-01-05T09:00:00+01:00", true),
            ("2026-01-05T09:00", false),
            ("tomorrow", false),
        ] {
            assert_eq!(moment(text).is_some(), good, "{text}");
        }
        for (text, expected) in [
            ("1w", Some(Turn::Weeks(1))),
            ("10d", Some(Turn::Days(10))),
            ("0d", Some(Turn::Days(0))),
            ("w", None),
            ("1h", None),
            ("-1d", None),
            ("1ü", None),
            ("", None),
        ] {
            assert_eq!(turn(text), expected, "{text}");
        }
    }
}
