//! Known answers and properties of the policy.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::*;
use crate::{Selector, SeriesId};

mod on_call;
mod quiet;
mod routes;
mod windows;

fn utc(at: &str) -> Timestamp {
    at.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn hours(days: &[Weekday], from: i8, until: i8) -> Hours {
    let time = |hour| jiff::civil::time(hour, 0, 0, 0);
    Hours { days: days.to_vec(), from: time(from), until: time(until) }
}

fn series(target: &str, probe: &str) -> SeriesId {
    SeriesId { target: target.into(), probe: probe.into(), location: "here".into() }
}

/// Zones with both kinds of change, one that changes at midnight, one that changes by half an hour, one that does not.
const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Cairo", "UTC"];

fn any_zone() -> impl proptest::strategy::Strategy<Value = &'static str> {
    proptest::sample::select(&ZONES[..])
}

/// Any minute of two years, often near a change of the clock.
fn any_moment() -> impl proptest::strategy::Strategy<Value = Timestamp> {
    use proptest::prelude::*;
    let changes =
        ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"];
    let start = utc("2026-01-01T00:00:00Z").as_second();
    let near = (proptest::sample::select(changes.map(utc).to_vec()), -2_000i64..2_000)
        .prop_map(|(at, minutes)| at.as_second() + minutes * 60);
    let any = (0i64..2 * 525_600).prop_map(move |minutes| start + minutes * 60);
    prop_oneof![near, any].prop_map(|second| Timestamp::from_second(second).unwrap())
}
