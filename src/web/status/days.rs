//! Days as people live them: a calendar of some time zone, what share of each worked, how long things were down in it.

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use launchwatch_alerts::chart::{self, Drawing, Mark, Tone};

use crate::web::words;

/// Days shown.
pub(super) const DAYS: i32 = 90;

/// A day of the calendar, with the moments at which it begins and ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) date: Date,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// What is known of one day of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Day {
    pub(super) date: Date,
    /// Runs that worked.
    pub(super) good: u64,
    /// Runs that tell anything: those that worked and those that failed.
    pub(super) known: u64,
    /// How long it was down, by the incidents that page.
    pub(super) down: SignedDuration,
    /// Whether there was any incident.
    pub(super) trouble: bool,
}

impl Day {
    pub(super) fn share(&self) -> Option<f64> {
        share(self.good, self.known)
    }

    /// `Sat 7 Jul: 61.0 % of 712 runs worked, 258 min down`
    pub(super) fn says(&self) -> String {
        let date = self.date.strftime("%a %-d %b");
        let down = match self.down.is_zero() {
            true => String::new(),
            false => format!(", {} down", words::lasted(self.down)),
        };
        match self.share() {
            Some(of) => format!("{date}: {} of {} runs worked{down}", words::share(of), self.known),
            None => format!("{date}: no runs{down}"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of runs are far below 2^52")]
pub(super) fn share(good: u64, known: u64) -> Option<f64> {
    (known > 0).then(|| good as f64 / known as f64)
}

/// The last days, today included, oldest first.
pub(super) fn calendar(now: Timestamp, zone: &TimeZone) -> Vec<Span> {
    let today = now.to_zoned(zone.clone()).date();
    let start = |date: Date| date.to_zoned(zone.clone()).ok().map(|z| z.timestamp());
    let span = |back: i32| {
        let date = today.checked_sub(back.days()).ok()?;
        let (from, until) = (start(date)?, start(date.tomorrow().ok()?)?);
        Some(Span { date, from, until })
    };
    (0..DAYS).rev().filter_map(span).collect()
}

/// How long of a day lies within these stretches, which may overlap.
pub(super) fn within(day: &Span, stretches: &[(Timestamp, Timestamp)]) -> SignedDuration {
    let clipped = stretches.iter().map(|(from, until)| ((*from).max(day.from), (*until).min(day.until)));
    let mut clipped: Vec<_> = clipped.filter(|(from, until)| from < until).collect();
    clipped.sort_unstable();
    let (mut sum, mut reached) = (SignedDuration::ZERO, day.from);
    for (from, until) in clipped {
        let from = from.max(reached);
        if until > from {
            sum += until.duration_since(from);
            reached = until;
        }
    }
    sum
}

/// The bars as they stand in a page: one path for all bars of a tone, which a browser takes in at once and a wire hardly feels.
/// `each`: every day says what it was when somebody points at it; otherwise only those on which something failed.
pub(super) fn bars(days: &[Day], says: &str, each: bool) -> String {
    let shown: Vec<chart::Day> = days
        .iter()
        .map(|day| {
            let quiet = !each && day.down.is_zero() && day.good == day.known;
            let says = if quiet { String::new() } else { day.says() };
            chart::Day { share: day.share(), trouble: day.trouble, says }
        })
        .collect();
    compact(&chart::days(&shown, says))
}

fn compact(drawing: &Drawing) -> String {
    let mut paths: Vec<(Tone, String)> = Vec::new();
    let mut pointed: Vec<(f64, f64, &str)> = Vec::new();
    for mark in &drawing.marks {
        let Mark::Bar { x, y, width, height, tone, says } = mark else { continue };
        let at = paths.iter().position(|(t, _)| t == tone).unwrap_or(paths.len());
        if at == paths.len() {
            paths.push((*tone, String::new()));
        }
        if let Some((_, path)) = paths.get_mut(at) {
            // Writing to a string does not fail.
            let _ = write!(path, "M{x:.0} {y:.1}h{width:.0}v{height:.1}h-{width:.0}z");
        }
        if !says.is_empty() && pointed.last().is_none_or(|(last, _, _)| last != x) {
            pointed.push((*x, *width, says));
        }
    }
    let (w, h) = (drawing.width, drawing.height);
    let mut out = maud::html! {
        svg.chart.days role="img" aria-label=(drawing.says) viewBox=(format!("0 0 {w:.0} {h:.0}")) preserveAspectRatio="none" {
            @for (tone, path) in &paths { path class=(tone.class()) d=(path) {} }
            @for (x, width, says) in pointed { rect.point x=(format!("{x:.0}")) width=(format!("{width:.0}")) height=(format!("{h:.0}")) { title { (says) } } }
        }
    };
    out.0.shrink_to_fit();
    out.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn days_begin_where_people_live_and_one_a_year_has_23_hours() {
        let oslo = jiff::tz::TimeZone::get("Europe/Oslo").unwrap();
        let days = calendar(at("2026-03-29T22:30:00Z"), &oslo);
        assert_eq!(days.len(), 90);
        let last = days[89];
        assert_eq!(last.date, jiff::civil::date(2026, 3, 30));
        let short = days[88];
        assert_eq!(short.until.duration_since(short.from), SignedDuration::from_hours(23));
        assert_eq!(short.until, last.from);
    }

    #[test]
    fn minutes_down_are_clipped_to_the_day_and_counted_once() {
        let days = calendar(at("2018-07-08T12:00:00Z"), &TimeZone::UTC);
        let (saturday, sunday) = (days[88], days[89]);
        let down = [
            (at("2018-07-07T22:00:00Z"), at("2018-07-08T01:00:00Z")),
            (at("2018-07-07T23:00:00Z"), at("2018-07-07T23:30:00Z")),
            (at("2018-07-07T10:00:00Z"), at("2018-07-07T10:10:00Z")),
        ];
        assert_eq!(within(&saturday, &down), SignedDuration::from_mins(130));
        assert_eq!(within(&sunday, &down), SignedDuration::from_mins(60));
        assert_eq!(within(&days[0], &down), SignedDuration::ZERO);
    }

    #[test]
    fn bars_take_few_bytes_and_say_what_failed() {
        let day = |good, known, down| Day {
            date: jiff::civil::date(2018, 7, 7),
            good,
            known,
            down: SignedDuration::from_mins(down),
            trouble: down > 0,
        };
        let mut days = vec![day(720, 720, 0); 88];
        days.extend([day(439, 720, 258), day(0, 0, 0)]);
        let svg = bars(&days, "<90 days>", false);
        assert!(svg.contains("Sat 7 Jul: 60.9 % of 720 runs worked, 4 h 18 min down"), "{svg}");
        assert!(svg.contains("&lt;90 days&gt;") && svg.len() < 3_000, "{} bytes", svg.len());
        assert_eq!(svg.matches("<path").count(), 4, "passed, in trouble, failed, nothing: {svg}");
    }
}
