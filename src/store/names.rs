//! Numbers for what repeats: probes and shapes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Error;
use super::pack::shape::{Shape, Shapes};
use crate::observation::ProbeId;

/// Numbers are given in turn: one beyond this comes of damage, and must not cost memory.
const MOST_PROBES: usize = 1 << 22;

/// Probes and shapes by number and by name. A copy is handed to readers, so that they see what they began with.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    numbers: BTreeMap<ProbeId, u32>,
    probes: Vec<Option<ProbeId>>,
    shape_numbers: BTreeMap<Arc<str>, u32>,
    pub shapes: Shapes,
    newest: (u32, u32),
}

impl Names {
    pub(super) fn number(&self, probe: &ProbeId) -> Option<u32> {
        self.numbers.get(probe).copied()
    }

    pub(super) fn probe(&self, number: u32) -> Option<&ProbeId> {
        self.probes.get(usize::try_from(number).ok()?)?.as_ref()
    }

    /// Every probe with its number, by name.
    pub(super) fn probes(&self) -> impl Iterator<Item = (&ProbeId, u32)> {
        self.numbers.iter().map(|(p, n)| (p, *n))
    }

    pub(super) fn shape_number(&self, text: &str) -> Option<u32> {
        self.shape_numbers.get(text).copied()
    }

    /// The highest numbers of a probe and of a shape.
    pub(super) fn newest(&self) -> (u32, u32) {
        self.newest
    }

    pub(super) fn set_probe(&mut self, id: u32, probe: ProbeId) {
        self.newest.0 = self.newest.0.max(id);
        let at = id as usize;
        if at > MOST_PROBES {
            return;
        }
        if self.probes.len() <= at {
            self.probes.resize(at + 1, None);
        }
        if let Some(place) = self.probes.get_mut(at) {
            *place = Some(probe.clone());
        }
        self.numbers.insert(probe, id);
    }

    pub(super) fn set_shape(&mut self, id: u32, text: Arc<str>, shape: Shape) {
        self.newest.1 = self.newest.1.max(id);
        self.shape_numbers.insert(text, id);
        self.shapes.set(id, Arc::new(shape));
    }
}

/// A number that a database gave.
pub(super) fn number(rowid: i64, what: &'static str) -> Result<u32, Error> {
    u32::try_from(rowid).map_err(|_| Error::Corrupt { what, detail: format!("number {rowid}") })
}
