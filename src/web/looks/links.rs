//! Addresses of looking pages; names are written so that any of them is one segment of a path.

use jiff::Timestamp;

use crate::observation::ProbeId;
use crate::web::Sources;
pub(super) use crate::web::links::segment;

/// A slot as it stands in addresses: to the microsecond.
pub(super) fn slot(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

impl Sources {
    /// The page of a target.
    pub(super) fn to_target(&self, target: &str) -> String {
        self.to(&format!("/targets/{}", segment(target)))
    }

    /// The page of a probe.
    pub(super) fn to_probe(&self, probe: &ProbeId) -> String {
        self.to(&format!("/probes/{}/{}", segment(probe.target()), segment(probe.probe())))
    }

    /// The page of a run.
    pub(super) fn to_run(&self, probe: &ProbeId, at: Timestamp) -> String {
        let (target, name) = (segment(probe.target()), segment(probe.probe()));
        self.to(&format!("/runs/{target}/{name}/{}", slot(at)))
    }

    /// The page of an incident.
    pub(super) fn to_incident(&self, id: &str) -> String {
        self.to(&format!("/incidents/{}", segment(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_comes_back_from_its_address_to_the_microsecond() {
        let at: Timestamp = "2018-07-07T18:27:05.123456Z".parse().unwrap();
        assert_eq!(slot(at), "2018-07-07T18:27:05.123456Z");
        assert_eq!(slot(at).parse::<Timestamp>().unwrap(), at);
        assert_eq!(segment(&slot(at)), slot(at));
    }
}
