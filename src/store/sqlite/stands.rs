//! How channels stand, and who tells in the place of one that is broken.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::{date, fail, micros};
use crate::store::{Error, Report, Stand};

pub(super) fn stands(db: &Connection) -> Result<BTreeMap<String, Stand>, Error> {
    let what = "read how channels stand";
    let mut rows = db
        .prepare_cached("SELECT name, broken, failures, not_before, worked, why FROM channel")
        .map_err(fail(what))?;
    let found = rows.query_map([], |row| Ok((row.get(0)?, stand(row)?))).map_err(fail(what))?;
    found.collect::<Result<_, _>>().map_err(fail(what))
}

fn stand(row: &Row<'_>) -> rusqlite::Result<Stand> {
    let moment = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(date));
    Ok(Stand {
        broken: moment(1)?,
        failures: row.get(2)?,
        not_before: moment(3)?,
        worked: moment(4)?,
        why: row.get(5)?,
    })
}

/// Keeps how a channel stands, and hands over what its fallback is to tell.
pub(super) fn keep(db: &Connection, report: &Report) -> Result<usize, Error> {
    let what = "keep how a channel stands";
    let stand = &report.stand;
    db.prepare_cached("INSERT OR REPLACE INTO channel (name, broken, failures, not_before, worked, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .and_then(|mut s| {
            s.execute(params![
                report.channel,
                stand.broken.map(micros),
                stand.failures,
                stand.not_before.map(micros),
                stand.worked.map(micros),
                stand.why
            ])
        })
        .map_err(fail(what))?;
    // What was begun and then left because the channel does not work was never handed over.
    db.prepare_cached("UPDATE delivery SET begun = NULL WHERE channel = ?1 AND begun IS NOT NULL")
        .and_then(|mut s| s.execute([&report.channel]))
        .map_err(fail(what))?;
    match &report.fallback {
        Some(fallback) => hand_over(db, report, fallback),
        None => Ok(0),
    }
}

/// Owes through the fallback what the channel owes: all of it while the channel is broken, otherwise what it refuses.
/// A notification is owed once through each channel, so it can neither come twice nor go round in a circle.
fn hand_over(db: &Connection, report: &Report, fallback: &str) -> Result<usize, Error> {
    let what = "hand over to a fallback";
    let mut rows = db
        .prepare_cached(
            "SELECT id, notification, incident, at FROM delivery
             WHERE state = 'owed' AND channel = ?1 AND handed = 0 AND (?2 OR refusals > 0) ORDER BY at, id",
        )
        .map_err(fail(what))?;
    let all: Vec<(i64, String, String, i64)> = rows
        .query_map(params![report.channel, report.stand.broken.is_some()], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
        })
        .and_then(Iterator::collect)
        .map_err(fail(what))?;
    let mut handed = 0;
    for (id, notification, incident, at) in all {
        let there: bool = db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM delivery WHERE notification = ?1 AND channel = ?2)
                 OR EXISTS (SELECT 1 FROM delivery
                    WHERE state = 'owed' AND incident = ?3 AND channel = ?2 AND at > ?4)",
            )
            .and_then(|mut s| s.query_row(params![notification, fallback, incident, at], |r| r.get(0)))
            .map_err(fail(what))?;
        if !there {
            instead(db, id, (&incident, fallback), report).map_err(fail(what))?;
            handed += 1;
        }
        db.prepare_cached("UPDATE delivery SET handed = 1 WHERE id = ?1")
            .and_then(|mut s| s.execute([id]))
            .map_err(fail(what))?;
    }
    Ok(handed)
}

/// Owes one delivery through the fallback, in the place of what that still owed of the incident.
fn instead(
    db: &Connection,
    id: i64,
    (incident, fallback): (&str, &str),
    report: &Report,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE delivery SET state = 'superseded'
         WHERE state = 'owed' AND incident = ?1 AND channel = ?2 AND kind <> 'test'",
    )?
    .execute(params![incident, fallback])?;
    db.prepare_cached(
        "INSERT INTO delivery (notification, channel, incident, kind, at, state, next, due, instead)
         SELECT notification, ?2, incident, kind, at, 'owed', max(due, ?3), max(due, ?3), ?4
         FROM delivery WHERE id = ?1",
    )?
    .execute(params![id, fallback, micros(report.at), report.channel])?;
    Ok(())
}
