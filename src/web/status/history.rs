//! Past incidents, a month a page.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::{ToSpan, tz::TimeZone};
use maud::{Markup, html};

use super::Scene;
use super::story::Story;
use crate::web::access::Who;
use crate::web::shell::Page;

/// Incidents on a page.
const SHOWN: usize = 50;
/// Nobody reads further.
pub(super) const MOST_PAGES: usize = 40;

/// A month as it stands in an address: `2018-07`.
pub(super) fn month(text: &str) -> Option<Date> {
    let (year, month) = text.split_once('-')?;
    let well = year.len() == 4 && month.len() == 2;
    Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok().filter(|d| well && *d >= date(2000, 1, 1))
}

impl Scene<'_> {
    /// The whole page.
    pub(super) fn history(&self, month: Date, page: usize, who: &Who) -> String {
        let zone = &self.site.pages.time_zone;
        let all: Vec<&Arc<Story>> = self.known.past.stories.iter().filter(|s| s.shown()).collect();
        let own: Vec<&Arc<Story>> = all.iter().filter(|s| begins_in(s.since, month, zone)).copied().collect();
        let shown = || own.iter().skip((page - 1) * SHOWN).take(SHOWN);
        let title = format!("Incidents of {}", month.strftime("%B %Y"));
        let body = html! {
            (self.turn(month, &all))
            section {
                @if own.is_empty() { p { "No incidents began in this month." } }
                @else {
                    p.dim { (own.len()) (if own.len() == 1 { " incident" } else { " incidents" }) }
                    @for (day, stories) in by_day(shown().map(|s| s.as_ref()), |s| self.clock().day(s.since)) {
                        h3 { (day) }
                        (self.list(stories.into_iter()))
                    }
                }
            }
            @if own.len() > SHOWN {
                nav aria-label="Pages of this month" {
                    @for number in 1..=own.len().div_ceil(SHOWN) {
                        a href=(self.at(month, number)) aria-current=[(number == page).then_some("page")] { (number) }
                    }
                }
            }
        };
        let fresh = self.freshness("plain");
        let page = Page { title: &title, here: "/history", who, fresh, body, live: false };
        self.sources.framed(&page).into_string()
    }

    fn at(&self, month: Date, page: usize) -> String {
        self.sources.to(&format!("/history?month={}&page={page}", month.strftime("%Y-%m")))
    }

    /// Links to the months around.
    fn turn(&self, month: Date, all: &[&Arc<Story>]) -> Markup {
        let zone = &self.site.pages.time_zone;
        let today = self.now.at.to_zoned(zone.clone()).date();
        let oldest = all.last().map(|s| s.since.to_zoned(zone.clone()).date().first_of_month());
        let before = month.checked_sub(1.month()).ok().filter(|m| oldest.is_some_and(|o| o <= *m));
        let after = month.checked_add(1.month()).ok().filter(|m| *m <= today);
        html! {
            nav.turn aria-label="Months" {
                @if let Some(month) = before { a rel="prev" href=(self.at(month, 1)) { "← " (month.strftime("%B %Y")) } }
                @if let Some(month) = after { a rel="next" href=(self.at(month, 1)) { (month.strftime("%B %Y")) " →" } }
            }
        }
    }
}

fn begins_in(at: Timestamp, month: Date, zone: &TimeZone) -> bool {
    at.to_zoned(zone.clone()).date().first_of_month() == month
}

/// What follows each other and is of the same day, together.
fn by_day<'s>(
    stories: impl Iterator<Item = &'s Story>,
    day: impl Fn(&Story) -> String,
) -> Vec<(String, Vec<&'s Story>)> {
    let mut days: Vec<(String, Vec<&Story>)> = Vec::new();
    for story in stories {
        let of = day(story);
        match days.last_mut().filter(|(last, _)| *last == of) {
            Some((_, together)) => together.push(story),
            None => days.push((of, vec![story])),
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_four_and_two_digits() {
        assert_eq!(month("2018-07"), Some(date(2018, 7, 1)));
        for wrong in ["2018", "2018-13", "18-07", "2018-7", "-201-07", "1999-12", "2018-07-07", "a-b", ""] {
            assert_eq!(month(wrong), None, "{wrong}");
        }
    }
}
