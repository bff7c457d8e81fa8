//! Numbers for what repeats, in the file.

use rusqlite::{Connection, params};

use super::fail;
use crate::observation::ProbeId;
use crate::store::Error;
pub(super) use crate::store::names::Names;
use crate::store::names::number;
use crate::store::pack::shape::Shape;

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
}
