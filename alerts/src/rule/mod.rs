//! When a series is in trouble, and how loud that is.

mod selector;
mod when;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use selector::Selector;
pub use when::{BurnWindow, Side, When};

/// How loud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Can wait for the morning.
    Ticket,
    /// Wakes somebody.
    #[default]
    Page,
}

impl Severity {
    /// The name used in config, metrics and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

/// What a run must have measured besides, so that a condition counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// Name of the measurement.
    pub measurement: String,
    /// On which side of the bound it must lie.
    pub side: Side,
    /// The bound.
    pub bound: f64,
}

impl Guard {
    /// Whether a run meets it; `None` if the run did not measure it.
    pub fn met(&self, sample: &crate::Sample) -> Option<bool> {
        let value = *sample.details.as_ref()?.measurements.get(&self.measurement)?;
        Some(match self.side {
            Side::Above => value > self.bound,
            Side::Below => value < self.bound,
        })
    }
}

/// A judgement over series.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Name, unique among rules.
    pub name: String,
    /// What it is called in the field's vocabulary, such as `launch-success-zero`: several rules may raise one alert. The rule's own
    /// name where the field has none.
    pub alert: String,
    /// Which series.
    pub of: Selector,
    /// Only failures for these reasons count; all where it is empty. Others say nothing.
    pub reasons: Vec<String>,
    /// Failures for these reasons say nothing.
    pub not_reasons: Vec<String>,
    /// The condition.
    pub when: When,
    /// Holds only while this does too.
    pub guard: Option<Guard>,
    /// How loud.
    pub severity: Severity,
    /// `for`: people are told only when evidence for the condition spans this long.
    pub hold: Duration,
    /// `keep_firing_for`: it is over only when evidence against the condition spans this long.
    pub keep: Duration,
    /// From so many locations the condition must hold; 1 means that each location is judged for itself.
    pub quorum: u32,
}

impl Rule {
    /// A rule over everything that pages at once.
    pub fn new(name: impl Into<String>, when: When) -> Self {
        let name = name.into();
        Self {
            alert: name.clone(),
            name,
            reasons: Vec::new(),
            not_reasons: Vec::new(),
            of: Selector::default(),
            when,
            guard: None,
            severity: Severity::Page,
            hold: Duration::ZERO,
            keep: Duration::ZERO,
            quorum: 1,
        }
    }

    /// Whether it needs what a run measured besides its verdict.
    pub fn wants_details(&self) -> bool {
        self.guard.is_some() || self.when.wants_details()
    }

    /// Whether a failure for this reason counts.
    pub fn counts(&self, reason: Option<&str>) -> bool {
        let in_list = |list: &[String]| reason.is_some_and(|r| list.iter().any(|l| l == r));
        (self.reasons.is_empty() || in_list(&self.reasons)) && !in_list(&self.not_reasons)
    }

    /// Two failures in a row page, two successes resolve: the quickest rule that asks twice.
    pub fn success_zero() -> Self {
        Self::new("success-zero", When::Failures { failures: 2, successes: 2 })
    }
}
