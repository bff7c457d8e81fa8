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

/// A judgement over series.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Name, unique among rules.
    pub name: String,
    /// Which series.
    pub of: Selector,
    /// The condition.
    pub when: When,
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
        Self {
            name: name.into(),
            of: Selector::default(),
            when,
            severity: Severity::Page,
            hold: Duration::ZERO,
            keep: Duration::ZERO,
            quorum: 1,
        }
    }

    /// Two failures in a row page, two successes resolve: the quickest rule that asks twice.
    pub fn success_zero() -> Self {
        Self::new("success-zero", When::Failures { failures: 2, successes: 2 })
    }
}
