//! What is owed to people: written with the change that caused it, settled when a service took it.

use jiff::Timestamp;
use launchwatch_alerts::{
    Change, IncidentId, MessageRef, Notification, NotificationId, NotificationKind as Kind,
};
use rusqlite::{Connection, Row, params};

use super::damage::Damaged;
use super::{date, fail, incidents, micros, silences};
use crate::store::{Delivery, DeliveryState, Error, Outbox, Owed, Settlement};

/// Keeps what the engine made of a batch.
pub(super) fn keep(db: &Connection, changes: &[Change]) -> Result<(), Error> {
    changes.iter().try_for_each(|change| match change {
        Change::Alert(alert) => incidents::keep_alert(db, alert),
        Change::Incident(incident) => incidents::keep(db, incident),
        Change::Silence(silence) => silences::keep(db, silence),
        Change::Hidden(hidden) => silences::hide(db, hidden),
        Change::Notify(notification) => owe(db, notification),
    })
}

fn owe(db: &Connection, notification: &Notification) -> Result<(), Error> {
    let what = "keep a notification";
    let json = incidents::json(notification)?;
    let n = notification;
    let new = db
        .prepare_cached("INSERT OR IGNORE INTO notification (id, incident, at, json) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut s| s.execute(params![n.id.0, n.incident.0, micros(n.at), json]))
        .map_err(fail(what))?;
    if new == 0 {
        return Ok(());
    }
    for ear in &n.to {
        let channel = &ear.channel;
        // What is not delivered yet is told by this one as well.
        let waits = supersede(db, n, channel)?;
        let next = ear.not_before.map_or(n.at, |at| at.max(n.at)).max(waits.unwrap_or(n.at));
        db.prepare_cached(
            "INSERT OR IGNORE INTO delivery (notification, channel, incident, kind, at, state, next)
             VALUES (?1, ?2, ?3, ?4, ?5, 'owed', ?6)",
        )
        .and_then(|mut s| {
            s.execute(params![n.id.0, channel, n.incident.0, n.kind.as_str(), micros(n.at), micros(next)])
        })
        .map_err(fail(what))?;
    }
    Ok(())
}

/// Drops what the new notification tells as well. Answers when the dropped ones were due, where they waited for
/// the end of quiet hours: the end of a trouble that could wait can wait too.
fn supersede(db: &Connection, n: &Notification, channel: &str) -> Result<Option<Timestamp>, Error> {
    if n.kind == Kind::Test {
        return Ok(None);
    }
    let what = "supersede a notification";
    let waits: Option<i64> = db
        .prepare_cached(
            "SELECT max(next) FROM delivery
             WHERE state = 'owed' AND incident = ?1 AND channel = ?2 AND attempts = 0",
        )
        .and_then(|mut s| s.query_row(params![n.incident.0, channel], |r| r.get(0)))
        .map_err(fail(what))?;
    db.prepare_cached(
        "UPDATE delivery SET state = 'superseded' WHERE state = 'owed' AND incident = ?1 AND channel = ?2",
    )
    .and_then(|mut s| s.execute(params![n.incident.0, channel]))
    .map_err(fail(what))?;
    Ok(waits.map(date).filter(|_| n.kind == Kind::Resolved))
}

/// The heads of the queues (one queue an incident and channel): only they may be sent.
const HEADS: &str = "FROM delivery d WHERE d.state = 'owed' AND d.id = (SELECT min(e.id) FROM delivery e
    WHERE e.state = 'owed' AND e.incident = d.incident AND e.channel = d.channel)";

pub(super) fn owed(
    db: &Connection,
    channel: &str,
    now: Timestamp,
    limit: usize,
    damaged: &Damaged,
) -> Result<Vec<Owed>, Error> {
    let what = "read what is owed";
    let sql = format!(
        "SELECT d.id, d.channel, d.attempts, (SELECT json FROM notification n WHERE n.id = d.notification),
            (SELECT t.message FROM delivery t WHERE t.incident = d.incident AND t.channel = d.channel
             AND t.message IS NOT NULL AND t.state = 'delivered' ORDER BY t.delivered_at DESC, t.id DESC LIMIT 1),
            d.settled
         {HEADS} AND d.next <= ?1 AND d.channel = ?2 ORDER BY d.at, d.id"
    );
    let mut rows = db.prepare_cached(&sql).map_err(fail(what))?;
    let mut rows = rows.query(params![micros(now), channel]).map_err(fail(what))?;
    let mut owed = Vec::new();
    while owed.len() < limit {
        let Some(row) = rows.next().map_err(fail(what))? else { break };
        let (id, json, one) = one_owed(row).map_err(fail(what))?;
        match serde_json::from_str(&json) {
            Ok(notification) => owed.push(one(notification)),
            Err(e) => damaged.note("delivery", (id, 0), &e),
        }
    }
    Ok(owed)
}

fn one_owed(row: &Row<'_>) -> rusqlite::Result<(i64, String, impl FnOnce(Notification) -> Owed + use<>)> {
    let (channel, attempts) = (row.get(1)?, row.get(2)?);
    let thread = row.get::<_, Option<String>>(4)?.map(MessageRef);
    let json = row.get::<_, Option<String>>(3)?.unwrap_or_default();
    let settled =
        row.get::<_, Option<String>>(5)?.and_then(|j| serde_json::from_str(&j).ok()).unwrap_or_default();
    Ok((row.get(0)?, json, move |notification| Owed { notification, channel, attempts, thread, settled }))
}

pub(super) fn next_owed(db: &Connection, channel: &str) -> Result<Option<Timestamp>, Error> {
    let next: Option<i64> = db
        .prepare_cached(&format!("SELECT min(d.next) {HEADS} AND d.channel = ?1"))
        .and_then(|mut s| s.query_row([channel], |r| r.get(0)))
        .map_err(fail("read when something is owed"))?;
    Ok(next.map(date))
}

pub(super) fn outbox(db: &Connection) -> Result<Outbox, Error> {
    let (owed, oldest): (i64, Option<i64>) = db
        .prepare_cached("SELECT count(*), min(at) FROM delivery WHERE state = 'owed'")
        .and_then(|mut s| s.query_row([], |r| Ok((r.get(0)?, r.get(1)?))))
        .map_err(fail("read how the outbox stands"))?;
    Ok(Outbox { owed: owed.unsigned_abs(), oldest: oldest.map(date) })
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
                delivered_at = CASE WHEN ?3 = 'delivered' THEN ifnull(delivered_at, ?7) ELSE delivered_at END
             WHERE notification = ?1 AND channel = ?2",
        )
        .map_err(fail("settle deliveries"))?;
    for s in settlements {
        let settled = (!s.settled.0.is_empty()).then(|| incidents::json(&s.settled)).transpose()?;
        update
            .execute(params![
                s.notification.0,
                s.channel,
                word(s.state),
                micros(s.next),
                s.message.as_ref().map(|m| &m.0),
                s.error,
                micros(s.at),
                settled
            ])
            .map_err(fail("settle deliveries"))?;
    }
    Ok(())
}

pub(super) fn deliveries(db: &Connection, limit: usize) -> Result<Vec<Delivery>, Error> {
    let what = "read deliveries";
    let mut rows = db
        .prepare_cached(
            "SELECT notification, incident, kind, channel, state, attempts, at, delivered_at, error
             FROM delivery ORDER BY at DESC, id DESC LIMIT ?1",
        )
        .map_err(fail(what))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = rows.query_map(params![limit], delivery).map_err(fail(what))?.collect::<Result<_, _>>();
    found.map_err(fail(what))
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        notification: NotificationId(row.get(0)?),
        incident: IncidentId(row.get(1)?),
        kind: row.get(2)?,
        channel: row.get(3)?,
        state: state(&row.get::<_, String>(4)?),
        attempts: row.get(5)?,
        at: date(row.get(6)?),
        delivered_at: row.get::<_, Option<i64>>(7)?.map(date),
        error: row.get(8)?,
    })
}

const fn word(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Owed => "owed",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Refused => "refused",
        DeliveryState::Superseded => "superseded",
    }
}

fn state(word: &str) -> DeliveryState {
    match word {
        "delivered" => DeliveryState::Delivered,
        "refused" => DeliveryState::Refused,
        "superseded" => DeliveryState::Superseded,
        _ => DeliveryState::Owed,
    }
}
