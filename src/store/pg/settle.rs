//! What came of deliveries: begun, settled, shown to people.

use std::borrow::Cow;
use std::collections::BTreeSet;

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use launchwatch_alerts::{IncidentId, NotificationId};
use tokio_postgres::Row;

use super::incidents;
use super::outbox::count;
use super::sql::{Values, date, execute, fail, micros, most, rows, text};
use crate::store::{Delivery, DeliveryState, Error, Settlement};

/// What was under way when the process ended may have arrived.
pub(super) async fn doubt(db: &impl GenericClient) -> Result<(), Error> {
    let sql = "UPDATE delivery SET doubt = TRUE, begun = NULL WHERE begun IS NOT NULL";
    execute(db, "take up what was under way", sql, &[]).await.map(|_| ())
}

/// Gives up what is owed through other channels than these: nobody would ever send it.
pub(super) async fn give_up_others(db: &impl GenericClient, channels: &[String]) -> Result<usize, Error> {
    let sql = "UPDATE delivery SET state = 'refused', error = 'the channel is no longer configured'
         WHERE state = 'owed' AND channel <> ALL($1)";
    let channels: Vec<Cow<'_, str>> = channels.iter().map(|c| text(c)).collect();
    let rows = execute(db, "give up what no channel sends", sql, &[&channels]).await?;
    Ok(usize::try_from(rows).unwrap_or(usize::MAX))
}

/// Notes that deliveries are handed over now. One that was begun before and not settled may have arrived then.
pub(super) async fn begin(
    db: &impl GenericClient,
    channel: &str,
    which: &[NotificationId],
    now: Timestamp,
) -> Result<(), Error> {
    if which.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = which.iter().map(|id| id.0.as_str()).collect();
    let sql = "UPDATE delivery SET doubt = doubt OR begun IS NOT NULL, begun = $3
         WHERE notification = ANY($1) AND channel = $2";
    execute(db, "begin deliveries", sql, &[&ids, &text(channel), &micros(now)]).await.map(|_| ())
}

/// A delivery that was superseded while it was under way stays so if it failed, and is delivered if it was.
pub(super) async fn settle(db: &impl GenericClient, settlements: &[Settlement]) -> Result<(), Error> {
    let mut left: Vec<&Settlement> = settlements.iter().collect();
    // A statement changes a row once: what is settled twice takes two.
    while !left.is_empty() {
        let mut seen = BTreeSet::new();
        let (now, later) = left.into_iter().partition(|s| seen.insert((&s.notification, &s.channel)));
        at_once(db, now).await?;
        left = later;
    }
    Ok(())
}

const SETTLE: &str = "UPDATE delivery d SET
        state = CASE WHEN d.state = 'delivered' OR (d.state = 'superseded' AND s.state = 'owed') THEN d.state ELSE s.state END,
        attempts = d.attempts + CASE WHEN s.state = 'superseded' THEN 0 ELSE 1 END,
        next = s.next,
        message = coalesce(d.message, s.message),
        error = s.error,
        settled = s.settled,
        delivered_at = CASE WHEN s.state = 'delivered' THEN coalesce(d.delivered_at, s.at) ELSE d.delivered_at END,
        begun = NULL,
        refusals = d.refusals + CASE WHEN s.refused THEN 1 ELSE 0 END,
        refused_since = CASE WHEN s.refused THEN coalesce(d.refused_since, s.at) ELSE d.refused_since END
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[],
        $9::boolean[])
        AS s (notification, channel, state, next, message, error, at, settled, refused)
    WHERE d.notification = s.notification AND d.channel = s.channel";

async fn at_once(db: &impl GenericClient, settlements: Vec<&Settlement>) -> Result<(), Error> {
    let all = settlements;
    let ids: Vec<&str> = all.iter().map(|s| s.notification.0.as_str()).collect();
    let channels: Vec<Cow<'_, str>> = all.iter().map(|s| text(&s.channel)).collect();
    let states: Vec<&str> = all.iter().map(|s| s.state.as_str()).collect();
    let next: Vec<i64> = all.iter().map(|s| micros(s.next)).collect();
    let messages: Vec<Option<Cow<'_, str>>> =
        all.iter().map(|s| Some(text(&s.message.as_ref()?.0))).collect();
    let errors: Vec<Option<Cow<'_, str>>> = all.iter().map(|s| Some(text(s.error.as_deref()?))).collect();
    let at: Vec<i64> = all.iter().map(|s| micros(s.at)).collect();
    let some = |s: &&Settlement| (!s.settled.0.is_empty()).then(|| incidents::json(&s.settled)).transpose();
    let settled = all.iter().map(some).collect::<Result<Vec<_>, _>>()?;
    let refused: Vec<bool> = all.iter().map(|s| s.refused).collect();
    let with: Values<'_> = &[&ids, &channels, &states, &next, &messages, &errors, &at, &settled, &refused];
    execute(db, "settle deliveries", SETTLE, with).await.map(|_| ())
}

const COLUMNS: &str =
    "notification, incident, kind, channel, state, attempts, at, delivered_at, error, next, doubt, instead";

pub(super) async fn deliveries(db: &impl GenericClient, limit: usize) -> Result<Vec<Delivery>, Error> {
    read(db, "ORDER BY at DESC, id DESC LIMIT $1", &[&most(limit)]).await
}

/// Of one incident, oldest first.
pub(super) async fn deliveries_of(
    db: &impl GenericClient,
    incident: &IncidentId,
    limit: usize,
) -> Result<Vec<Delivery>, Error> {
    let which = "WHERE incident = $2 ORDER BY at, id LIMIT $1";
    read(db, which, &[&most(limit), &text(&incident.0)]).await
}

/// Through one channel, newest first.
pub(super) async fn deliveries_through(
    db: &impl GenericClient,
    channel: &str,
    limit: usize,
) -> Result<Vec<Delivery>, Error> {
    let which = "WHERE channel = $2 ORDER BY at DESC, id DESC LIMIT $1";
    read(db, which, &[&most(limit), &text(channel)]).await
}

async fn read(db: &impl GenericClient, which: &str, with: Values<'_>) -> Result<Vec<Delivery>, Error> {
    let what = "read deliveries";
    let sql = format!("SELECT {COLUMNS} FROM delivery {which}");
    let found = rows(db, what, &sql, with).await?;
    found.iter().map(delivery).collect::<Result<_, _>>().map_err(fail(what))
}

fn delivery(row: &Row) -> Result<Delivery, tokio_postgres::Error> {
    let state = DeliveryState::named(row.try_get(4)?);
    let next = date(row.try_get(9)?);
    Ok(Delivery {
        notification: NotificationId(row.try_get(0)?),
        incident: IncidentId(row.try_get(1)?),
        kind: row.try_get(2)?,
        channel: row.try_get(3)?,
        state,
        attempts: count(row.try_get(5)?),
        at: date(row.try_get(6)?),
        delivered_at: row.try_get::<_, Option<i64>>(7)?.map(date),
        error: row.try_get(8)?,
        next: (state == DeliveryState::Owed).then_some(next),
        possible_duplicate: row.try_get(10)?,
        instead_of: row.try_get(11)?,
    })
}
