//! Numbers for what repeats: probes and shapes.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::fail;
use crate::observation::ProbeId;
use crate::store::Error;
use crate::store::pack::shape::{Shape, Shapes};

/// Numbers are given in turn: one beyond this comes of damage, and must not cost memory.
const MOST_PROBES: usize = 1 << 22;

/// Probes and shapes by number and by name. A copy is handed to readers, so that they see what they began with.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    numbers: BTreeMap<ProbeId, u32>,
    probes: Vec<Option<ProbeId>>,
    shape_numbers: BTreeMap<Arc<str>, u32>,
    pub shapes: Shapes,
}

impl Names {
    /// What is in the store.
    pub(super) fn load(db: &Connection) -> Result<Self, Error> {
        let what = "read the names in the store";
        let mut names = Self::default();
        let mut rows = db.prepare("SELECT id, name FROM probe").map_err(fail(what))?;
        let probes = rows.query_map([], |r| Ok((r.get(0)?, r.get::<_, String>(1)?))).map_err(fail(what))?;
        for row in probes {
            let (id, name) = row.map_err(fail(what))?;
            names.set_probe(id, name.into());
        }
        let mut rows = db.prepare("SELECT id, text FROM shape").map_err(fail(what))?;
        let shapes = rows.query_map([], |r| Ok((r.get(0)?, r.get::<_, String>(1)?))).map_err(fail(what))?;
        for row in shapes {
            let (id, text) = row.map_err(fail(what))?;
            match serde_json::from_str(&text) {
                Ok(shape) => names.set_shape(id, text.into(), shape),
                Err(e) => tracing::warn!(shape = id, error = %e, "a shape of results cannot be read"),
            }
        }
        Ok(names)
    }

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

    /// Gives a probe a number.
    pub(super) fn add_probe(&mut self, db: &Connection, probe: &ProbeId) -> Result<u32, Error> {
        let what = "name a probe in the store";
        db.execute("INSERT INTO probe (name) VALUES (?1)", params![probe.as_str()]).map_err(fail(what))?;
        let id = number(db.last_insert_rowid(), "probe")?;
        self.set_probe(id, probe.clone());
        Ok(id)
    }

    /// Gives a shape a number.
    pub(super) fn add_shape(&mut self, db: &Connection, text: String, shape: Shape) -> Result<u32, Error> {
        let what = "name a shape in the store";
        db.execute("INSERT INTO shape (text) VALUES (?1)", params![text]).map_err(fail(what))?;
        let id = number(db.last_insert_rowid(), "shape")?;
        self.set_shape(id, text.into(), shape);
        Ok(id)
    }

    fn set_probe(&mut self, id: u32, probe: ProbeId) {
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

    fn set_shape(&mut self, id: u32, text: Arc<str>, shape: Shape) {
        self.shape_numbers.insert(text, id);
        self.shapes.set(id, Arc::new(shape));
    }
}

fn number(rowid: i64, what: &'static str) -> Result<u32, Error> {
    u32::try_from(rowid).map_err(|_| Error::Corrupt { what, detail: format!("number {rowid}") })
}
