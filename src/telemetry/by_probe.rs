//! The figures of each probe, which are nearly all series there are.
//!
//! # Why
//! With thousands of probes the metrics library's own children cost kilobytes each, and its encoder copies all of
//! them before it writes the first. Here a probe keeps plain numbers and its labels as text, and the text is written
//! in pieces. A test holds it against the library's encoder.

mod cells;
mod served;
mod text;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use launchwatch_probes::{Outcome, Reason, Stage};

pub(crate) use self::cells::BOUNDS;
use self::cells::Cells;
use self::served::Served;
pub(super) use self::text::Place;
use crate::observation::ProbeId;

/// Figures by probe.
pub(super) struct ByProbe(BTreeMap<ProbeId, usize>, Vec<OfProbe>);

/// The figures of one probe.
struct OfProbe {
    /// Labels as they are written, such as `probe="launch"`.
    labels: Labels,
    figures: Mutex<Figures>,
}

struct Labels {
    probe: Box<str>,
    target: Box<str>,
    kind: &'static str,
}

#[derive(Default)]
struct Figures {
    verdicts: [u64; 4],
    missed: u64,
    last_run: f64,
    stages: Vec<(Stage, Cells)>,
    reasons: Vec<(Reason, Option<Stage>, u64)>,
    measurements: Vec<(Box<str>, f64)>,
    served: Served,
}

impl ByProbe {
    /// Probes with the names of their kinds.
    pub(super) fn new(probes: impl Iterator<Item = (ProbeId, &'static str)>) -> Self {
        let mut all: Vec<_> = probes.collect();
        all.sort_by(|a, b| (a.0.probe(), a.0.target()).cmp(&(b.0.probe(), b.0.target())));
        let places = all.iter().enumerate().map(|(at, (id, _))| (id.clone(), at)).collect();
        Self(places, all.iter().map(|(id, kind)| OfProbe::new(id, kind)).collect())
    }

    /// A run has ended, at this second since 1970.
    pub(super) fn run_ended(&self, probe: &ProbeId, outcome: &Outcome, ended: f64) {
        let Some(mut of) = self.figures(probe) else { return };
        if let Some(count) = of.verdicts.get_mut(outcome.verdict as usize) {
            *count += 1;
        }
        // What comes late, from elsewhere, says how it was.
        of.last_run = of.last_run.max(ended);
        for stage in &outcome.stages {
            let (name, took) = (stage.stage, stage.took.as_secs_f64());
            of_key(&mut of.stages, |s| s.0 == name, || (name, Cells::default()), |s| s.1.observe(took));
        }
        if let Some(reason) = outcome.reason {
            let key = (reason, outcome.failed_stage);
            of_key(&mut of.reasons, |r| (r.0, r.1) == key, || (key.0, key.1, 0), |r| r.2 += 1);
        }
        of.served.count(outcome);
        for m in &outcome.measurements {
            let make = || (m.name.as_str().into(), 0.0);
            of_key(&mut of.measurements, |k| *k.0 == *m.name, make, |k| k.1 = m.value);
        }
    }

    /// A slot passed without a run.
    pub(super) fn slot_missed(&self, probe: &ProbeId) {
        if let Some(mut of) = self.figures(probe) {
            of.missed += 1;
        }
    }

    /// The next piece of the text; `None` at its end.
    pub(super) fn piece(&self, place: &mut Place) -> Option<String> {
        text::piece(&self.1, place)
    }

    fn figures(&self, probe: &ProbeId) -> Option<MutexGuard<'_, Figures>> {
        self.0.get(probe).and_then(|at| self.1.get(*at)).map(OfProbe::lock)
    }
}

impl OfProbe {
    fn new(id: &ProbeId, kind: &'static str) -> Self {
        let label = |name: &str, value: &str| format!("{name}=\"{}\"", text::escaped(value)).into();
        let labels = Labels { probe: label("probe", id.probe()), target: label("target", id.target()), kind };
        Self { labels, figures: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Changes the entry that fits, made if it is not there. Entries are few, and stay.
fn of_key<T>(
    all: &mut Vec<T>,
    fits: impl Fn(&T) -> bool,
    make: impl FnOnce() -> T,
    change: impl FnOnce(&mut T),
) {
    if let Some(there) = all.iter_mut().find(|t| fits(t)) {
        change(there);
        return;
    }
    let mut new = make();
    change(&mut new);
    all.reserve_exact(1);
    all.push(new);
}

#[cfg(test)]
mod tests;
