//! The section `rules` as written: when somebody is told. The comments here are the manual.

use launchwatch_alerts::Severity;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::duration::Span;

/// When people are told.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RuleKeys {
    /// Unique name.
    pub(crate) name: String,
    /// Names of targets; all by default. `*` stands for any text.
    pub(crate) targets: Option<Vec<String>>,
    /// Names of probes; all by default. `*` stands for any text.
    pub(crate) probes: Option<Vec<String>>,
    /// Types of probes, such as `binder-launch`; all by default.
    pub(crate) types: Option<Vec<String>>,
    /// What it is called in messages, diagnoses and the API; several rules may raise one alert. The rule's own name by
    /// default.
    pub(crate) alert: Option<String>,
    /// Only failures for these reasons count, such as `resource_quota`; others are passed over. All by default.
    pub(crate) reasons: Option<Vec<String>>,
    /// Failures for these reasons are passed over.
    pub(crate) not_reasons: Option<Vec<String>>,
    /// How loud: `page` wakes somebody, `ticket` can wait for the morning.
    #[schemars(extend("default" = "page"))]
    pub(crate) severity: Option<Severity>,
    /// People are told only when evidence for it spans this long; at most a day.
    #[serde(rename = "for")]
    #[schemars(extend("default" = "0s"))]
    pub(crate) hold: Option<Span>,
    /// It is over only when evidence against it spans this long; at most a day.
    #[schemars(extend("default" = "0s"))]
    pub(crate) keep_firing_for: Option<Span>,
    /// From so many locations it must hold; with 1, each location is judged for itself.
    #[schemars(extend("default" = 1))]
    pub(crate) quorum: Option<u32>,
    /// Failed runs in a row before people are told, at least 1.
    #[schemars(extend("default" = 2))]
    pub(crate) failures: Option<u32>,
    /// Passed runs in a row before it counts as over, at least 1.
    #[schemars(extend("default" = 2))]
    pub(crate) successes: Option<u32>,
    /// Instead of `failures` and `successes`, exactly one other condition. Runs that end `unknown` never count.
    pub(crate) when: Option<WhenKeys>,
    /// What the same run must have measured besides, or the condition does not count.
    pub(crate) and: Option<GuardKeys>,
}

/// A measurement that must lie beyond a bound too.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct GuardKeys {
    /// Name of the measurement.
    pub(crate) measurement: String,
    /// It must lie above this.
    pub(crate) above: Option<f64>,
    /// It must lie below this.
    pub(crate) below: Option<f64>,
}

/// One condition.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct WhenKeys {
    /// So many of the last runs failed.
    pub(crate) failures_of: Option<FailuresOfKeys>,
    /// The share of runs that succeed is too low.
    pub(crate) success_ratio: Option<SuccessRatioKeys>,
    /// A stage, or the whole run, takes too long.
    pub(crate) latency: Option<LatencyKeys>,
    /// So many of the last runs were slow, or failed because time was up.
    pub(crate) slow: Option<SlowKeys>,
    /// Nothing is known of a probe: all that comes is `unknown`, or nothing comes.
    pub(crate) no_data: Option<NoDataKeys>,
    /// A measurement lies beyond a bound.
    pub(crate) threshold: Option<ThresholdKeys>,
    /// A measurement, going on as it went lately, will soon be beyond a bound.
    pub(crate) forecast: Option<ForecastKeys>,
    /// A fact or a measurement is another than it was at the run before.
    pub(crate) changed: Option<ChangedKeys>,
    /// A certificate ends soon: short for a `threshold` on `certificate_left_seconds`.
    pub(crate) certificate: Option<CertificateKeys>,
    /// The error budget of an objective over 30 days is spent too fast, in a long and in a short window at once.
    pub(crate) burn_rate: Option<BurnRateKeys>,
}

/// So many of the last runs failed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct FailuresOfKeys {
    /// Failures among the last runs before it holds.
    #[schemars(extend("default" = 3))]
    pub(crate) failures: Option<u32>,
    /// How many runs are looked at; at most 1,000.
    #[schemars(extend("default" = 10))]
    pub(crate) of: Option<u32>,
    /// With at most so many failures among them it is over; a third of `failures` by default.
    pub(crate) recover: Option<u32>,
}

/// The share of runs that succeed is too low.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SuccessRatioKeys {
    /// Holds when the share is below this, such as 0.9; 0 means: not one run succeeded.
    pub(crate) below: f64,
    /// Over this stretch of time.
    #[schemars(extend("default" = "1h"))]
    pub(crate) over: Option<Span>,
    /// Only with at least this many runs in it.
    #[schemars(extend("default" = 10))]
    pub(crate) at_least: Option<u32>,
    /// Over when the share is at least this; half-way from `below` to 1 by default.
    pub(crate) recover: Option<f64>,
}

/// A stage, or the whole run, takes too long.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct LatencyKeys {
    /// Holds when the quantile is above this.
    pub(crate) above: Span,
    /// Name of a stage; the whole run by default.
    pub(crate) stage: Option<String>,
    /// Which quantile: 0.5 is the median, 0.95 leaves out the slowest twentieth.
    #[schemars(extend("default" = 0.95))]
    pub(crate) quantile: Option<f64>,
    /// Over when it is not above this; four fifths of `above` by default.
    pub(crate) recover: Option<Span>,
    /// Over this stretch of time.
    #[schemars(extend("default" = "1h"))]
    pub(crate) over: Option<Span>,
    /// Only with at least this many runs in it.
    #[schemars(extend("default" = 10))]
    pub(crate) at_least: Option<u32>,
}

/// So many of the last runs were slow.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SlowKeys {
    /// Slow runs among the last ones before it holds.
    #[schemars(extend("default" = 3))]
    pub(crate) slow: Option<u32>,
    /// How many runs are looked at; at most 1,000.
    #[schemars(extend("default" = 5))]
    pub(crate) of: Option<u32>,
    /// A run that takes longer is slow, without the shutting down of its server; so is one that is `degraded` because it
    /// was slow, was retried or waited for a node, and one that failed because time was up.
    #[schemars(extend("default" = "60s"))]
    pub(crate) above: Option<Span>,
    /// So many quick runs in a row and it is over.
    #[schemars(extend("default" = 3))]
    pub(crate) quick: Option<u32>,
}

/// Nothing is known of a probe.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct NoDataKeys {
    /// For so many of its intervals.
    #[schemars(extend("default" = 3))]
    pub(crate) intervals: Option<u32>,
}

/// A measurement lies beyond a bound.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ThresholdKeys {
    /// Name of the measurement.
    pub(crate) measurement: String,
    /// Holds above this.
    pub(crate) above: Option<f64>,
    /// Holds below this.
    pub(crate) below: Option<f64>,
    /// Over when back on the good side of this; the bound itself by default.
    pub(crate) recover: Option<f64>,
}

/// A measurement will soon be beyond a bound.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ForecastKeys {
    /// Name of the measurement.
    pub(crate) measurement: String,
    /// It must not get above this.
    pub(crate) above: Option<f64>,
    /// It must not get below this.
    pub(crate) below: Option<f64>,
    /// Holds when it will be there within this time.
    #[schemars(extend("default" = "1d"))]
    pub(crate) within: Option<Span>,
    /// A line is drawn through the values of this stretch of time; it needs at least five of them.
    #[schemars(extend("default" = "6h"))]
    pub(crate) over: Option<Span>,
}

/// A fact or a measurement has changed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ChangedKeys {
    /// Name of the fact or measurement, such as `binderhub` or `certificate_ends`.
    pub(crate) of: String,
    /// For how long that is worth telling.
    #[schemars(extend("default" = "1h"))]
    pub(crate) tell_for: Option<Span>,
}

/// A certificate ends soon.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct CertificateKeys {
    /// Within so many days.
    #[schemars(extend("default" = 14))]
    pub(crate) days: Option<u32>,
}

/// The error budget is spent too fast.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct BurnRateKeys {
    /// Share of runs that must succeed, such as 0.99.
    pub(crate) objective: f64,
    /// Pairs of windows; one that holds suffices. By default 14.4 over 1h and 5m, and 6 over 6h and 30m: what wakes
    /// somebody when 2 % of the budget goes within an hour, or 5 % within six.
    pub(crate) windows: Option<Vec<WindowKeys>>,
    /// Only with at least this many failures in the long window.
    #[schemars(extend("default" = 3))]
    pub(crate) at_least: Option<u32>,
}

/// A pair of windows.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct WindowKeys {
    /// The long window: is it worth telling?
    pub(crate) long: Span,
    /// The short window: does it still go on?
    pub(crate) short: Span,
    /// How many times faster than sustainable the budget may be spent.
    pub(crate) rate: f64,
}
