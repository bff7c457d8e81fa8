//! Addresses of pages; names are written so that any of them is one segment of a path.

use jiff::Timestamp;
use launchwatch_alerts::SeriesId;

/// Text as one segment of a path or one value of a query.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => {
                out.push(byte.into())
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    // A path of dots would lead somewhere else.
    if out.bytes().all(|b| b == b'.') { out.replace('.', "%2E") } else { out }
}

/// The page of an incident.
pub(super) fn incident(id: &str) -> String {
    format!("/incidents/{}", segment(id))
}

/// The page of a run.
pub(super) fn run(series: &SeriesId, slot: Timestamp) -> String {
    let at = slot.strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
    format!("/runs/{}/{}/{at}", segment(&series.target), segment(&series.probe))
}

/// The page of a probe.
pub(super) fn probe(series: &SeriesId) -> String {
    format!("/probes/{}/{}", segment(&series.target), segment(&series.probe))
}
