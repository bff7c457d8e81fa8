//! Rules as they hold, in words and as data; and the causes that can be named.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use launchwatch_alerts::diagnosis::{CAUSES, Cause};
use launchwatch_alerts::{Guard, Rule, Selector, Severity, Side, When};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::letter::Asked;
use super::lists::{Causes, Paged, Rules};
use crate::web::Sources;
use crate::web::problem::Problem;

/// A rule.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct RuleView {
    /// Its name.
    name: String,
    /// What it is called in the field's vocabulary.
    alert: String,
    /// How loud.
    severity: Severity,
    /// The condition in words.
    says: String,
    /// The condition's name.
    condition: String,
    /// The condition's figures; durations in seconds.
    figures: Map<String, Value>,
    /// Which series.
    of: Selector,
    /// Only failures for these reasons count; all where it is empty.
    reasons: Vec<String>,
    /// Failures for these reasons say nothing.
    not_reasons: Vec<String>,
    /// Holds only while this does too, in words.
    only_while: Option<String>,
    /// It must hold so long before people are told.
    for_seconds: f64,
    /// It must be over so long before people are told.
    keep_firing_for_seconds: f64,
    /// From so many locations it must hold.
    quorum: u32,
}

/// A cause that can be named.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct CauseView {
    /// Its name in the vocabulary.
    label: String,
    /// What is wrong, in words.
    title: String,
    /// What follows from it and is then no cause of its own.
    explains: Vec<String>,
    /// What must not be done first.
    not_first: Vec<NotFirst>,
    /// Where its runbook is.
    runbook: String,
}

/// What must not be done first.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct NotFirst {
    /// The action.
    action: String,
    /// Why not.
    why: String,
}

/// Rules in their order.
pub(in crate::web) async fn list(
    State(sources): State<Sources>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Rules>, Problem> {
    paged.of(sources.setup.rules.iter().map(view), |r| r.name.clone()).map(|page| Json(page.into()))
}

/// Causes that can be named.
pub(in crate::web) async fn causes(
    State(sources): State<Sources>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Causes>, Problem> {
    let view = |cause: &Cause| CauseView {
        label: cause.label.to_owned(),
        title: cause.title.to_owned(),
        explains: cause.explains.iter().map(|&label| label.to_owned()).collect(),
        not_first: cause
            .not_first
            .iter()
            .map(|(action, why)| NotFirst { action: action.as_str().to_owned(), why: (*why).to_owned() })
            .collect(),
        runbook: sources.to(&format!("/runbooks/{}", cause.label)),
    };
    paged.of(CAUSES.iter().map(view), |c| c.label.clone()).map(|page| Json(page.into()))
}

fn view(rule: &Rule) -> RuleView {
    let (says, figures) = told(&rule.when);
    RuleView {
        name: rule.name.clone(),
        alert: rule.alert.clone(),
        severity: rule.severity,
        says,
        condition: rule.when.as_str().to_owned(),
        figures: match figures {
            Value::Object(figures) => figures,
            _ => Map::new(),
        },
        of: rule.of.clone(),
        reasons: rule.reasons.clone(),
        not_reasons: rule.not_reasons.clone(),
        only_while: rule.guard.as_ref().map(only_while),
        for_seconds: rule.hold.as_secs_f64(),
        keep_firing_for_seconds: rule.keep.as_secs_f64(),
        quorum: rule.quorum,
    }
}

fn only_while(guard: &Guard) -> String {
    format!("`{}` is {} {}", guard.measurement, side(guard.side), guard.bound)
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Above => "above",
        Side::Below => "below",
    }
}

fn span(of: Duration) -> String {
    humantime::format_duration(of).to_string()
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 10_000.0).round() / 100.0)
}

/// A condition in words, and its figures.
fn told(when: &When) -> (String, Value) {
    match when {
        When::Failures { failures, successes } => (
            format!("{failures} failures in a row; over after {successes} successes in a row"),
            json!({ "failures": failures, "successes": successes }),
        ),
        When::FailuresOf { failures, of, recover } => (
            format!("{failures} of the last {of} runs failed; over when at most {recover} did"),
            json!({ "failures": failures, "of": of, "recover": recover }),
        ),
        When::SuccessRatio { below, over, at_least, recover } => (
            format!(
                "less than {} of the runs of the last {} succeeded, of at least {at_least}; over at {}",
                percent(*below),
                span(*over),
                percent(*recover)
            ),
            json!({ "below": below, "over_seconds": over.as_secs_f64(), "at_least": at_least, "recover": recover }),
        ),
        When::Slow { slow, of, above, quick } => (
            format!(
                "{slow} of the last {of} runs were slow or took longer than {}; over after {quick} quick ones in a row",
                span(*above)
            ),
            json!({ "slow": slow, "of": of, "above_seconds": above.as_secs_f64(), "quick": quick }),
        ),
        When::NoData { intervals } => (
            format!("no run has said anything for {intervals} intervals of the probe"),
            json!({ "intervals": intervals }),
        ),
        When::Changed { of, tell_for } => (
            format!("`{of}` is another than it was; told for {}", span(*tell_for)),
            json!({ "of": of, "tell_for_seconds": tell_for.as_secs_f64() }),
        ),
        When::Latency { .. } | When::Threshold { .. } | When::Forecast { .. } | When::BurnRate { .. } => {
            told_of_figures(when)
        }
    }
}

fn told_of_figures(when: &When) -> (String, Value) {
    match when {
        When::Latency { stage, quantile, above, recover, over, at_least } => (
            format!(
                "{} of {} over {} takes longer than {}, of at least {at_least} runs; over at {}",
                percent(*quantile),
                stage.as_ref().map_or_else(|| "runs".to_owned(), |stage| format!("stage `{stage}`")),
                span(*over),
                span(*above),
                span(*recover)
            ),
            json!({ "stage": stage, "quantile": quantile, "above_seconds": above.as_secs_f64(),
                "recover_seconds": recover.as_secs_f64(), "over_seconds": over.as_secs_f64(), "at_least": at_least }),
        ),
        When::Threshold { measurement, side: bad, bound, recover } => (
            format!("`{measurement}` is {} {bound}; over at {recover}", side(*bad)),
            json!({ "measurement": measurement, "side": side(*bad), "bound": bound, "recover": recover }),
        ),
        When::Forecast { measurement, side: bad, bound, within, over } => (
            format!("`{measurement}` will be {} {bound} within {}", side(*bad), span(*within)),
            json!({ "measurement": measurement, "side": side(*bad), "bound": bound,
                "within_seconds": within.as_secs_f64(), "over_seconds": over.as_secs_f64() }),
        ),
        When::BurnRate { objective, windows, at_least } => {
            let pair = |w: &launchwatch_alerts::BurnWindow| json!({ "long_seconds": w.long.as_secs_f64(), "short_seconds": w.short.as_secs_f64(), "rate": w.rate });
            let words: Vec<String> = windows
                .iter()
                .map(|w| format!("{} times too fast over {} and {}", w.rate, span(w.long), span(w.short)))
                .collect();
            let windows: Vec<Value> = windows.iter().map(pair).collect();
            (
                format!("the error budget of {} is spent {}", percent(*objective), words.join(", or ")),
                json!({ "objective": objective, "windows": windows, "at_least": at_least }),
            )
        }
        _ => (when.as_str().to_owned(), json!({})),
    }
}

#[cfg(test)]
mod tests {
    use launchwatch_alerts::BurnWindow;

    use super::*;

    #[test]
    fn every_condition_has_words_and_figures() {
        let minute = Duration::from_secs(60);
        for (when, words) in [
            (
                When::Failures { failures: 2, successes: 1 },
                "2 failures in a row; over after 1 successes in a row",
            ),
            (
                When::SuccessRatio { below: 0.5, over: minute, at_least: 3, recover: 0.995 },
                "less than 50 % of the runs of the last 1m succeeded, of at least 3; over at 99.5 %",
            ),
            (
                When::Latency {
                    stage: Some("build".into()),
                    quantile: 0.95,
                    above: minute,
                    recover: minute,
                    over: minute,
                    at_least: 3,
                },
                "95 % of stage `build` over 1m takes longer than 1m, of at least 3 runs; over at 1m",
            ),
            (
                When::BurnRate { objective: 0.99, windows: BurnWindow::PAGING.to_vec(), at_least: 2 },
                "the error budget of 99 % is spent 14.4 times too fast over 1h and 5m, or 6 times too fast over 6h and 30m",
            ),
            (
                When::Threshold { measurement: "left".into(), side: Side::Below, bound: 3.0, recover: 4.0 },
                "`left` is below 3; over at 4",
            ),
        ] {
            let (says, figures) = told(&when);
            assert_eq!(says, words);
            assert!(figures.as_object().is_some_and(|f| f.len() > 1), "{figures}");
        }
    }
}
