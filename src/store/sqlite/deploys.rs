//! Deployments that somebody told of.

use launchwatch_alerts::Deploy;
use rusqlite::{Connection, params};

use super::damage::Damaged;
use super::incidents::{all, json};
use super::{fail, micros};
use crate::store::Error;

/// Keeps a deployment.
pub(super) fn keep(db: &Connection, deploy: &Deploy) -> Result<(), Error> {
    let json = json(deploy)?;
    db.prepare_cached("INSERT INTO deploy (at, json) VALUES (?1, ?2)")
        .and_then(|mut s| s.execute(params![micros(deploy.at), json]))
        .map(|_| ())
        .map_err(fail("keep a deployment"))
}

/// Deployments, newest first.
pub(super) fn newest(db: &Connection, limit: usize, damaged: &Damaged) -> Result<Vec<Deploy>, Error> {
    let sql = "SELECT id, json FROM deploy ORDER BY at DESC, id DESC LIMIT ?1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(db, sql, limit, &mut |id, e| damaged.note("deploy", (id, 0), &e))
}
