//! Quiet hours: when they end.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::policy::hours::quiet_until;

#[test]
fn quiet_hours_end_at_their_local_time_joined_with_what_adjoins_them() {
    use Weekday::{Friday, Saturday, Sunday};
    let night = hours(&[], 22, 7);
    let weekend = [hours(&[Saturday, Sunday], 0, 0), night.clone()];
    let friday = [hours(&[Friday], 18, 0), hours(&[Saturday, Sunday], 0, 0), hours(&[], 0, 6)];
    let lunch = [hours(&[], 12, 13)];
    let table: [(&str, &[Hours], &str, Option<&str>); 14] = [
        ("Europe/Berlin", std::slice::from_ref(&night), "2026-06-10T19:59:59Z", None),
        ("Europe/Berlin", std::slice::from_ref(&night), "2026-06-10T20:00:00Z", Some("2026-06-11T05:00:00Z")),
        ("Europe/Berlin", std::slice::from_ref(&night), "2026-06-11T04:59:59Z", Some("2026-06-11T05:00:00Z")),
        ("Europe/Berlin", std::slice::from_ref(&night), "2026-06-11T05:00:00Z", None),
        // The short night, the long night.
        ("Europe/Berlin", std::slice::from_ref(&night), "2026-03-28T21:30:00Z", Some("2026-03-29T05:00:00Z")),
        ("Europe/Berlin", std::slice::from_ref(&night), "2026-10-24T20:30:00Z", Some("2026-10-25T06:00:00Z")),
        (
            "America/New_York",
            std::slice::from_ref(&night),
            "2026-03-08T04:00:00Z",
            Some("2026-03-08T11:00:00Z"),
        ),
        (
            "America/New_York",
            std::slice::from_ref(&night),
            "2026-11-01T03:00:00Z",
            Some("2026-11-01T12:00:00Z"),
        ),
        // Friday night runs into the weekend, and that into Monday morning.
        ("UTC", &weekend, "2026-06-12T23:00:00Z", Some("2026-06-15T07:00:00Z")),
        ("UTC", &friday, "2026-06-12T18:00:00Z", Some("2026-06-15T06:00:00Z")),
        ("UTC", &friday, "2026-06-11T18:00:00Z", None),
        ("UTC", &lunch, "2026-06-11T12:30:00Z", Some("2026-06-11T13:00:00Z")),
        // For ever is not quiet, it is deaf.
        ("UTC", &[hours(&[], 0, 0)], "2026-06-11T12:30:00Z", None),
        ("UTC", &[], "2026-06-11T12:30:00Z", None),
    ];
    for (zone_name, quiet, now, expected) in table {
        assert_eq!(quiet_until(quiet, &zone(zone_name), utc(now)), expected.map(utc), "{zone_name} {now}");
    }
}

proptest! {
    #[test]
    fn it_is_quiet_until_the_end_and_not_at_the_end(
        zone_name in any_zone(), now in any_moment(), from in 0i8..24, until in 0i8..24, other in 0i8..24,
    ) {
        let quiet = [hours(&[], from, until), hours(&[Weekday::Sunday, Weekday::Tuesday], until, other)];
        let local = zone(zone_name);
        let is_quiet = |at| quiet.iter().any(|h| h.cover(&local, at));
        match quiet_until(&quiet, &local, now) {
            Some(end) => {
                prop_assert!(end > now && !is_quiet(end));
                let mut at = now;
                while at < end {
                    prop_assert!(is_quiet(at), "{} of {}..{}", at, now, end);
                    at += SignedDuration::from_mins(15);
                }
            }
            None => prop_assert!(!is_quiet(now) || from == until || is_quiet(now + SignedDuration::from_hours(24 * 8))),
        }
    }
}
