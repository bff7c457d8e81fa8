//! A kept result as it comes back: in full or in the compact form; and which of them are asked for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use launchwatch_probes::Outcome;
use serde::{Deserialize, Serialize};

use super::Error;
use super::damage::Damaged;
use super::names::Names;
use super::pack::plain::Plain;
use super::pack::{block, journal};
use crate::observation::{Observation, ProbeId};

/// A result in full, as its row holds it.
#[derive(Serialize, Deserialize)]
pub(super) struct Full {
    pub location: Arc<str>,
    pub lag: Duration,
    pub confirms: bool,
    pub outcome: Outcome,
}

impl Full {
    /// The bytes to keep an observation as.
    pub(super) fn pack(seen: &Observation) -> Result<Vec<u8>, Error> {
        let mut outcome = seen.outcome.clone();
        // JSON has no words for these, and they mean nothing anyway.
        outcome.measurements.retain(|m| m.value.is_finite());
        let full =
            Self { location: Arc::clone(&seen.location), lag: seen.lag, confirms: seen.confirms, outcome };
        serde_json::to_vec(&full).map_err(|e| Error::Corrupt { what: "a run", detail: e.to_string() })
    }

    pub(super) fn observation(self, probe: &ProbeId, slot: i64) -> Observation {
        Observation {
            probe: probe.clone(),
            location: self.location,
            slot: Timestamp::from_microsecond(slot).unwrap_or_default(),
            lag: self.lag,
            confirms: self.confirms,
            outcome: self.outcome,
        }
    }
}

/// A kept result.
pub(super) enum Raw {
    Plain(Plain),
    Full(Box<Full>),
}

/// Which results: of these probes (all if `None`), with slots (in microseconds) within `from..to`.
pub(super) struct Which<'a> {
    pub probes: Option<&'a BTreeSet<u32>>,
    pub from: i64,
    pub to: i64,
}

impl Which<'_> {
    pub(super) fn holds(&self, probe: u32, slot: i64) -> bool {
        (self.from..self.to).contains(&slot) && self.probes.is_none_or(|p| p.contains(&probe))
    }
}

/// A row of the journal or of blocks.
pub(super) struct Packed {
    pub id: i64,
    /// Of blocks only.
    pub probe: Option<u32>,
    pub first: i64,
    pub data: Vec<u8>,
}

impl Packed {
    /// The results in it that are wanted. A damaged one gives those before the damage at most.
    pub(super) fn each(
        &self,
        names: &Names,
        which: &Which<'_>,
        damaged: &Damaged,
        mut visit: impl FnMut(Plain),
    ) {
        if let Some(probe) = self.probe {
            match block::decode(&self.data, probe, self.first, &names.shapes) {
                Ok(all) => all.into_iter().filter(|p| which.holds(probe, p.slot)).for_each(visit),
                Err(e) => damaged.note("block", (self.id, 0), &e),
            }
            return;
        }
        let mut wanted = Vec::new();
        let whole = journal::scan(&self.data, |e| {
            if which.holds(e.probe, e.slot) {
                wanted.push(e);
            }
        });
        if let Err(e) = whole {
            return damaged.note("journal", (self.id, 0), &e);
        }
        for entry in wanted {
            match journal::read(&self.data, entry, &names.shapes) {
                Ok(plain) => visit(plain),
                Err(e) => damaged.note("journal", (self.id, entry.slot), &e),
            }
        }
    }
}
