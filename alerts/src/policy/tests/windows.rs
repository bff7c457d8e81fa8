//! Maintenance: known answers on both changes of the clock, and what holds between two turns.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::time;
use proptest::prelude::*;

use super::*;

fn weekly(zone_name: &str, days: &[Weekday], at: (i8, i8), minutes: u64) -> Maintenance {
    let when = Window::Weekly {
        days: days.to_vec(),
        at: time(at.0, at.1, 0, 0),
        lasts: Duration::from_secs(60 * minutes),
        time_zone: zone(zone_name),
    };
    Maintenance { name: "upgrade".into(), of: Selector::target("hub"), when }
}

fn policy(maintenance: Maintenance) -> Policy {
    Policy { maintenance: vec![maintenance], ..Policy::default() }
}

#[test]
fn a_weekly_window_begins_at_its_local_hour_and_lasts_its_real_time_on_both_changes_of_the_clock() {
    let table = [
        // The week before, the night that skips 02:00 to 03:00, the night that has it twice, the week after.
        ("Europe/Berlin", (2, 30), 60, "2026-03-22T01:30:00Z", "2026-03-22T02:30:00Z"),
        ("Europe/Berlin", (2, 30), 60, "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"),
        ("Europe/Berlin", (2, 30), 60, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
        ("Europe/Berlin", (2, 30), 60, "2026-11-01T01:30:00Z", "2026-11-01T02:30:00Z"),
        // Across the change: three hours are three hours.
        ("Europe/Berlin", (1, 0), 180, "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z"),
        ("Europe/Berlin", (1, 0), 180, "2026-10-24T23:00:00Z", "2026-10-25T02:00:00Z"),
        // After it.
        ("Europe/Berlin", (4, 0), 20, "2026-03-29T02:00:00Z", "2026-03-29T02:20:00Z"),
        ("Europe/Berlin", (4, 0), 20, "2026-10-25T03:00:00Z", "2026-10-25T03:20:00Z"),
        ("America/New_York", (2, 30), 60, "2026-03-01T07:30:00Z", "2026-03-01T08:30:00Z"),
        ("America/New_York", (2, 30), 60, "2026-03-08T07:30:00Z", "2026-03-08T08:30:00Z"),
        ("America/New_York", (1, 30), 60, "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"),
        ("America/New_York", (1, 30), 60, "2026-11-08T06:30:00Z", "2026-11-08T07:30:00Z"),
        ("America/New_York", (0, 0), 300, "2026-03-08T05:00:00Z", "2026-03-08T10:00:00Z"),
        ("America/New_York", (0, 0), 300, "2026-11-01T04:00:00Z", "2026-11-01T09:00:00Z"),
        ("America/New_York", (4, 0), 20, "2026-03-08T08:00:00Z", "2026-03-08T08:20:00Z"),
        ("America/New_York", (4, 0), 20, "2026-11-01T09:00:00Z", "2026-11-01T09:20:00Z"),
    ];
    let second = SignedDuration::from_secs(1);
    for (zone, at, minutes, from, until) in table {
        let policy = policy(weekly(zone, &[Weekday::Sunday], at, minutes));
        let (from, until) = (utc(from), utc(until));
        let goes_on = |at| policy.maintained(&series("hub", "launch"), at) == Some("upgrade");
        let row = format!("{zone} {at:?} from {from}");
        assert_eq!(policy.next_turn(from - SignedDuration::from_hours(30)), Some(from), "{row}");
        assert_eq!(policy.next_turn(from - second), Some(from), "{row}");
        assert_eq!(policy.next_turn(from), Some(until), "{row}");
        assert!(!goes_on(from - second) && goes_on(from), "{row}");
        assert!(goes_on(until - second) && !goes_on(until), "{row}");
    }
}

#[test]
fn a_window_that_wraps_midnight_or_outlasts_the_day_is_one_window() {
    let table = [
        (&[Weekday::Saturday][..], (23, 30), 60, "2026-06-07T00:15:00Z", true),
        (&[Weekday::Saturday], (23, 30), 60, "2026-06-06T00:15:00Z", false),
        (&[Weekday::Friday], (18, 0), 60 * 60, "2026-06-08T05:59:00Z", true),
        (&[Weekday::Friday], (18, 0), 60 * 60, "2026-06-08T06:00:00Z", false),
        (&[], (0, 0), 60 * 24, "2026-06-08T00:00:00Z", true),
        (&[Weekday::Monday], (0, 0), 60 * 24 * 9, "2026-06-07T23:59:00Z", true),
        (&[Weekday::Monday], (0, 0), 0, "2026-06-08T00:00:00Z", false),
    ];
    for (days, at, minutes, now, expected) in table {
        let policy = policy(weekly("UTC", days, at, minutes));
        let goes_on = policy.maintained(&series("hub", "launch"), utc(now)).is_some();
        assert_eq!(goes_on, expected, "{days:?} {at:?} for {minutes} min at {now}");
    }
}

#[test]
fn a_window_is_about_its_series_only_and_one_that_is_over_turns_no_more() {
    let (from, until) = (utc("2026-06-01T10:00:00Z"), utc("2026-06-01T12:00:00Z"));
    let when = Window::Once { from, until };
    let policy = policy(Maintenance { name: "move".into(), of: Selector::target("hub"), when });
    assert_eq!(policy.maintained(&series("hub", "launch"), from), Some("move"));
    assert_eq!(policy.maintained(&series("other", "launch"), from), None);
    assert_eq!(policy.maintained(&series("hub", "launch"), until), None);
    assert_eq!(policy.next_turn(until), None);
}

#[test]
fn a_window_that_ends_before_it_begins_never_goes_on() {
    let when = Window::Once { from: utc("2026-06-01T12:00:00Z"), until: utc("2026-06-01T10:00:00Z") };
    let policy = policy(Maintenance { name: "never".into(), of: Selector::default(), when });
    assert_eq!(policy.next_turn(utc("2026-06-01T09:00:00Z")), None);
    assert_eq!(policy.maintained(&series("hub", "launch"), utc("2026-06-01T11:00:00Z")), None);
}

fn any_weekly() -> impl Strategy<Value = Maintenance> {
    let days = prop::sample::subsequence(
        vec![Weekday::Monday, Weekday::Wednesday, Weekday::Saturday, Weekday::Sunday],
        0..=4,
    );
    (any_zone(), days, 0i8..24, 0i8..60, 1u64..4_000)
        .prop_map(|(zone, days, hour, minute, lasts)| weekly(zone, &days, (hour, minute), lasts))
}

proptest! {
    #[test]
    fn between_two_turns_a_maintenance_goes_on_or_does_not(
        all in prop::collection::vec(any_weekly(), 1..4), now in any_moment(), part in 0.0f64..1.0,
    ) {
        let policy = Policy { maintenance: all, ..Policy::default() };
        let hub = series("hub", "launch");
        let turn = policy.next_turn(now).unwrap();
        prop_assert!(turn > now);
        let each = |at| policy.maintenance.iter().map(|m| m.when.covers(at)).collect::<Vec<_>>();
        let within = now + SignedDuration::from_secs((turn.duration_since(now).as_secs_f64() * part) as i64);
        prop_assert_eq!(policy.maintained(&hub, now), policy.maintained(&hub, within));
        prop_assert_eq!(each(now), each(within));
    }

    #[test]
    fn every_week_has_its_windows(one in any_weekly(), now in any_moment()) {
        let policy = policy(one);
        let (mut at, mut begins) = (now, 0);
        let end = now + SignedDuration::from_hours(24 * 7 + 2);
        while let Some(turn) = policy.next_turn(at).filter(|turn| *turn <= end) {
            let before = turn - SignedDuration::from_secs(1);
            let goes_on = |at| policy.maintained(&series("hub", "launch"), at).is_some();
            begins += usize::from(goes_on(turn) && !goes_on(before));
            at = turn;
        }
        let covered = policy.maintained(&series("hub", "launch"), now).is_some();
        prop_assert!(begins > 0 || covered);
    }
}
