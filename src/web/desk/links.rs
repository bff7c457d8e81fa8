//! Addresses of pages; names are written so that any of them is one segment of a path.

use jiff::Timestamp;

use crate::observation::ProbeId;
pub(super) use crate::web::links::segment;

/// The page of an incident.
pub(super) fn incident(id: &str) -> String {
    format!("/incidents/{}", segment(id))
}

/// The page of a run.
pub(super) fn run(probe: &ProbeId, slot: Timestamp) -> String {
    let at = slot.strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
    format!("/runs/{}/{}/{at}", segment(probe.target()), segment(probe.probe()))
}

/// The page of a probe.
pub(super) fn probe(probe: &ProbeId) -> String {
    format!("/probes/{}/{}", segment(probe.target()), segment(probe.probe()))
}
