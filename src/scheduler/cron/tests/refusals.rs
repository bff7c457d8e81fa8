//! What is refused, what is said to it, and how it is to be mended.

use crate::scheduler::cron::CronSchedule;

/// An expression, what is wrong with it, and a part of the hint.
type Refusal<'a> = (&'a str, &'a str, &'a str);

fn check(rows: &[Refusal<'_>]) {
    for (expression, what, hint) in rows {
        let error = CronSchedule::parse(expression, None).expect_err(expression);
        assert_eq!(error.to_string(), *what);
        assert!(error.hint().contains(hint), "`{expression}`: the hint is: {}", error.hint());
    }
}

#[test]
fn other_than_five_fields_is_refused() {
    check(&[
        ("", "the schedule is empty", "write five fields"),
        (" \t", "the schedule is empty", "`*/10 * * * *`"),
        (
            "0 */5 * * * ?",
            "found six fields instead of five in `0 */5 * * * ?`",
            "Kubernetes and launchwatch count five fields; drop the seconds: `*/5 * * * ?`",
        ),
        (
            "0 0 12 * * ? 2030",
            "found seven fields instead of five in `0 0 12 * * ? 2030`",
            "drop the seconds and the year: `0 12 * * ?`",
        ),
        ("* * * *", "found 4 fields instead of five in `* * * *`", "write five fields"),
        ("daily", "found one field instead of five in `daily`", "did you mean `@daily`?"),
        ("5m", "found one field instead of five in `5m`", "`@every 5m`"),
    ]);
}

#[test]
fn unknown_words_and_delays_are_refused() {
    check(&[
        ("@daly", "`@daly` is not a word that Kubernetes knows", "did you mean `@daily`?"),
        ("@Daily", "`@Daily` is not a word that Kubernetes knows", "did you mean `@daily`?"),
        ("@reboot", "`@reboot` is not a word that Kubernetes knows", "the words are @hourly, @daily"),
        ("@every5m", "`@every5m` is not a word that Kubernetes knows", "and `@every 5m`"),
        ("@every", "@every ``: not a duration", "`@every 5m`"),
        ("@every 5", "@every `5`: not a duration", "a number and h, m or s"),
        ("@every 5min", "@every `5min`: not a duration", "a number and h, m or s"),
        ("@every 1d", "@every `1d`: not a duration", "a day is `24h`"),
        ("@every -5m", "@every `-5m`: not a duration", "`@every 5m`"),
        ("@every 9000000h", "@every `9000000h`: not a duration", "`@every 5m`"),
        ("@every 0", "@every `0`: shorter than a second", "at least one second"),
        ("@every 500ms", "@every `500ms`: shorter than a second", "at least one second"),
    ]);
}

#[test]
fn a_time_zone_in_the_expression_is_refused() {
    for expression in
        ["TZ=UTC * * * * *", "CRON_TZ=America/New_York 0 0 * * *", "TZ=UTC @every 5m", "tz=UTC @daily"]
    {
        check(&[(
            expression,
            &format!("the schedule `{expression}` carries a time zone"),
            "take TZ= or CRON_TZ= out and name the zone under the time zone key",
        )]);
    }
}

#[test]
fn values_outside_a_field_are_refused() {
    check(&[
        ("60 0 * * *", "minute `60`: 60 is outside 0 to 59", "write `*` or numbers from 0 to 59"),
        ("5,75 0 * * *", "minute `5,75`: 75 is outside 0 to 59", "0 to 59"),
        ("0 24 * * *", "hour `24`: 24 is outside 0 to 23", "0 to 23"),
        ("0 0 0 * *", "day-of-month `0`: 0 is outside 1 to 31", "1 to 31"),
        ("0 0 32 * *", "day-of-month `32`: 32 is outside 1 to 31", "1 to 31"),
        ("0 0 * 13 *", "month `13`: 13 is outside 1 to 12", "or names JAN to DEC"),
        ("0 0 * * 8", "day-of-week `8`: 8 is outside 0 to 7", "or names SUN to SAT"),
        ("999999999999 * * * *", "minute `999999999999`: 999999999999 is outside 0 to 59", "0 to 59"),
        ("0 0 * * XYZ", "day-of-week `XYZ`: `XYZ` is not a value of this field", "names SUN to SAT"),
        (
            "0 0 * * monday",
            "day-of-week `monday`: `monday` is not a value of this field",
            "did you mean `MON`?",
        ),
        ("MON 0 * * *", "minute `MON`: `MON` is not a value of this field", "numbers from 0 to 59"),
        ("+5 * * * *", "minute `+5`: `+5` is not a value of this field", "numbers from 0 to 59"),
        ("0 0 L * *", "day-of-month `L`: `L` is not a value of this field", "knows no L, W or #"),
        ("0 0 * * 5#2", "day-of-week `5#2`: `5#2` is not a value of this field", "knows no L, W or #"),
        ("H * * * *", "minute `H`: `H` is not a value of this field", "only Jenkins knows H"),
        ("1,,2 * * * *", "minute `1,,2`: a value is missing", "after each comma"),
    ]);
}

#[test]
fn ranges_and_steps_that_lead_nowhere_are_refused() {
    check(&[
        ("-5 * * * *", "minute `-5`: a value is missing", "at each end of a range"),
        ("1-2-3 * * * *", "minute `1-2-3`: `2-3` is not a value of this field", "a range has one hyphen"),
        ("*-5 * * * *", "minute `*-5`: `*` cannot begin or end a range", "such as `0-59`"),
        ("0 22-5 * * *", "hour `22-5`: the range 22-5 runs backwards", "write it as two: `22-23,0-5`"),
        ("0 0 * * FRI-SUN", "day-of-week `FRI-SUN`: the range FRI-SUN runs backwards", "`5-6,0`"),
        (
            "0 0 * * 7/2",
            "day-of-week `7/2`: 7 is the last day of the week, nothing follows it",
            "write Sunday as 0",
        ),
        ("15/0 * * * *", "minute `15/0`: a step of 0 never moves on", "a step from 1 to 60"),
        ("*/x * * * *", "minute `*/x`: the step `x` is not a number", "a step from 1 to 60"),
        ("*/2/3 * * * *", "minute `*/2/3`: the step `2/3` is not a number", "a step from 1 to 60"),
        (
            "*/90 * * * *",
            "minute `*/90`: a step of 90 is longer than the field, which has 60 values",
            "Kubernetes would run at the first value only",
        ),
    ]);
}

#[test]
fn dates_that_never_come_are_refused() {
    check(&[
        ("0 0 30 2 *", "day-of-month 30 never comes in month 2", "a day up to 29, or another month"),
        ("0 0 31 APR,6 ?", "day-of-month 31 never comes in month 4,6", "a day up to 30"),
        ("0 0 30-31 feb */1", "day-of-month 30 never comes in month 2", "a day up to 29"),
    ]);
}

#[test]
fn an_unknown_time_zone_is_refused_with_a_guess() {
    let rows = [
        ("europe/berlin", "did you mean `Europe/Berlin`?"),
        ("Europe/Berln", "did you mean `Europe/Berlin`?"),
        ("Berlin", "did you mean `Europe/Berlin`?"),
        ("New York", "did you mean `America/New_York`?"),
        ("America/NewYork", "did you mean `America/New_York`?"),
        ("+02:00", "name a place, such as `Europe/Berlin`, not an offset"),
        ("UTC+2", "name a place, such as `Europe/Berlin`, not an offset"),
        ("Mars/Olympus", "write an IANA name such as `Europe/Berlin`"),
        ("Local", "leave the time zone away for UTC"),
        ("", "leave the time zone away for UTC"),
    ];
    for (name, hint) in rows {
        let error = CronSchedule::parse("@daily", Some(name)).expect_err(name);
        assert_eq!(error.to_string(), format!("time zone `{name}` is not known"));
        assert!(error.hint().contains(hint), "`{name}`: the hint is: {}", error.hint());
    }
}
