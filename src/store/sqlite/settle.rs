//! What came of deliveries: begun, settled, shown to people.

use jiff::Timestamp;
use launchwatch_alerts::{IncidentId, NotificationId};
use rusqlite::{Connection, Row, params};

use super::{date, fail, incidents, micros};
use crate::store::{Delivery, DeliveryState, Error, Settlement};

/// What was under way when the process ended may have arrived.
pub(super) fn doubt(db: &Connection) -> Result<(), Error> {
    db.execute("UPDATE delivery SET doubt = 1, begun = NULL WHERE begun IS NOT NULL", [])
        .map(|_| ())
        .map_err(fail("take up what was under way"))
}

/// Gives up what is owed through other channels than these: nobody would ever send it.
pub(super) fn give_up_others(db: &Connection, channels: &[String]) -> Result<usize, Error> {
    db.execute(
        "UPDATE delivery SET state = 'refused', error = 'the channel is no longer configured'
         WHERE state = 'owed' AND channel NOT IN (SELECT value FROM json_each(?1))",
        [incidents::json(&channels)?],
    )
    .map_err(fail("give up what no channel sends"))
}

/// Notes that deliveries are handed over now. One that was begun before and not settled may have arrived then.
pub(super) fn begin(
    db: &Connection,
    channel: &str,
    which: &[NotificationId],
    now: Timestamp,
) -> Result<(), Error> {
    let what = "begin deliveries";
    let mut update = db
        .prepare_cached(
            "UPDATE delivery SET doubt = doubt OR begun IS NOT NULL, begun = ?3
             WHERE notification = ?1 AND channel = ?2",
        )
        .map_err(fail(what))?;
    which.iter().try_for_each(|id| {
        update.execute(params![id.0, channel, micros(now)]).map(|_| ()).map_err(fail(what))
    })
}

/// A delivery that was superseded while it was under way stays so if it failed, and is delivered if it was.
pub(super) fn settle(db: &Connection, settlements: &[Settlement]) -> Result<(), Error> {
    let mut update = db
        .prepare_cached(
            "UPDATE delivery SET
                state = CASE WHEN state = 'delivered' OR (state = 'superseded' AND ?3 = 'owed') THEN state ELSE ?3 END,
                attempts = attempts + (?3 <> 'superseded'),
                next = ?4,
                message = ifnull(message, ?5),
                error = ?6,
                settled = ?8,
                delivered_at = CASE WHEN ?3 = 'delivered' THEN ifnull(delivered_at, ?7) ELSE delivered_at END,
                begun = NULL,
                refusals = refusals + ?9,
                refused_since = CASE WHEN ?9 THEN ifnull(refused_since, ?7) ELSE refused_since END
             WHERE notification = ?1 AND channel = ?2",
        )
        .map_err(fail("settle deliveries"))?;
    for s in settlements {
        let settled = (!s.settled.0.is_empty()).then(|| incidents::json(&s.settled)).transpose()?;
        update
            .execute(params![
                s.notification.0,
                s.channel,
                s.state.as_str(),
                micros(s.next),
                s.message.as_ref().map(|m| &m.0),
                s.error,
                micros(s.at),
                settled,
                s.refused
            ])
            .map_err(fail("settle deliveries"))?;
    }
    Ok(())
}

const COLUMNS: &str =
    "notification, incident, kind, channel, state, attempts, at, delivered_at, error, next, doubt, instead";

pub(super) fn deliveries(db: &Connection, limit: usize) -> Result<Vec<Delivery>, Error> {
    read(db, "ORDER BY at DESC, id DESC LIMIT ?1", params![rows(limit)])
}

/// Of one incident, oldest first.
pub(super) fn deliveries_of(
    db: &Connection,
    incident: &IncidentId,
    limit: usize,
) -> Result<Vec<Delivery>, Error> {
    read(db, "WHERE incident = ?2 ORDER BY at, id LIMIT ?1", params![rows(limit), incident.0])
}

/// Through one channel, newest first.
pub(super) fn deliveries_through(
    db: &Connection,
    channel: &str,
    limit: usize,
) -> Result<Vec<Delivery>, Error> {
    read(db, "WHERE channel = ?2 ORDER BY at DESC, id DESC LIMIT ?1", params![rows(limit), channel])
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn read(db: &Connection, which: &str, with: impl rusqlite::Params) -> Result<Vec<Delivery>, Error> {
    let what = "read deliveries";
    let mut rows =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM delivery {which}")).map_err(fail(what))?;
    let found = rows.query_map(with, delivery).map_err(fail(what))?.collect::<Result<_, _>>();
    found.map_err(fail(what))
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let state = DeliveryState::named(&row.get::<_, String>(4)?);
    let next = date(row.get(9)?);
    Ok(Delivery {
        notification: NotificationId(row.get(0)?),
        incident: IncidentId(row.get(1)?),
        kind: row.get(2)?,
        channel: row.get(3)?,
        state,
        attempts: row.get(5)?,
        at: date(row.get(6)?),
        delivered_at: row.get::<_, Option<i64>>(7)?.map(date),
        error: row.get(8)?,
        next: (state == DeliveryState::Owed).then_some(next),
        possible_duplicate: row.get(10)?,
        instead_of: row.get(11)?,
    })
}
