//! The newest of many results, from wherever they lie.

use std::collections::BTreeMap;

use super::full::Raw;
use super::names::Names;
use super::pack::plain::unpack;
use crate::observation::Observation;

/// The newest results so far, at most `limit`.
pub(super) struct Newest {
    limit: usize,
    found: BTreeMap<(i64, u32), Raw>,
}

impl Newest {
    pub(super) fn of(limit: usize) -> Self {
        Self { limit, found: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, slot: i64, probe: u32, raw: Raw) {
        let least = self.found.first_key_value().map(|(key, _)| *key);
        if self.found.len() < self.limit || least < Some((slot, probe)) {
            self.found.insert((slot, probe), raw);
            if self.found.len() > self.limit {
                self.found.pop_first();
            }
        }
    }

    /// Nothing before this moment matters any more.
    pub(super) fn floor(&self) -> i64 {
        let full = self.found.len() >= self.limit;
        self.found.first_key_value().filter(|_| full).map_or(i64::MIN, |((slot, _), _)| *slot)
    }

    /// As observations, newest first.
    pub(super) fn told(self, names: &Names) -> Vec<Observation> {
        self.found
            .into_iter()
            .rev()
            .filter_map(|((slot, probe), raw)| tell(names, probe, slot, raw))
            .collect()
    }
}

/// A kept result as it was seen.
pub(super) fn tell(names: &Names, probe: u32, slot: i64, raw: Raw) -> Option<Observation> {
    let name = names.probe(probe)?;
    match raw {
        Raw::Full(full) => Some(full.observation(name, slot)),
        Raw::Plain(plain) => Some(unpack(&plain, name, names.shapes.get(plain.shape)?)),
    }
}
