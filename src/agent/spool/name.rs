//! Names of the spool's files: order, number of observations and date stand in them, so that nothing else need be read.

use std::fmt;

use jiff::Timestamp;

/// The name of one file. Sorts by age.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// Grows with every file.
    pub(super) number: u64,
    /// Observations in it.
    pub(super) count: u32,
    /// When it was written, in seconds since 1970.
    pub(super) second: i64,
}

/// How names end.
const END: &str = ".jsonl";

impl Name {
    /// When it was written.
    pub(super) fn written(&self) -> Timestamp {
        Timestamp::from_second(self.second).unwrap_or_default()
    }

    /// Reads a name; `None` if it is none of ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_suffix(END)?.split('-');
        let number = parts.next()?.parse().ok()?;
        let count = parts.next()?.parse().ok()?;
        let second = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { number, count, second })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016}-{}-{}{END}", self.number, self.count, self.second)
    }
}
