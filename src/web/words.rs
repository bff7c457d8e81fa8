//! Words for ages, moments, durations and shares, the same on all pages.
#![cfg_attr(
    not(test),
    allow(dead_code, reason = "one vocabulary for all pages; not every word is in use at every time")
)]

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

/// How long ago, roughly: `12 s`, `4 min`, `3 h 10 min`, `2 d`. What lies ahead counts as 0 s.
pub(super) fn age(of: SignedDuration) -> String {
    let s = of.as_secs().max(0);
    match s {
        0..=89 => format!("{s} s"),
        90..=5_399 => format!("{} min", s / 60),
        5_400..=172_799 => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
        _ => format!("{} d", s / 86_400),
    }
}

/// How long something lasted: `45 s`, `12 min`, `4 h 18 min`, `2 d 3 h`; parts that are 0 are left out.
pub(super) fn lasted(of: SignedDuration) -> String {
    let s = of.as_secs().max(0);
    let two = |big: i64, unit: &str, small: i64, part: &str| match small {
        0 => format!("{big} {unit}"),
        small => format!("{big} {unit} {small} {part}"),
    };
    match s {
        0..=119 => format!("{s} s"),
        120..=3_599 => format!("{} min", s / 60),
        3_600..=86_399 => two(s / 3_600, "h", s % 3_600 / 60, "min"),
        _ => two(s / 86_400, "d", s % 86_400 / 3_600, "h"),
    }
}

/// A moment that machines and people can read: day and clock in UTC.
pub(super) fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%a %-d %b %H:%M UTC")) } }
}

/// The same to the second, for those who compare with logs.
pub(super) fn moment_exact(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%a %-d %b %H:%M:%S UTC")) } }
}

/// A share (0 to 1) in per cent. Only all is 100 % and only none is 0 %: what is nearly so is not rounded to it.
pub(super) fn share(of: f64) -> String {
    let percent = of.clamp(0.0, 1.0) * 100.0;
    // A share such as 0.999 is a hair below or above itself in binary.
    let floor = |places: f64| (percent * places + 1e-9).floor() / places;
    match percent {
        _ if percent.is_nan() => "unknown".into(),
        p if p >= 100.0 => "100 %".into(),
        p if p <= 0.0 => "0 %".into(),
        p if p < 0.1 => "under 0.1 %".into(),
        p if p > 99.99 => "99.99 %".into(),
        p if p >= 99.0 => format!("{:.2} %", floor(100.0)),
        _ => format!("{:.1} %", floor(10.0)),
    }
}

/// Seconds as a person would say them: `4 ms`, `0.34 s`, `7.2 s`, `48 s`, `4 min 10 s`.
pub(super) fn seconds(of: f64) -> String {
    if !of.is_finite() || of < 0.0 {
        return "unknown".into();
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a duration of people's measure; larger ones saturate"
    )]
    let whole = of.round() as i64;
    match of {
        0.0 => "0 s".into(),
        s if s < 0.0995 => format!("{:.0} ms", (s * 1_000.0).max(1.0)),
        s if s < 0.995 => format!("{s:.2} s"),
        s if s < 9.95 => format!("{s:.1} s"),
        _ if whole < 120 => format!("{whole} s"),
        _ if whole < 3_600 && whole % 60 != 0 => format!("{} min {} s", whole / 60, whole % 60),
        _ => lasted(SignedDuration::from_secs(whole)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit_or_two() {
        for (secs, expected) in [
            (-5, "0 s"),
            (89, "89 s"),
            (90, "1 min"),
            (5_399, "89 min"),
            (5_400, "1 h 30 min"),
            (172_799, "47 h 59 min"),
            (172_800, "2 d"),
        ] {
            assert_eq!(age(SignedDuration::from_secs(secs)), expected);
        }
    }

    #[test]
    fn what_lasted_leaves_out_parts_that_are_nothing() {
        for (secs, expected) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (3_600, "1 h"),
            (15_480, "4 h 18 min"),
            (86_400, "1 d"),
            (97_200, "1 d 3 h"),
        ] {
            assert_eq!(lasted(SignedDuration::from_secs(secs)), expected);
        }
    }

    #[test]
    fn only_all_is_a_hundred_per_cent() {
        for (of, expected) in [
            (1.0, "100 %"),
            (0.999_999_9, "99.99 %"),
            (0.999_6, "99.96 %"),
            (0.999, "99.90 %"),
            (0.99, "99.00 %"),
            (0.989_99, "98.9 %"),
            (0.61, "61.0 %"),
            (0.05, "5.0 %"),
            (0.000_5, "under 0.1 %"),
            (0.0, "0 %"),
            (f64::NAN, "unknown"),
        ] {
            assert_eq!(share(of), expected, "{of}");
        }
    }

    #[test]
    fn seconds_are_said_as_people_would() {
        for (of, expected) in [
            (0.0, "0 s"),
            (0.000_2, "1 ms"),
            (0.004_4, "4 ms"),
            (0.34, "0.34 s"),
            (0.999, "1.0 s"),
            (7.24, "7.2 s"),
            (9.96, "10 s"),
            (48.4, "48 s"),
            (250.0, "4 min 10 s"),
            (600.0, "10 min"),
            (7_260.0, "2 h 1 min"),
            (f64::INFINITY, "unknown"),
        ] {
            assert_eq!(seconds(of), expected, "{of}");
        }
    }

    #[test]
    fn a_moment_says_itself_to_machines_too() {
        let at: Timestamp = "2018-07-07T18:27:05Z".parse().unwrap();
        assert_eq!(
            moment(at).into_string(),
            r#"<time datetime="2018-07-07T18:27:05Z">Sat 7 Jul 18:27 UTC</time>"#
        );
    }
}
