//! Conditions in words, for whoever asks why a rule does or does not fire.

use super::words::{amount, share, short, span};
use crate::{Side, When};

/// When the condition holds, and when it is over.
pub(crate) fn condition(when: &When) -> String {
    match when {
        When::Failures { failures, successes } => {
            format!("{}; over when {}", in_a_row(*failures, "fail"), in_a_row(*successes, "succeed"))
        }
        When::FailuresOf { failures, of, recover } => {
            format!("{failures} of the last {of} runs fail; over at {recover} or fewer")
        }
        When::SuccessRatio { below, over, at_least, recover } => format!(
            "{}; over at {}; needs {at_least} runs in {}",
            if *below <= 0.0 {
                "no run succeeds".to_owned()
            } else {
                format!("fewer than {} of runs succeed", share(*below))
            },
            share(*recover),
            span(*over)
        ),
        When::Latency { stage, quantile, above, recover, over, at_least } => format!(
            "p{} of {} is above {} over {}; over at {}; needs {at_least} runs",
            short(quantile * 100.0),
            stage.as_deref().unwrap_or("the whole run"),
            span(*above),
            span(*over),
            span(*recover)
        ),
        When::Slow { slow, of, above, quick } => format!(
            "{slow} of the last {of} runs take longer than {}; over when {}",
            span(*above),
            in_a_row(*quick, "do not")
        ),
        When::NoData { intervals } => format!("no run says anything for {intervals} intervals of the probe"),
        When::Threshold { measurement, side, bound, recover } => {
            let (bad, good) = sides(*side);
            let (bound, recover) = (amount(measurement, *bound), amount(measurement, *recover));
            format!("{measurement} is {bad} {bound}; over when {good} {recover}")
        }
        When::Forecast { measurement, side, bound, within, over } => format!(
            "{measurement} will be {} {} within {} if it goes on as in the last {}",
            sides(*side).0,
            amount(measurement, *bound),
            span(*within),
            span(*over)
        ),
        When::Changed { of, tell_for } => {
            format!("{of} is another than before; told for {}", span(*tell_for))
        }
        When::BurnRate { objective, windows, at_least } => {
            let pair = |w: &crate::BurnWindow| {
                format!("{} times in {} and {}", short(w.rate), span(w.long), span(w.short))
            };
            let pairs: Vec<_> = windows.iter().map(pair).collect();
            format!(
                "failures exceed what the objective of {} allows {}; needs {at_least} failures",
                share(*objective),
                pairs.join(", or ")
            )
        }
    }
}

fn in_a_row(runs: u32, verb: &str) -> String {
    match (runs, verb) {
        (0 | 1, "do not") => "1 run does not".to_owned(),
        (0 | 1, verb) => format!("1 run {verb}s"),
        (runs, verb) => format!("{runs} runs in a row {verb}"),
    }
}

const fn sides(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Above => ("above", "at most"),
        Side::Below => ("below", "at least"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn conditions_read_well() {
        let min = |m: u64| Duration::from_secs(60 * m);
        let all = [
            When::Failures { failures: 2, successes: 1 },
            When::FailuresOf { failures: 3, of: 10, recover: 1 },
            When::SuccessRatio { below: 0.0, over: min(30), at_least: 3, recover: 0.5 },
            When::SuccessRatio { below: 0.9, over: min(30), at_least: 3, recover: 0.95 },
            When::Latency {
                stage: None,
                quantile: 0.95,
                above: min(1),
                recover: min(1),
                over: min(60),
                at_least: 5,
            },
            When::Slow { slow: 3, of: 5, above: min(2), quick: 2 },
            When::NoData { intervals: 3 },
            When::Threshold { measurement: "free_bytes".into(), side: Side::Below, bound: 5e9, recover: 6e9 },
            When::Forecast {
                measurement: "used_ratio".into(),
                side: Side::Above,
                bound: 0.9,
                within: min(240),
                over: min(60),
            },
            When::Changed { of: "image".into(), tell_for: min(60) },
            When::BurnRate { objective: 0.99, windows: crate::BurnWindow::PAGING.to_vec(), at_least: 5 },
        ];
        let words: Vec<_> = all.iter().map(condition).collect();
        insta::assert_snapshot!(words.join("\n"));
    }
}
