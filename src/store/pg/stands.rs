//! How channels stand, and who tells in the place of one that is broken.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::outbox::count;
use super::queues::{Line, Queues, each};
use super::sql::{Values, date, execute, fail, micros, rows, text};
use crate::store::{Error, Report, Stand};

pub(super) async fn stands(db: &impl GenericClient) -> Result<BTreeMap<String, Stand>, Error> {
    let what = "read how channels stand";
    let sql = "SELECT name, broken, failures, not_before, worked, why FROM channel";
    let found = rows(db, what, sql, &[]).await?;
    found.iter().map(stand).collect::<Result<_, _>>().map_err(fail(what))
}

fn stand(row: &Row) -> Result<(String, Stand), tokio_postgres::Error> {
    let moment = |column: usize| row.try_get::<_, Option<i64>>(column).map(|at| at.map(date));
    let stand = Stand {
        broken: moment(1)?,
        failures: count(row.try_get(2)?),
        not_before: moment(3)?,
        worked: moment(4)?,
        why: row.try_get(5)?,
    };
    Ok((row.try_get(0)?, stand))
}

/// Keeps how a channel stands, and hands over what its fallback is to tell.
pub(super) async fn keep(db: &impl GenericClient, report: &Report) -> Result<usize, Error> {
    let what = "keep how a channel stands";
    let (stand, channel) = (&report.stand, text(&report.channel));
    let sql = "INSERT INTO channel (name, broken, failures, not_before, worked, why) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (name) DO UPDATE SET broken = excluded.broken, failures = excluded.failures,
            not_before = excluded.not_before, worked = excluded.worked, why = excluded.why";
    let moments = (stand.broken.map(micros), stand.not_before.map(micros), stand.worked.map(micros));
    let (failures, why) = (i64::from(stand.failures), stand.why.as_deref().map(text));
    let with: Values<'_> = &[&channel, &moments.0, &failures, &moments.1, &moments.2, &why];
    // What was begun and then left because the channel does not work was never handed over.
    let left = "UPDATE delivery SET begun = NULL WHERE channel = $1 AND begun IS NOT NULL";
    let of_channel: Values<'_> = &[&channel];
    futures::try_join!(execute(db, what, sql, with), execute(db, what, left, of_channel))?;
    match &report.fallback {
        Some(fallback) => hand_over(db, report, fallback).await,
        None => Ok(0),
    }
}

/// Owes through the fallback what the channel owes: all of it while the channel is broken, otherwise what it refuses.
/// A notification is owed once through each channel, so it can neither come twice nor go round in a circle.
async fn hand_over(db: &impl GenericClient, report: &Report, fallback: &str) -> Result<usize, Error> {
    let what = "hand over to a fallback";
    let sql = "SELECT id, notification, incident, kind, at, due FROM delivery
         WHERE state = 'owed' AND channel = $1 AND NOT handed AND ($2::boolean OR refusals > 0) ORDER BY at, id";
    let found = rows(db, what, sql, &[&text(&report.channel), &report.stand.broken.is_some()]).await?;
    if found.is_empty() {
        return Ok(0);
    }
    let all = found.iter().map(owing).collect::<Result<Vec<_>, _>>().map_err(fail(what))?;
    let ids: Vec<i64> = all.iter().filter_map(|line| line.id).collect();
    let (notifications, incidents) =
        (each(all.iter().map(|l| l.notification.as_str())), each(all.iter().map(|l| l.incident.as_str())));
    let which = "channel = $1 AND (notification = ANY($2) OR state = 'owed' AND incident = ANY($3))";
    let mut queues = Queues::read(db, which, &[&text(fallback), &notifications, &incidents]).await?;
    let mut handed = 0;
    for line in &all {
        if instead(&mut queues, line, fallback, report) {
            handed += 1;
        }
    }
    let mark = "UPDATE delivery SET handed = TRUE WHERE id = ANY($1)";
    let with: Values<'_> = &[&ids];
    futures::try_join!(queues.write(db), execute(db, what, mark, with))?;
    Ok(handed)
}

fn owing(row: &Row) -> Result<Line, tokio_postgres::Error> {
    Ok(Line {
        id: row.try_get(0)?,
        notification: row.try_get(1)?,
        incident: row.try_get(2)?,
        kind: row.try_get(3)?,
        at: row.try_get(4)?,
        due: row.try_get(5)?,
        ..Line::default()
    })
}

/// Owes one delivery through the fallback, in the place of what that still owed of the incident; not if it tells of it
/// anyway, or of something later.
fn instead(queues: &mut Queues, line: &Line, fallback: &str, report: &Report) -> bool {
    let later = queues.owed(&line.incident, fallback).any(|other| other.at > line.at);
    if later || queues.has(&line.notification, fallback) {
        return false;
    }
    queues.supersede(&line.incident, fallback, |other| other.kind != "test");
    let due = line.due.max(micros(report.at));
    queues.owe(Line {
        id: None,
        channel: fallback.to_owned(),
        next: due,
        due,
        instead: Some(report.channel.clone()),
        ..line.clone()
    });
    true
}
