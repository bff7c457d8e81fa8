//! What is owed to people: written with the change that caused it, settled when a service took it.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use launchwatch_alerts::{Change, MessageRef};
use tokio_postgres::Row;

use super::sql::{column, date, fail, maybe, micros, most, rows, text};
use super::{deploys, incidents, owe, silences};
use crate::store::damage::Damaged;
use crate::store::{Backlog, Error, Outbox, Owed, Wanted};

/// Keeps what the engine made of a batch. What does not depend on one another is asked for at once: all of it costs as
/// many round trips as the longest of it.
pub(super) async fn keep(db: &impl GenericClient, changes: &[Change]) -> Result<(), Error> {
    let (mut alerts, mut troubles, mut wishes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut builds, mut hidden, mut notifications) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Alert(alert) => alerts.push(alert),
            Change::Incident(incident) => troubles.push(incident),
            Change::Silence(silence) => wishes.push(silence),
            Change::Deploy(deploy) => builds.push(deploy),
            Change::Hidden(one) => hidden.push(one),
            Change::Notify(notification) => notifications.push(notification),
            // For the moment: what comes of it is a run.
            Change::Look(_) => {}
        }
    }
    futures::try_join!(
        incidents::keep_alerts(db, &alerts),
        incidents::keep(db, &troubles),
        silences::keep(db, &wishes),
        deploys::keep(db, &builds),
        silences::hide(db, &hidden),
        owe::owe(db, &notifications),
    )?;
    Ok(())
}

/// The heads of the queues (one queue an incident and channel): only they may be sent.
const HEADS: &str = "FROM delivery d WHERE d.state = 'owed' AND d.id = (SELECT min(e.id) FROM delivery e
    WHERE e.state = 'owed' AND e.incident = d.incident AND e.channel = d.channel)";

pub(super) async fn owed(
    db: &impl GenericClient,
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
             AND t.message IS NOT NULL AND t.state = 'delivered'
             ORDER BY t.delivered_at DESC NULLS LAST, t.id DESC LIMIT 1),
            d.settled, d.refusals, d.refused_since, d.instead
         {HEADS} AND d.channel = $2 AND d.next <= $1 {fresh} ORDER BY d.next, d.at, d.id LIMIT $3"
    );
    let mut unreadable = 0;
    loop {
        // In the place of what cannot be read comes what is due next.
        let asked = limit.saturating_add(unreadable);
        let found = rows(db, what, &sql, &[&micros(now), &text(channel), &most(asked)]).await?;
        let (mut owed, all) = (Vec::new(), found.len());
        for row in found {
            match one_owed(&row).map_err(fail(what))? {
                Ok(one) => owed.push(one),
                Err((id, e)) => damaged.note("delivery", (id, 0), &e),
            }
        }
        let missing = all - owed.len();
        if all < asked || missing <= unreadable {
            owed.truncate(limit);
            return Ok(owed);
        }
        unreadable = missing;
    }
}

type Read<T> = Result<Result<T, (i64, serde_json::Error)>, tokio_postgres::Error>;

fn one_owed(row: &Row) -> Read<Owed> {
    let json = row.try_get::<_, Option<&str>>(3)?.unwrap_or_default();
    let notification = match serde_json::from_str(json) {
        Ok(notification) => notification,
        Err(e) => return Ok(Err((row.try_get(0)?, e))),
    };
    let settled = row.try_get::<_, Option<&str>>(5)?.and_then(|j| serde_json::from_str(j).ok());
    Ok(Ok(Owed {
        notification,
        channel: row.try_get(1)?,
        attempts: count(row.try_get(2)?),
        thread: row.try_get::<_, Option<String>>(4)?.map(MessageRef),
        settled: settled.unwrap_or_default(),
        refusals: count(row.try_get(6)?),
        refused_since: row.try_get::<_, Option<i64>>(7)?.map(date),
        instead_of: row.try_get(8)?,
    }))
}

/// A count as it is kept.
pub(super) fn count(kept: i64) -> u32 {
    u32::try_from(kept).unwrap_or(u32::MAX)
}

pub(super) async fn next_owed(db: &impl GenericClient, channel: &str) -> Result<Option<Timestamp>, Error> {
    let what = "read when something is owed";
    let sql = format!("SELECT d.next {HEADS} AND d.channel = $1 ORDER BY d.next LIMIT 1");
    let row = maybe(db, what, &sql, &[&text(channel)]).await?;
    row.map(|row| column(&row, 0, what).map(date)).transpose()
}

pub(super) async fn outbox(db: &impl GenericClient) -> Result<Outbox, Error> {
    let what = "read how the outbox stands";
    let untold =
        "SELECT d.due FROM delivery d WHERE d.state = 'owed' AND NOT EXISTS (SELECT 1 FROM delivery e
         WHERE e.notification = d.notification AND e.state = 'delivered') ORDER BY d.due LIMIT 1";
    let by_channel =
        "SELECT channel, count(*), min(due), min(at) FROM delivery WHERE state = 'owed' GROUP BY channel";
    let (untold, found) = futures::try_join!(maybe(db, what, untold, &[]), rows(db, what, by_channel, &[]))?;
    let untold = untold.map(|row| column(&row, 0, what)).transpose()?.map(date);
    let mut outbox = Outbox { untold, ..Outbox::default() };
    for row in found {
        let owed = column::<i64>(&row, 1, what)?.unsigned_abs();
        let due = column::<Option<i64>>(&row, 2, what)?.map(date);
        let oldest = column::<Option<i64>>(&row, 3, what)?.map(date);
        outbox.owed += owed;
        outbox.oldest = outbox.oldest.into_iter().chain(oldest).min();
        outbox.channels.insert(column(&row, 0, what)?, Backlog { owed, due });
    }
    Ok(outbox)
}
