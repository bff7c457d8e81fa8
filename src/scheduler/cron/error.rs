//! What is wrong with a schedule, told to the person who wrote it.

use std::fmt;

/// A schedule that cannot be used. Displays as what is wrong and where, with the field's name and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronError {
    what: String,
    hint: String,
}

impl CronError {
    pub(super) fn new(what: impl Into<String>, hint: impl Into<String>) -> CronError {
        CronError { what: what.into(), hint: hint.into() }
    }

    /// Says in which field it is wrong, and what the whole field says.
    pub(super) fn within(self, field: &str, text: &str) -> CronError {
        CronError { what: format!("{field} `{text}`: {}", self.what), hint: self.hint }
    }

    /// How to mend it, in one sentence.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for CronError {}
