//! Alerts and incidents: what the engine must know again after a restart, and what people look up.

use launchwatch_alerts::{Alert, Incident, IncidentId, IncidentState, Memory, MessageRef};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::damage::Damaged;
use super::{fail, micros};
use crate::store::{Error, IncidentQuery};

pub(super) fn json(thing: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(thing)
        .map_err(|e| Error::Corrupt { what: "a value to be kept", detail: e.to_string() })
}

/// Keeps an alert as it stands; a calm one is forgotten.
pub(super) fn keep_alert(db: &Connection, alert: &Alert) -> Result<(), Error> {
    let key = json(&alert.key)?;
    if alert.forgettable() {
        db.execute("DELETE FROM alert WHERE key = ?1", params![key])
    } else {
        db.execute("INSERT OR REPLACE INTO alert (key, json) VALUES (?1, ?2)", params![key, json(alert)?])
    }
    .map(|_| ())
    .map_err(fail("keep an alert"))
}

/// Keeps an incident as it stands.
pub(super) fn keep(db: &Connection, incident: &Incident) -> Result<(), Error> {
    let resolved_at = match incident.state {
        IncidentState::Open => None,
        IncidentState::Resolved => Some(incident.resolved_at.map_or(micros(incident.opened_at), micros)),
    };
    db.execute(
        "INSERT INTO incident (id, opened_at, resolved_at, json) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET resolved_at = excluded.resolved_at, json = excluded.json",
        params![incident.id.0, micros(incident.opened_at), resolved_at, json(incident)?],
    )
    .map(|_| ())
    .map_err(fail("keep an incident"))
}

/// What the engine knew: damage here is an error, for an engine that forgot would tell everything twice.
pub(super) fn memory(db: &Connection) -> Result<Memory, Error> {
    let mut broken = None;
    let mut damage = |_: i64, e: serde_json::Error| broken = Some(e.to_string());
    let alerts = all(db, "SELECT 0, json FROM alert ORDER BY key", i64::MAX, &mut damage)?;
    let open = "SELECT rowid, json FROM incident WHERE resolved_at IS NULL ORDER BY opened_at, rowid";
    let incidents = all(db, open, i64::MAX, &mut damage)?;
    let in_force = "SELECT rowid, json FROM silence WHERE over = 0 ORDER BY id";
    let silences = all(db, in_force, i64::MAX, &mut damage)?;
    let lately = "SELECT id, json FROM (SELECT id, at, json FROM deploy ORDER BY at DESC, id DESC LIMIT 100) ORDER BY at, id";
    let deploys = all(db, lately, i64::MAX, &mut damage)?;
    match broken {
        None => Ok(Memory { alerts, incidents, silences, deploys }),
        Some(detail) => Err(Error::Corrupt { what: "what the engine knew", detail }),
    }
}

pub(super) fn newest(db: &Connection, limit: usize, damaged: &Damaged) -> Result<Vec<Incident>, Error> {
    let sql = "SELECT rowid, json FROM incident ORDER BY opened_at DESC, rowid DESC LIMIT ?1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(db, sql, limit, &mut |id, e| damaged.note("incident", (id, 0), &e))
}

/// One incident; one that cannot be read is as if it was not there.
pub(super) fn one(db: &Connection, id: &IncidentId, damaged: &Damaged) -> Result<Option<Incident>, Error> {
    let what = "read an incident";
    let row = db
        .prepare_cached("SELECT rowid, json FROM incident WHERE id = ?1")
        .and_then(|mut s| {
            s.query_row([&id.0], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?))).optional()
        })
        .map_err(fail(what))?;
    let Some((row, text)) = row else { return Ok(None) };
    let read = serde_json::from_str(&text);
    Ok(read.map_err(|e| damaged.note("incident", (row, 0), &e)).ok())
}

/// Incidents, newest first, beginning after the one that the page before ended with.
pub(super) fn find(
    db: &Connection,
    query: &IncidentQuery,
    damaged: &Damaged,
) -> Result<Vec<Incident>, Error> {
    let what = "read incidents";
    let mut rows = db
        .prepare_cached(
            "SELECT rowid, json FROM incident
             WHERE (?1 IS NULL OR ?1 = (resolved_at IS NULL))
               AND (?2 IS NULL OR (opened_at, rowid) < (SELECT opened_at, rowid FROM incident WHERE id = ?2))
             ORDER BY opened_at DESC, rowid DESC LIMIT ?3",
        )
        .map_err(fail(what))?;
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let before = query.before.as_ref().map(|id| &id.0);
    let mut rows = rows.query(params![query.open, before, limit]).map_err(fail(what))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(fail(what))? {
        let (id, text): (i64, String) = (row.get(0).map_err(fail(what))?, row.get(1).map_err(fail(what))?);
        match serde_json::from_str(&text) {
            Ok(incident) => found.push(incident),
            Err(e) => damaged.note("incident", (id, 0), &e),
        }
    }
    Ok(found)
}

/// The incident of the newest message that a channel's service calls so.
pub(super) fn of_message(
    db: &Connection,
    channel: &str,
    reference: &MessageRef,
) -> Result<Option<IncidentId>, Error> {
    db.prepare_cached(
        "SELECT incident FROM delivery WHERE channel = ?1 AND message = ?2 ORDER BY id DESC LIMIT 1",
    )
    .and_then(|mut s| s.query_row([channel, &reference.0], |r| r.get(0)).optional())
    .map(|found| found.map(IncidentId))
    .map_err(fail("read whose message it was"))
}

pub(super) fn all<T: DeserializeOwned>(
    db: &Connection,
    sql: &str,
    limit: i64,
    damage: &mut impl FnMut(i64, serde_json::Error),
) -> Result<Vec<T>, Error> {
    let what = "read incidents and silences";
    let mut rows = db.prepare_cached(sql).map_err(fail(what))?;
    let mut rows =
        if sql.contains("?1") { rows.query(params![limit]) } else { rows.query([]) }.map_err(fail(what))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(fail(what))? {
        let (id, text): (i64, String) = (row.get(0).map_err(fail(what))?, row.get(1).map_err(fail(what))?);
        match serde_json::from_str(&text) {
            Ok(thing) => found.push(thing),
            Err(e) => damage(id, e),
        }
    }
    Ok(found)
}
