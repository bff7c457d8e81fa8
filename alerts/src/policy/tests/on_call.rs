//! On call: known answers across daylight saving, and that one person always is.

use jiff::SignedDuration;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn rotation(people: &[&str], turn: Turn, hour: i8) -> Rotation {
    Rotation {
        people: people.iter().map(|p| (*p).to_owned()).collect(),
        start: date(2026, 1, 5).at(hour, 0, 0, 0),
        turn,
        hours: Vec::new(),
    }
}

fn team(zone_name: &str, rotations: Vec<Rotation>) -> Team {
    Team { name: "ops".into(), time_zone: zone(zone_name), rotations, overrides: Vec::new() }
}

#[test]
fn turns_hand_over_at_their_local_hour_across_daylight_saving() {
    let days = |n| Turn::Days(n);
    let table = [
        // 5 January 2026 is a Monday: at nine o'clock in Berlin ada begins, a week later bo.
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-01-05T08:00:00Z", "ada"),
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-01-12T07:59:59Z", "ada"),
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-01-12T08:00:00Z", "bo"),
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-01-19T08:00:00Z", "cy"),
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-01-26T08:00:00Z", "ada"),
        // The Mondays around the change of 29 March: nine o'clock is an hour earlier.
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-03-23T07:59:59Z", "bo"),
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-03-23T08:00:00Z", "cy"),
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-03-30T06:59:59Z", "cy"),
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-03-30T07:00:00Z", "ada"),
        // And back, 25 October.
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-10-26T07:59:59Z", "cy"),
        ("Europe/Berlin", Turn::Weeks(1), 9, "2026-10-26T08:00:00Z", "ada"),
        // Daily at two, the hour that is skipped and the hour that comes twice.
        ("Europe/Berlin", days(1), 2, "2026-03-29T00:59:59Z", "bo"),
        ("Europe/Berlin", days(1), 2, "2026-03-29T01:00:00Z", "cy"),
        ("Europe/Berlin", days(1), 2, "2026-10-24T23:59:59Z", "bo"),
        ("Europe/Berlin", days(1), 2, "2026-10-25T00:00:00Z", "cy"),
        ("Europe/Berlin", days(1), 2, "2026-10-25T01:00:00Z", "cy"),
        ("Europe/Berlin", days(1), 2, "2026-10-26T00:59:59Z", "cy"),
        ("Europe/Berlin", days(1), 2, "2026-10-26T01:00:00Z", "ada"),
        ("America/New_York", days(2), 17, "2026-01-07T21:59:59Z", "ada"),
        ("America/New_York", days(2), 17, "2026-01-07T22:00:00Z", "bo"),
        ("America/New_York", days(1), 17, "2026-03-07T22:00:00Z", "bo"),
        ("America/New_York", days(1), 17, "2026-03-08T20:59:59Z", "bo"),
        ("America/New_York", days(1), 17, "2026-03-08T21:00:00Z", "cy"),
    ];
    for (zone, turn, hour, now, expected) in table {
        let team = team(zone, vec![rotation(&["ada", "bo", "cy"], turn, hour)]);
        assert_eq!(team.on_call(utc(now)), [expected], "{zone} {turn:?} at {hour}, {now}");
    }
}

#[test]
fn exceptions_win_hours_restrict_and_an_empty_rota_calls_everybody() {
    use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
    let office = [Monday, Tuesday, Wednesday, Thursday, Friday];
    let by_day =
        Rotation { hours: vec![hours(&office, 8, 18)], ..rotation(&["ada", "bo"], Turn::Weeks(1), 9) };
    let by_night = Rotation { hours: vec![hours(&[], 18, 8)], ..rotation(&["cy", "dee"], Turn::Weeks(1), 9) };
    let mut team = team("Europe/Berlin", vec![by_day, by_night]);
    let instead = Override {
        from: utc("2026-06-03T10:00:00Z"),
        until: utc("2026-06-03T12:00:00Z"),
        person: "eve".into(),
    };
    team.overrides = vec![instead];
    let table = [
        ("2026-06-03T06:00:00Z", &["bo"][..]),
        ("2026-06-03T05:59:59Z", &["dee"]),
        ("2026-06-03T16:00:00Z", &["dee"]),
        ("2026-06-03T23:00:00Z", &["dee"]),
        ("2026-06-03T10:00:00Z", &["eve"]),
        ("2026-06-03T11:59:59Z", &["eve"]),
        ("2026-06-03T12:00:00Z", &["bo"]),
        // A Saturday at noon: nobody's hours.
        ("2026-06-06T10:00:00Z", &["ada", "bo", "cy", "dee"]),
        // Before the first turn.
        ("2026-01-05T07:59:59Z", &["ada", "bo", "cy", "dee"]),
    ];
    for (now, expected) in table {
        assert_eq!(team.on_call(utc(now)), expected, "{now}");
    }
}

#[test]
fn several_rotations_are_all_on_call_each_person_once() {
    let first = rotation(&["ada", "bo"], Turn::Weeks(1), 9);
    let second = rotation(&["cy", "ada"], Turn::Days(1), 9);
    let team = team("UTC", vec![first, second]);
    assert_eq!(team.on_call(utc("2026-01-05T09:00:00Z")), ["ada", "cy"]);
    assert_eq!(team.on_call(utc("2026-01-06T09:00:00Z")), ["ada"]);
}

#[test]
fn a_rotation_without_people_or_with_turns_of_no_length_does_no_harm() {
    let team = team("UTC", vec![rotation(&[], Turn::Days(1), 9), rotation(&["ada"], Turn::Days(0), 9)]);
    assert_eq!(team.on_call(utc("2026-02-05T09:00:00Z")), ["ada"]);
}

fn any_turn() -> impl Strategy<Value = Turn> {
    prop_oneof![(1u32..10).prop_map(Turn::Days), (1u32..4).prop_map(Turn::Weeks)]
}

const NAMES: [&str; 5] = ["ada", "bo", "cy", "dee", "eve"];

proptest! {
    #[test]
    fn exactly_one_of_a_rotation_is_on_call_and_the_order_is_kept(
        zone_name in any_zone(), turn in any_turn(), hour in 0i8..24, people in 2usize..=5, now in any_moment(),
    ) {
        prop_assume!(now > utc("2026-01-07T00:00:00Z"));
        let team = team(zone_name, vec![rotation(&NAMES[..people], turn, hour)]);
        let length = match turn { Turn::Days(n) => n, Turn::Weeks(n) => 7 * n };
        let local = zone(zone_name);
        let now = Timestamp::from_second(now.as_second() / 900 * 900).unwrap();
        let (mut at, end) = (now, now + SignedDuration::from_hours(24 * i64::from(2 * length) + 3));
        let mut on_call = team.on_call(at);
        let mut last_change: Option<Timestamp> = None;
        while at < end {
            at += SignedDuration::from_mins(15);
            let next = team.on_call(at);
            prop_assert_eq!(next.len(), 1);
            if next != on_call {
                let place = |name: &str| NAMES.iter().position(|n| *n == name).unwrap();
                prop_assert_eq!(place(next[0]), (place(on_call[0]) + 1) % people, "the next in order");
                let civil = local.to_datetime(at);
                let skipped = local.to_ambiguous_timestamp(civil.date().at(hour, 0, 0, 0)).is_ambiguous();
                prop_assert!(civil.hour() == hour && civil.minute() == 0 || skipped, "{} in {}", civil, zone_name);
                if let Some(last) = last_change {
                    let days = civil.date().since(local.to_datetime(last).date()).unwrap().get_days();
                    prop_assert_eq!(days, i32::try_from(length).unwrap());
                }
                last_change = Some(at);
                on_call = next;
            }
        }
        prop_assert!(last_change.is_some());
    }
}
