//! Words: seconds and severities as people say them.

/// `+2:03:04`, `-0:05:00`: hours, minutes and seconds from `t0`.
pub(super) fn clock(seconds: f64) -> String {
    let whole = whole(seconds);
    let (sign, s) = (if whole < 0 { '-' } else { '+' }, whole.abs());
    format!("{sign}{}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
}

/// `40 s`, `2 min 10 s`, `4 h 18 min`.
pub(super) fn span(seconds: f64) -> String {
    let s = whole(seconds).abs();
    let two = |many: i64, unit: &str, rest: i64, small: &str| match rest {
        0 => format!("{many} {unit}"),
        rest => format!("{many} {unit} {rest} {small}"),
    };
    match s {
        ..60 => format!("{s} s"),
        60..3_600 => two(s / 60, "min", s % 60, "s"),
        3_600..86_400 => two(s / 3_600, "h", s % 3_600 / 60, "min"),
        _ => two(s / 86_400, "d", s % 86_400 / 3_600, "h"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a rehearsal: at most a month")]
fn whole(seconds: f64) -> i64 {
    seconds.round() as i64
}

/// `after 3 min`, `3 min before t0`.
pub(super) fn relative(seconds: f64) -> String {
    if seconds < 0.0 { format!("{} before t0", span(seconds)) } else { format!("after {}", span(seconds)) }
}

/// How loud, as people hear it.
pub(super) fn loud(severity: &str) -> &'static str {
    if severity == "critical" { "page" } else { "ticket" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_spans_read_as_people_say_them() {
        assert_eq!(clock(7384.0), "+2:03:04");
        assert_eq!(clock(-300.2), "-0:05:00");
        let table = [(40.0, "40 s"), (130.0, "2 min 10 s"), (15_480.0, "4 h 18 min"), (-60.0, "1 min")];
        for (seconds, words) in table {
            assert_eq!(span(seconds), words);
        }
        assert_eq!(relative(-90.0), "1 min 30 s before t0");
    }
}
