//! A pattern: texts of which a line contains one, and the one line that is kept as an example.

use std::sync::LazyLock;

use regex::Regex;

use super::PatternSpec;
use crate::Refused;

/// Lines that mean the same.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The measurement.
    pub(super) name: String,
    /// Whose logs.
    pub(super) from: String,
    /// Of each text the pieces between its stars.
    texts: Vec<Vec<String>>,
}

impl Pattern {
    /// Checks a pattern as it is configured.
    pub(super) fn new(name: &str, spec: PatternSpec) -> Result<Self, Refused> {
        let path = |key: &str| format!("patterns.{name}{key}");
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 40 || !name.chars().all(fits) {
            let hint = "small letters, digits and `_`: it becomes part of a measurement's name";
            return Err(Refused::new(path(""), format!("`{name}` cannot name a pattern"), hint));
        }
        let pieces =
            |text: &String| text.split('*').filter(|p| !p.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let texts: Vec<_> = spec.lines.iter().map(pieces).collect();
        if texts.is_empty() || texts.len() > super::MOST || texts.iter().any(Vec::is_empty) {
            let what = "a pattern needs texts, and none that fits every line";
            return Err(Refused::new(path(".lines"), what, "write words that tell of the trouble"));
        }
        Ok(Self { name: format!("log_{name}"), from: spec.from, texts })
    }

    /// Whether a line contains one of the texts.
    pub(super) fn fits(&self, line: &str) -> bool {
        self.texts.iter().any(|pieces| {
            let rest = pieces.iter().try_fold(line, |rest, piece| {
                let at = rest.find(piece.as_str())?;
                rest.get(at + piece.len()..)
            });
            rest.is_some()
        })
    }
}

/// Made once: rules take longer to read than lines.
pub(super) static VEIL: LazyLock<Veil> = LazyLock::new(Veil::new);

/// Takes out of a line what it may tell of persons and secrets.
pub(super) struct Veil(Vec<(Regex, &'static str)>);

impl Veil {
    fn new() -> Self {
        let rules = [
            (
                r#"(?i)\b(token|bearer|basic|password|secret|authorization|cookie|api_?key)\b["']?\s*[:= ]\s*["']?((bearer|basic|token)\s+)?\S+"#,
                "$1 ‹secret›",
            ),
            (r"\b[0-9a-fA-F]{32,}\b", "‹secret›"),
            (r"\b[0-9]{1,3}(\.[0-9]{1,3}){3}\b", "‹address›"),
            (r"(?i)\b[0-9a-f]{1,4}(:[0-9a-f]{0,4}){3,7}", "‹address›"),
        ];
        let compiled = rules.into_iter().filter_map(|(rule, with)| Some((Regex::new(rule).ok()?, with)));
        Self(compiled.collect())
    }

    pub(super) fn over(&self, line: &str) -> String {
        let short: String = line.chars().take(300).collect();
        self.0.iter().fold(short, |line, (rule, with)| rule.replace_all(&line, *with).into_owned())
    }
}
