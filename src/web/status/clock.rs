//! Moments in the words of the site's time zone, and of UTC where that is another one.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// Says moments as they are read at some moment.
#[derive(Clone, Copy)]
pub(super) struct Clock<'a> {
    pub(super) zone: &'a TimeZone,
    pub(super) now: Timestamp,
}

impl Clock<'_> {
    /// `18:27 UTC` today, `Sat 7 Jul 18:27 UTC` on other days, with the year in other years.
    pub(super) fn says(&self, at: Timestamp) -> String {
        let (there, now) = (at.to_zoned(self.zone.clone()), self.now.to_zoned(self.zone.clone()));
        let form = if there.date() == now.date() {
            "%H:%M %Z"
        } else if there.year() == now.year() {
            "%a %-d %b %H:%M %Z"
        } else {
            "%a %-d %b %Y %H:%M %Z"
        };
        let said = there.strftime(form).to_string();
        if *self.zone == TimeZone::UTC { said } else { format!("{said} ({})", at.strftime("%H:%M UTC")) }
    }

    /// Without what goes without saying: `18:27` today, `Sat 18:27` on other days.
    pub(super) fn brief(&self, at: Timestamp) -> String {
        let (there, now) = (at.to_zoned(self.zone.clone()), self.now.to_zoned(self.zone.clone()));
        let form = if there.date() == now.date() { "%H:%M" } else { "%a %H:%M" };
        there.strftime(form).to_string()
    }

    /// The day: `Saturday 7 July`.
    pub(super) fn day(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%A %-d %B").to_string()
    }

    /// For machines and people.
    pub(super) fn moment(&self, at: Timestamp) -> Markup {
        html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (self.says(at)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_where_people_live_and_in_utc() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = at("2018-07-07T20:00:00Z");
        let oslo = TimeZone::get("Europe/Oslo").unwrap();
        for (zone, moment, expected) in [
            (&TimeZone::UTC, "2018-07-07T18:27:00Z", "18:27 UTC"),
            (&TimeZone::UTC, "2018-07-06T18:27:00Z", "Fri 6 Jul 18:27 UTC"),
            (&TimeZone::UTC, "2017-07-06T18:27:00Z", "Thu 6 Jul 2017 18:27 UTC"),
            (&oslo, "2018-07-07T18:27:00Z", "20:27 CEST (18:27 UTC)"),
            (&oslo, "2018-07-06T22:30:00Z", "00:30 CEST (22:30 UTC)"),
        ] {
            assert_eq!(Clock { zone, now }.says(at(moment)), expected);
        }
    }
}
