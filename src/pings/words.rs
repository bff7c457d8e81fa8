//! How moments and spans are said.

use std::time::Duration;

use jiff::Timestamp;

/// `2026-11-23 02:00:05 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `1h 30m`, in whole seconds where there are any.
pub(super) fn span(of: Duration) -> String {
    let of = if of.as_secs() > 0 { Duration::from_secs(of.as_secs()) } else { of };
    humantime::format_duration(of).to_string()
}
