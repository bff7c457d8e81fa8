//! What series are called, made once for each probe.

use std::collections::BTreeMap;
use std::sync::Arc;

use launchwatch_alerts::{Engine, OURSELVES, SeriesId};

use crate::observation::ProbeId;

/// The series of each probe, and whether anybody wants to know its details: made and asked once.
#[derive(Default)]
pub(super) struct SeriesNames(BTreeMap<ProbeId, (Arc<SeriesId>, bool)>);

impl SeriesNames {
    pub(super) fn of(&mut self, engine: &Engine, probe: &ProbeId, location: &str) -> (Arc<SeriesId>, bool) {
        if let Some(known) = self.0.get(probe).filter(|(s, _)| s.location == location) {
            return known.clone();
        }
        let series = Arc::new(series(probe, location));
        let curious = engine.curious(&series);
        self.0.insert(probe.clone(), (Arc::clone(&series), curious));
        (series, curious)
    }

    pub(super) fn known(&self, probe: &ProbeId) -> Option<&SeriesId> {
        self.0.get(probe).map(|(series, _)| series.as_ref())
    }
}

/// The series of a probe of ourselves.
pub(super) fn ours(probe: &str, location: &str) -> SeriesId {
    SeriesId { target: OURSELVES.into(), probe: probe.into(), location: location.into() }
}

/// The series of a probe at a location.
pub fn series(probe: &ProbeId, location: &str) -> SeriesId {
    SeriesId { target: probe.target().into(), probe: probe.bare().into(), location: location.into() }
}
