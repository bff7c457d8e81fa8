//! Keeps what a rehearsal or a backtest came to where the service shows it.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::clock::Clock;
use crate::kept::{self, Kept};

/// Keeps a report in a state directory, and says where on standard error.
pub(super) fn now(
    state: &Path,
    kind: &str,
    name: &str,
    text: String,
    report: &impl Serialize,
) -> anyhow::Result<()> {
    let folder = kept::folder(state);
    let report = serde_json::to_value(report).context("the report cannot be kept")?;
    let one = Kept { kind: kind.to_owned(), name: name.to_owned(), at: Clock::system().now(), text, report };
    let file =
        kept::keep(&folder, &one).with_context(|| format!("cannot keep it in {}", folder.display()))?;
    eprintln!("kept as {}", folder.join(file).display());
    Ok(())
}
