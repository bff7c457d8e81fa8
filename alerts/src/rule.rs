//! When a series is in trouble.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SeriesId;

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

/// Which series a rule judges. Empty lists mean all; `*` stands for any text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Selector {
    /// Names of targets.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Names of probes.
    #[serde(default)]
    pub probes: Vec<String>,
}

impl Selector {
    /// Whether the rule judges this series.
    pub fn matches(&self, series: &SeriesId) -> bool {
        let any =
            |patterns: &[String], name: &str| patterns.is_empty() || patterns.iter().any(|p| glob(p, name));
        any(&self.targets, &series.target) && any(&self.probes, &series.probe)
    }
}

/// Matches `*` against any text, everything else literally.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            tail.is_empty() || (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|r| glob(tail, r)))
        }),
    }
}

/// The condition of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Success dropped to zero: this many runs in a row failed (unknown ones neither count nor break the row).
    SuccessZero {
        /// Failures in a row before the alert fires; at least 1, 2 by default: the second one confirms.
        failures: u32,
        /// Successes in a row before it resolves; at least 1.
        successes: u32,
    },
}

/// A judgement over series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Name, unique among rules.
    pub name: String,
    /// Which series.
    #[serde(default)]
    pub of: Selector,
    /// The condition.
    pub when: When,
    /// How loud.
    #[serde(default)]
    pub severity: Severity,
}

impl Rule {
    /// The rule that holds when the operator wrote none: two failures in a row page, two successes resolve.
    pub fn success_zero() -> Self {
        Self {
            name: "success-zero".into(),
            of: Selector::default(),
            when: When::SuccessZero { failures: 2, successes: 2 },
            severity: Severity::Page,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("*", "x", true),
            ("a*c", "abc", true),
            ("a*c", "abd", false),
            ("a", "a", true),
            ("*b*", "abc", true),
            ("", "a", false),
            ("ü*", "über", true),
            ("ü*", "uber", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
