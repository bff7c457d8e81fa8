//! What schedules must answer, what is refused and how, and random schedules against a matcher by hand.

use jiff::Timestamp;

use super::CronSchedule;

mod clock_changes;
mod known_answers;
mod random;
mod refusals;

/// An expression, its time zone, an instant, and the occurrences that follow it.
type Row<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

fn schedule(expression: &str, zone: &str) -> CronSchedule {
    CronSchedule::parse(expression, Some(zone)).unwrap_or_else(|error| panic!("{error}: {}", error.hint()))
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// Checks each row, and that an instant just before an occurrence leads to it.
fn check(rows: &[Row<'_>]) {
    for (expression, zone, after, expected) in rows {
        let schedule = schedule(expression, zone);
        let mut at = instant(after);
        for next in *expected {
            let next = instant(next);
            let found = schedule.next_after(at);
            assert_eq!(found, Some(next), "`{expression}` in {zone} after {at}");
            let just_before = next - jiff::SignedDuration::from_nanos(1);
            assert_eq!(schedule.next_after(just_before), Some(next), "`{expression}` just before {next}");
            at = next;
        }
    }
}
