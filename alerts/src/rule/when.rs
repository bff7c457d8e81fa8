//! The conditions a rule can have.

use std::time::Duration;

/// The condition of a rule over one series. Unknown results never count, neither way, unless a line says so.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// Success dropped to zero: this many runs in a row failed.
    Failures {
        /// Failures in a row before it holds; at least 1.
        failures: u32,
        /// Successes in a row before it is over; at least 1.
        successes: u32,
    },
    /// So many of the last runs failed.
    FailuresOf {
        /// Failures among the last `of` runs before it holds; at least 1.
        failures: u32,
        /// How many runs are looked at; at least `failures`, at most 1,000.
        of: u32,
        /// At most this many failures among them and it is over; less than `failures`.
        recover: u32,
    },
    /// The share of runs that succeed is too low.
    SuccessRatio {
        /// Holds when the share is below this; 0 means: not one run succeeded.
        below: f64,
        /// Over this stretch of time.
        over: Duration,
        /// Only with at least this many runs in it.
        at_least: u32,
        /// Over when the share is at least this; not less than `below`.
        recover: f64,
    },
    /// A stage, or the whole run, takes too long.
    Latency {
        /// The stage; the whole run where `None`.
        stage: Option<String>,
        /// Which quantile: 0.5 is the median, 0.95 leaves out the slowest twentieth.
        quantile: f64,
        /// Holds when the quantile is above this.
        above: Duration,
        /// Over when it is not above this; not more than `above`.
        recover: Duration,
        /// Over this stretch of time.
        over: Duration,
        /// Only with at least this many runs in it.
        at_least: u32,
    },
    /// So many of the last runs were slow: they worked and said so or took long, or they failed because time was up.
    Slow {
        /// Slow runs among the last `of` before it holds; at least 1.
        slow: u32,
        /// How many runs are looked at; at least `slow`, at most 1,000.
        of: u32,
        /// A run that takes longer is slow, whatever it says; the shutting down of a server is left out.
        above: Duration,
        /// So many quick runs in a row and it is over; at least 1.
        quick: u32,
    },
    /// No run has said anything (unknown says nothing) for so many intervals of the probe.
    NoData {
        /// Intervals of the probe; at least 1.
        intervals: u32,
    },
    /// A measurement lies beyond a bound.
    Threshold {
        /// Name of the measurement.
        measurement: String,
        /// Which side is bad.
        side: Side,
        /// Holds beyond this.
        bound: f64,
        /// Over when back on the good side of this.
        recover: f64,
    },
    /// A measurement, going on as it went lately, will be beyond a bound soon.
    Forecast {
        /// Name of the measurement.
        measurement: String,
        /// Which side is bad.
        side: Side,
        /// The bound it must not reach.
        bound: f64,
        /// Holds when it will be reached within this time.
        within: Duration,
        /// A line is drawn through the values of this stretch of time; it needs at least five of them.
        over: Duration,
    },
    /// A fact or a measurement is another than it was at the run before: a version, an image, a certificate.
    Changed {
        /// Name of the fact or measurement.
        of: String,
        /// For how long it is worth telling.
        tell_for: Duration,
    },
    /// The error budget of an objective is spent too fast: in a long and in a short window at once.
    BurnRate {
        /// Share of runs that must succeed, such as 0.99.
        objective: f64,
        /// Pairs of windows; one that holds suffices.
        windows: Vec<BurnWindow>,
        /// Only with at least this many failures in the long window: a guard for probes that run rarely.
        at_least: u32,
    },
}

/// Which side of a bound is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Too much is bad.
    Above,
    /// Too little is bad.
    Below,
}

/// A pair of windows of a burn-rate condition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnWindow {
    /// The long window: is it worth telling?
    pub long: Duration,
    /// The short window: does it still go on?
    pub short: Duration,
    /// How many times faster than sustainable the budget may be spent: at 1 it lasts exactly for its period.
    pub rate: f64,
}

impl BurnWindow {
    /// The two pairs that wake somebody for an objective over 30 days: 2 % of the budget within an hour, or 5 % within
    /// six hours (the figures of the SRE workbook, chapter 5).
    pub const PAGING: [Self; 2] = [
        Self { long: Duration::from_secs(3_600), short: Duration::from_secs(300), rate: 14.4 },
        Self { long: Duration::from_secs(21_600), short: Duration::from_secs(1_800), rate: 6.0 },
    ];
}

impl When {
    /// The name of the condition, as it is written in the configuration.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Failures { .. } => "failures",
            Self::FailuresOf { .. } => "failures_of",
            Self::SuccessRatio { .. } => "success_ratio",
            Self::Latency { .. } => "latency",
            Self::Slow { .. } => "slow",
            Self::NoData { .. } => "no_data",
            Self::Threshold { .. } => "threshold",
            Self::Forecast { .. } => "forecast",
            Self::Changed { .. } => "changed",
            Self::BurnRate { .. } => "burn_rate",
        }
    }

    /// Whether it needs what a run measured besides its verdict: stages, measurements, facts.
    pub const fn wants_details(&self) -> bool {
        matches!(
            self,
            Self::Latency { .. }
                | Self::Slow { .. }
                | Self::Threshold { .. }
                | Self::Forecast { .. }
                | Self::Changed { .. }
        )
    }

    /// Whether it is about runs that fail: what several such rules say of one series is one piece of news.
    pub const fn is_about_success(&self) -> bool {
        matches!(
            self,
            Self::Failures { .. }
                | Self::FailuresOf { .. }
                | Self::SuccessRatio { .. }
                | Self::BurnRate { .. }
        )
    }

    /// Whether it is about speed: such rules say nothing while the prober itself is short of time.
    pub const fn is_about_speed(&self) -> bool {
        matches!(self, Self::Latency { .. } | Self::Slow { .. })
    }
}
