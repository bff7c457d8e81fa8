//! A month of the calendar, in UTC.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

/// A month in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month(Date);

impl Month {
    /// The month that a moment lies in.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(at.to_zoned(TimeZone::UTC).date().first_of_month())
    }

    /// The one before.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.yesterday().unwrap_or(self.0).first_of_month())
    }

    /// Its first moment.
    #[must_use]
    pub fn first(self) -> Timestamp {
        self.0.to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |z| z.timestamp())
    }

    /// The first moment after it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        let next = self.0.last_of_month().tomorrow().unwrap_or(self.0);
        next.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |z| z.timestamp())
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl std::str::FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = || {
            let text = launchwatch_alerts::text::one_line(text, 40);
            format!("expected a month such as `2018-07`, found `{text}`")
        };
        let (year, month) =
            text.split_once('-').filter(|(y, m)| y.len() == 4 && m.len() == 2).ok_or_else(words)?;
        let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        let (year, month) = (Some(year).filter(|t| digits(t)), Some(month).filter(|t| digits(t)));
        let year: i16 =
            year.and_then(|y| y.parse().ok()).filter(|y| (1970..=9990).contains(y)).ok_or_else(words)?;
        let month: i8 =
            month.and_then(|m| m.parse().ok()).filter(|m| (1..=12).contains(m)).ok_or_else(words)?;
        Ok(Self(date(year, month, 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_and_nothing_else() {
        for (text, good) in [
            ("2018-07", true),
            ("2018-13", false),
            ("2018-00", false),
            ("18-07", false),
            ("2018-7", false),
            ("+018-07", false),
            ("2018-07-07", false),
            ("", false),
            ("ü018-07", false),
        ] {
            assert_eq!(text.parse::<Month>().is_ok(), good, "{text}");
        }
        let december: Month = "2018-12".parse().unwrap();
        assert_eq!(december.first().to_string(), "2018-12-01T00:00:00Z");
        assert_eq!(december.end().to_string(), "2019-01-01T00:00:00Z");
        assert_eq!(Month::of(december.end()).before(), december);
    }
}
