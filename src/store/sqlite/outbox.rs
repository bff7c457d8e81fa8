//! What is owed to people: written with the change that caused it, settled when a service took it.

use jiff::Timestamp;
use launchwatch_alerts::{Change, Ear, IncidentId, MessageRef, Notification, NotificationKind as Kind};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::damage::Damaged;
use super::{date, deploys, fail, incidents, micros, silences};
use crate::store::{Backlog, Error, Outbox, Owed, Wanted};

/// Keeps what the engine made of a batch.
pub(super) fn keep(db: &Connection, changes: &[Change]) -> Result<(), Error> {
    changes.iter().try_for_each(|change| match change {
        Change::Alert(alert) => incidents::keep_alert(db, alert),
        Change::Incident(incident) => incidents::keep(db, incident),
        Change::Silence(silence) => silences::keep(db, silence),
        Change::Deploy(deploy) => deploys::keep(db, deploy),
        Change::Hidden(hidden) => silences::hide(db, hidden),
        Change::Notify(notification) => owe(db, notification),
        // For the moment: what comes of it is a run.
        Change::Look(_) => Ok(()),
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
        owe_through(db, n, ear, None)?;
    }
    if n.kind == Kind::Resolved {
        for (channel, broken) in stood_in(db, &n.incident)? {
            // Where the trouble was told in the place of a broken channel, its end is told as well.
            if n.to.iter().all(|ear| ear.channel != channel) {
                owe_through(db, n, &Ear::now(channel), Some(&broken))?;
            }
        }
    }
    Ok(())
}

fn owe_through(db: &Connection, n: &Notification, ear: &Ear, instead: Option<&str>) -> Result<(), Error> {
    let channel = &ear.channel;
    // What is not delivered yet is told by this one as well.
    let (waits, waited) = supersede(db, n, channel)?;
    let next = ear.not_before.map_or(n.at, |at| at.max(n.at)).max(waits.unwrap_or(n.at));
    let due = waited.map_or(next, |since| since.min(next));
    db.prepare_cached(
        "INSERT OR IGNORE INTO delivery (notification, channel, incident, kind, at, state, next, due, instead)
         VALUES (?1, ?2, ?3, ?4, ?5, 'owed', ?6, ?7, ?8)",
    )
    .and_then(|mut s| {
        let (at, next, due) = (micros(n.at), micros(next), micros(due));
        s.execute(params![n.id.0, channel, n.incident.0, n.kind.as_str(), at, next, due, instead])
    })
    .map_err(fail("keep a notification"))?;
    Ok(())
}

/// Channels that told of an incident in the place of broken ones, each once, with one of those.
fn stood_in(db: &Connection, incident: &IncidentId) -> Result<Vec<(String, String)>, Error> {
    let what = "read who told of an incident";
    let mut rows = db
        .prepare_cached(
            "SELECT channel, max(instead) FROM delivery
             WHERE incident = ?1 AND instead IS NOT NULL AND state IN ('owed', 'delivered') GROUP BY channel",
        )
        .map_err(fail(what))?;
    let found = rows.query_map([&incident.0], |r| Ok((r.get(0)?, r.get(1)?))).map_err(fail(what))?;
    found.collect::<Result<_, _>>().map_err(fail(what))
}

/// Drops what the new notification tells as well. Answers when the dropped ones were due, where they waited for
/// the end of quiet hours (the end of a trouble that could wait can wait too), and since when they could have been
/// told.
fn supersede(
    db: &Connection,
    n: &Notification,
    channel: &str,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Error> {
    if n.kind == Kind::Test {
        return Ok((None, None));
    }
    let what = "supersede a notification";
    let (waits, since): (Option<i64>, Option<i64>) = db
        .prepare_cached(
            "SELECT max(iif(attempts = 0, next, NULL)), min(due) FROM delivery
             WHERE state = 'owed' AND incident = ?1 AND channel = ?2",
        )
        .and_then(|mut s| s.query_row(params![n.incident.0, channel], |r| Ok((r.get(0)?, r.get(1)?))))
        .map_err(fail(what))?;
    if since.is_some() {
        db.prepare_cached(
            "UPDATE delivery SET state = 'superseded' WHERE state = 'owed' AND incident = ?1 AND channel = ?2",
        )
        .and_then(|mut s| s.execute(params![n.incident.0, channel]))
        .map_err(fail(what))?;
    }
    Ok((waits.map(date).filter(|_| n.kind == Kind::Resolved), since.map(date)))
}

/// The heads of the queues (one queue an incident and channel): only they may be sent.
const HEADS: &str = "FROM delivery d WHERE d.state = 'owed' AND d.id = (SELECT min(e.id) FROM delivery e
    WHERE e.state = 'owed' AND e.incident = d.incident AND e.channel = d.channel)";

pub(super) fn owed(
    db: &Connection,
    channel: &str,
    now: Timestamp,
    (limit, wanted): (usize, Wanted),
    damaged: &Damaged,
) -> Result<Vec<Owed>, Error> {
    let what = "read what is owed";
    let fresh = if wanted == Wanted::NeverRefused { "AND d.refusals = 0" } else { "" };
    let sql = format!(
        "SELECT d.id, d.channel, d.attempts, (SELECT json FROM notification n WHERE n.id = d.notification),
            (SELECT t.message FROM delivery t WHERE t.incident = d.incident AND t.channel = d.channel
             AND t.message IS NOT NULL AND t.state = 'delivered' ORDER BY t.delivered_at DESC, t.id DESC LIMIT 1),
            d.settled, d.refusals, d.refused_since, d.instead
         {HEADS} AND d.channel = ?2 AND d.next <= ?1 {fresh} ORDER BY d.next, d.at, d.id"
    );
    let mut rows = db.prepare_cached(&sql).map_err(fail(what))?;
    let mut rows = rows.query(params![micros(now), channel]).map_err(fail(what))?;
    let mut owed = Vec::new();
    // By index, in this order: what is not asked for is not read.
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
    let (refusals, refused_since) = (row.get(6)?, row.get::<_, Option<i64>>(7)?.map(date));
    let instead_of = row.get(8)?;
    let one = move |notification| Owed {
        notification,
        channel,
        attempts,
        thread,
        settled,
        refusals,
        refused_since,
        instead_of,
    };
    Ok((row.get(0)?, json, one))
}

pub(super) fn next_owed(db: &Connection, channel: &str) -> Result<Option<Timestamp>, Error> {
    let next: Option<i64> = db
        .prepare_cached(&format!("SELECT d.next {HEADS} AND d.channel = ?1 ORDER BY d.next LIMIT 1"))
        .and_then(|mut s| s.query_row([channel], |r| r.get(0)).optional())
        .map_err(fail("read when something is owed"))?;
    Ok(next.map(date))
}

pub(super) fn outbox(db: &Connection) -> Result<Outbox, Error> {
    let what = "read how the outbox stands";
    let oldest: Option<i64> = db
        .prepare_cached("SELECT min(at) FROM delivery WHERE state = 'owed'")
        .and_then(|mut s| s.query_row([], |r| r.get(0)))
        .map_err(fail(what))?;
    let untold: Option<i64> = db
        .prepare_cached(
            "SELECT d.due FROM delivery d WHERE d.state = 'owed' AND NOT EXISTS (SELECT 1 FROM delivery e
             WHERE e.notification = d.notification AND e.state = 'delivered') ORDER BY d.due LIMIT 1",
        )
        .and_then(|mut s| s.query_row([], |r| r.get(0)).optional())
        .map_err(fail(what))?;
    let mut by_channel = db
        .prepare_cached(
            "SELECT channel, count(*), min(due) FROM delivery WHERE state = 'owed' GROUP BY channel",
        )
        .map_err(fail(what))?;
    let row = |r: &Row<'_>| {
        let owed = r.get::<_, i64>(1)?.unsigned_abs();
        Ok((r.get(0)?, Backlog { owed, due: r.get::<_, Option<i64>>(2)?.map(date) }))
    };
    let channels: std::collections::BTreeMap<String, Backlog> =
        by_channel.query_map([], row).and_then(Iterator::collect).map_err(fail(what))?;
    let owed = channels.values().map(|c| c.owed).sum();
    Ok(Outbox { owed, oldest: oldest.map(date), untold: untold.map(date), channels })
}
