//! Which series a rule, a route, a silence or a maintenance is about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SeriesId;

/// Which series. Empty lists mean all; `*` stands for any text. All lists that are not empty must match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Selector {
    /// Names of targets.
    pub targets: Vec<String>,
    /// Names of probes.
    pub probes: Vec<String>,
    /// Whole series as `target/probe`.
    pub series: Vec<String>,
}

impl Selector {
    /// Everything about one target.
    pub fn target(name: impl Into<String>) -> Self {
        Self { targets: vec![name.into()], ..Self::default() }
    }

    /// Whether this series is meant.
    pub fn matches(&self, series: &SeriesId) -> bool {
        any(&self.targets, &series.target)
            && any(&self.probes, &series.probe)
            && (self.series.is_empty() || any(&self.series, &series.to_string()))
    }

    /// Whether all of a target may be meant: no list narrows it down to some of its probes.
    pub fn matches_target(&self, target: &str) -> bool {
        any(&self.targets, target) && self.probes.is_empty() && self.series.is_empty()
    }
}

fn any(patterns: &[String], name: &str) -> bool {
    // Lists of thousands are in order: they are all targets, spelled out. In others this finds nothing that is not there.
    let listed = || patterns.binary_search_by(|p| p.as_str().cmp(name)).is_ok();
    patterns.is_empty() || listed() || patterns.iter().any(|p| glob(p, name))
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

    #[test]
    fn a_name_is_found_in_lists_of_any_order() {
        for words in [&["a", "b", "c"][..], &["c", "b", "a"], &["b", "x*", "a", "b"]] {
            let list: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
            assert!(any(&list, "a") && any(&list, "b") && !any(&list, "d"), "{words:?}");
        }
    }

    #[test]
    fn all_lists_that_are_not_empty_must_match() {
        let series = SeriesId { target: "hub".into(), probe: "launch".into(), location: "here".into() };
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        for (targets, probes, whole, expected) in [
            (&[][..], &[][..], &[][..], true),
            (&["hub"], &[], &[], true),
            (&["hub"], &["site"], &[], false),
            (&[], &[], &["hub/launch"], true),
            (&[], &["launch"], &["hub/site"], false),
        ] {
            let selector = Selector { targets: list(targets), probes: list(probes), series: list(whole) };
            assert_eq!(selector.matches(&series), expected, "{selector:?}");
        }
    }
}
