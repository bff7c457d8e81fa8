//! Numbers as judges say them: to a person, in units of the measurement.

use std::time::Duration;

/// A stretch of time that was configured: `30 min`, `1 h`, `3 d`.
pub(super) fn span(of: Duration) -> String {
    seconds(of.as_secs_f64())
}

/// A duration: `350 ms`, `4.5 s`, `75 s`, `12 min`, `3 h 5 min`, `2 d`.
pub(super) fn seconds(of: f64) -> String {
    let size = of.abs();
    if size > 0.0 && size < 0.9995 {
        return format!("{} ms", short(of * 1_000.0));
    }
    let whole = size.round();
    if size < 120.0 && (size < 60.0 || whole % 60.0 != 0.0) {
        return format!("{} s", short(of));
    }
    let sign = if of < 0.0 { "-" } else { "" };
    let (many, unit, rest, small) = match whole {
        ..3_600.0 => (whole / 60.0, "min", 0.0, ""),
        ..86_400.0 => (whole / 3_600.0, "h", whole % 3_600.0 / 60.0, "min"),
        _ => (whole / 86_400.0, "d", whole % 86_400.0 / 3_600.0, "h"),
    };
    match rest.floor() {
        0.0 => format!("{sign}{} {unit}", many.floor()),
        rest => format!("{sign}{} {unit} {rest} {small}", many.floor()),
    }
}

/// A measurement in the unit that the end of its name tells: seconds, bytes, shares, else as it is.
pub(super) fn amount(name: &str, value: f64) -> String {
    if name.ends_with("_seconds") {
        return seconds(value);
    }
    if name.ends_with("_ratio") {
        return share(value);
    }
    if name.ends_with("_bytes") {
        let units = ["B", "kB", "MB", "GB", "TB", "PB"];
        let fits = |power: &usize| value.abs() < 999.5 * 1_000_f64.powi(i32::try_from(*power).unwrap_or(0));
        let power = (0..units.len()).find(fits).unwrap_or(units.len() - 1);
        let scaled = value / 1_000_f64.powi(i32::try_from(power).unwrap_or(0));
        return format!("{} {}", short(scaled), units.get(power).copied().unwrap_or_default());
    }
    short(value)
}

/// `93 %`, `99.9 %`.
pub(super) fn share(of: f64) -> String {
    let percent = of * 100.0;
    // Near all, the decimals are what it is about.
    let words = format!("{:.3}", percent);
    let words = words.trim_end_matches('0').trim_end_matches('.');
    if (99.0..100.0).contains(&percent) { format!("{words} %") } else { format!("{} %", short(percent)) }
}

/// Three figures, without idle zeros: `0.0123`, `4.5`, `45`, `1234`.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size >= 1e15 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.2e}");
    }
    let decimals = match size {
        0.0 => 0,
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        0.1.. => 3,
        _ => 5,
    };
    let words = format!("{value:.decimals$}");
    match words.contains('.') {
        true => words.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_in_few_figures_and_fitting_units() {
        for (name, value, expected) in [
            ("took_seconds", 0.35, "350 ms"),
            ("took_seconds", 0.9999, "1 s"),
            ("took_seconds", 4.56, "4.56 s"),
            ("took_seconds", 0.0, "0 s"),
            ("took_seconds", 75.0, "75 s"),
            ("took_seconds", 60.0, "1 min"),
            ("took_seconds", 125.0, "2 min"),
            ("took_seconds", 3_599.9, "1 h"),
            ("left_seconds", 11_100.0, "3 h 5 min"),
            ("left_seconds", 86_400.0 * 14.5, "14 d 12 h"),
            ("left_seconds", -7_200.0, "-2 h"),
            ("body_bytes", 999.0, "999 B"),
            ("free_bytes", 12_345_678_901.0, "12.3 GB"),
            ("free_bytes", 999_700.0, "1 MB"),
            ("used_ratio", 0.931, "93.1 %"),
            ("used_ratio", 0.9995, "99.95 %"),
            ("used_ratio", 1.0, "100 %"),
            ("queue", 1_234.0, "1234"),
            ("queue", 0.012_345, "0.01235"),
            ("queue", -2.5, "-2.5"),
            ("queue", f64::INFINITY, "inf"),
        ] {
            assert_eq!(amount(name, value), expected, "{name} {value}");
        }
        assert_eq!(span(Duration::from_secs(1_800)), "30 min");
    }
}
