//! Silences, and what was hidden.

use launchwatch_alerts::{Hidden, Silence};
use rusqlite::{Connection, params};

use super::damage::Damaged;
use super::incidents::{all, json};
use super::{fail, micros};
use crate::store::Error;

/// Keeps a silence as it stands; one that is over stays on record.
pub(super) fn keep(db: &Connection, silence: &Silence) -> Result<(), Error> {
    db.execute(
        "INSERT OR REPLACE INTO silence (id, until, over, json) VALUES (?1, ?2, ?3, ?4)",
        params![silence.id, micros(silence.until), silence.ended.is_some(), json(silence)?],
    )
    .map(|_| ())
    .map_err(fail("keep a silence"))
}

/// Keeps what was not told.
pub(super) fn hide(db: &Connection, hidden: &Hidden) -> Result<(), Error> {
    db.prepare_cached("INSERT INTO hidden (at, json) VALUES (?1, ?2)")
        .and_then(|mut s| s.execute(params![micros(hidden.at), json(hidden).unwrap_or_default()]))
        .map(|_| ())
        .map_err(fail("keep what was not told"))
}

/// Silences, those that last longest first; the ones that are over too.
pub(super) fn silences(db: &Connection, limit: usize, damaged: &Damaged) -> Result<Vec<Silence>, Error> {
    let sql = "SELECT rowid, json FROM silence ORDER BY over, until DESC, id LIMIT ?1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(db, sql, limit, &mut |id, e| damaged.note("silence", (id, 0), &e))
}

/// What was not told, newest first.
pub(super) fn hidden(db: &Connection, limit: usize, damaged: &Damaged) -> Result<Vec<Hidden>, Error> {
    let sql = "SELECT id, json FROM hidden ORDER BY at DESC, id DESC LIMIT ?1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(db, sql, limit, &mut |id, e| damaged.note("hidden", (id, 0), &e))
}
