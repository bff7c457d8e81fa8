//! What an operator reads about a mistake in the configuration: where it is, what it is, how to mend it.

use std::fmt;

use serde::Serialize;

/// Whether the configuration can be used in spite of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, but probably does not do what is wanted.
    Warning,
}

/// Something wrong with the configuration. Holds no secret, also not in the source line it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as it was named on the command line.
    pub file: String,
    /// Line, counted from 1; 0 if the problem is about the file as a whole.
    pub line: usize,
    /// Column in characters, counted from 1; 0 if the problem is about the file as a whole.
    pub column: usize,
    /// Path in the file, such as `targets[0].probes[1].type`; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it; may be empty.
    pub hint: String,
    /// The source line. Not part of the JSON form, where the position suffices.
    #[serde(skip)]
    pub(crate) excerpt: Option<Excerpt>,
}

/// A source line, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// The line, without secrets and control characters.
    pub(crate) line: String,
    /// Characters before the caret.
    pub(crate) indent: usize,
    /// How many carets; at least 1.
    pub(crate) carets: usize,
}

impl fmt::Display for Problem {
    /// Several lines without a newline at the end, in the manner of a compiler.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        f.write_str(": ")?;
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)?;
        if let Some(Excerpt { line, indent, carets }) = &self.excerpt {
            let number = self.line.to_string();
            let (gap, carets) = (" ".repeat(number.len()), "^".repeat(*carets));
            write!(f, "\n{gap} |\n{number} | {line}\n{gap} | {:indent$}{carets}", "")?;
        }
        if !self.hint.is_empty() {
            write!(f, "\n    hint: {}", self.hint)?;
        }
        Ok(())
    }
}
