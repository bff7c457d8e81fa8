//! Random schedules in awkward time zones, held against a matcher that goes minute by minute.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{CronSchedule, instant};

/// Zones, each with a change of its clock: by an hour, half an hour, two hours, a day, at midnight, or none.
const PLACES: [(&str, &str); 8] = [
    ("UTC", "2024-02-29T00:00:00Z"),
    ("Europe/Berlin", "2024-03-31T01:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2024-10-05T15:30:00Z"),
    ("Australia/Lord_Howe", "2024-04-06T15:00:00Z"),
    ("Antarctica/Troll", "2024-10-27T01:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
];

/// How far the matcher looks for an occurrence that was overlooked.
const WINDOW: SignedDuration = SignedDuration::from_hours(36);

#[derive(Clone, Debug)]
enum Part {
    Star { step: i8 },
    From { first: i8, step: i8 },
    Range { first: i8, last: i8, step: i8 },
    One(i8),
}

impl Part {
    fn text(&self) -> String {
        match self {
            Part::Star { step: 1 } => "*".to_owned(),
            Part::Star { step } => format!("*/{step}"),
            Part::From { first, step } => format!("{first}/{step}"),
            Part::Range { first, last, step: 1 } => format!("{first}-{last}"),
            Part::Range { first, last, step } => format!("{first}-{last}/{step}"),
            Part::One(value) => value.to_string(),
        }
    }

    fn holds(&self, value: i8, low: i8) -> bool {
        match *self {
            Part::Star { step } => (value - low) % step == 0,
            Part::From { first, step } => value >= first && (value - first) % step == 0,
            Part::Range { first, last, step } => {
                (first..=last).contains(&value) && (value - first) % step == 0
            }
            Part::One(one) => value == one,
        }
    }
}

type Parts = Vec<Part>;

fn field(low: i8, high: i8, top: i8) -> impl Strategy<Value = Parts> {
    let step = 1..=(high - low + 1);
    let part = prop_oneof![
        (low..=top).prop_map(Part::One),
        step.clone().prop_map(|step| Part::Star { step }),
        (low..=high, step.clone()).prop_map(|(first, step)| Part::From { first, step }),
        (low..=top, low..=top, step).prop_map(|(a, b, step)| Part::Range {
            first: a.min(b),
            last: a.max(b),
            step
        }),
    ];
    prop_oneof![Just(vec![Part::Star { step: 1 }]), proptest::collection::vec(part, 1..3)]
}

fn holds(parts: &Parts, value: i8, low: i8) -> bool {
    parts.iter().any(|part| part.holds(value, low))
}

fn open(parts: &Parts) -> bool {
    parts.iter().any(|part| matches!(part, Part::Star { step: 1 }))
}

fn day_matches([_, _, days, months, weekdays]: &[Parts; 5], date: Date) -> bool {
    let weekday = date.weekday().to_sunday_zero_offset();
    // A star ends on Saturday; only what is written as 7 is Sunday again.
    let seventh = |part: &Part| !matches!(part, Part::Star { .. } | Part::From { .. }) && part.holds(7, 0);
    let by_week = holds(weekdays, weekday, 0) || (weekday == 0 && weekdays.iter().any(seventh));
    let by_month = holds(days, date.day(), 1);
    let day = if open(days) || open(weekdays) { by_week && by_month } else { by_week || by_month };
    day && holds(months, date.month(), 1)
}

fn matches(fields: &[Parts; 5], at: &Zoned) -> bool {
    holds(&fields[0], at.minute(), 0) && holds(&fields[1], at.hour(), 0) && day_matches(fields, at.date())
}

fn minute_after(at: Timestamp) -> Timestamp {
    Timestamp::from_second((at.as_second().div_euclid(60) + 1) * 60).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(20_240_331),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn occurrences_are_exactly_the_minutes_that_match(
        fields in [field(0, 59, 59), field(0, 23, 23), field(1, 31, 31), field(1, 12, 12), field(0, 6, 7)]
            .prop_map(|fields: [Parts; 5]| fields),
        (zone, change) in proptest::sample::select(&PLACES[..]),
        seconds in -100_000_i64..100_000,
    ) {
        let texts: Vec<String> = fields.iter().map(|parts| {
            parts.iter().map(Part::text).collect::<Vec<_>>().join(",")
        }).collect();
        let expression = texts.join(" ");
        let schedule = match CronSchedule::parse(&expression, Some(zone)) {
            Ok(schedule) => schedule,
            Err(error) => {
                prop_assert!(error.to_string().contains("never comes"), "`{expression}`: {error}");
                return Ok(());
            }
        };
        let mut at = instant(change) + SignedDuration::from_secs(seconds);
        for _ in 0..4 {
            let next = schedule.next_after(at).unwrap();
            prop_assert!(next > at, "`{expression}` in {zone}: {next} is not after {at}");
            let clock = next.in_tz(zone).unwrap();
            prop_assert!(clock.second() == 0 && matches(&fields, &clock), "`{expression}` does not match {clock}");
            let end = next.min(at + WINDOW);
            let mut minute = minute_after(at);
            while minute < end {
                let clock = minute.in_tz(zone).unwrap();
                prop_assert!(!matches(&fields, &clock), "`{expression}` overlooked {clock}");
                minute += SignedDuration::from_mins(1);
            }
            at = next;
        }
    }
}
