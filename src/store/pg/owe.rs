//! Notifications become owed through their channels: a batch at once.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::GenericClient;
use launchwatch_alerts::{Ear, Notification, NotificationKind as Kind};

use super::incidents;
use super::queues::{Line, Queues, each};
use super::sql::{Values, column, micros, rows};
use crate::store::Error;

/// Keeps notifications in this order; one that is there already stays as it is.
pub(super) async fn owe(db: &impl GenericClient, notifications: &[&Notification]) -> Result<(), Error> {
    if notifications.is_empty() {
        return Ok(());
    }
    let of = each(notifications.iter().map(|n| n.incident.0.as_str()));
    let which = "incident = ANY($1) AND (state = 'owed' OR state = 'delivered' AND instead IS NOT NULL)";
    let with: Values<'_> = &[&of];
    let (mut new, mut queues) = futures::try_join!(keep(db, notifications), Queues::read(db, which, with))?;
    for n in notifications {
        // The first of a name is it.
        if new.remove(&n.id.0) {
            owe_one(&mut queues, n);
        }
    }
    queues.write(db).await
}

/// Keeps the notifications themselves. Answers which were not there.
async fn keep(db: &impl GenericClient, notifications: &[&Notification]) -> Result<BTreeSet<String>, Error> {
    let what = "keep notifications";
    let mut seen = BTreeSet::new();
    let first: Vec<&&Notification> = notifications.iter().filter(|n| seen.insert(&n.id)).collect();
    let ids: Vec<&str> = first.iter().map(|n| n.id.0.as_str()).collect();
    let of: Vec<&str> = first.iter().map(|n| n.incident.0.as_str()).collect();
    let at: Vec<i64> = first.iter().map(|n| micros(n.at)).collect();
    let texts = first.iter().map(incidents::json).collect::<Result<Vec<_>, _>>()?;
    let sql = "INSERT INTO notification (id, incident, at, json) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
         ON CONFLICT (id) DO NOTHING RETURNING id";
    let new = rows(db, what, sql, &[&ids, &of, &at, &texts]).await?;
    new.iter().map(|row| column(row, 0, what)).collect()
}

fn owe_one(queues: &mut Queues, n: &Notification) {
    for ear in &n.to {
        owe_through(queues, n, ear, None);
    }
    if n.kind == Kind::Resolved {
        // Where the trouble was told in the place of a broken channel, its end is told as well.
        let told = queues.of(&n.incident.0).filter(|l| l.owed || l.delivered);
        let mut stood_in: BTreeMap<String, String> = BTreeMap::new();
        for (channel, broken) in told.filter_map(|l| Some((&l.channel, l.instead.as_ref()?))) {
            let of = stood_in.entry(channel.clone()).or_default();
            *of = std::mem::take(of).max(broken.clone());
        }
        for (channel, broken) in stood_in {
            if n.to.iter().all(|ear| ear.channel != channel) {
                owe_through(queues, n, &Ear::now(channel), Some(broken));
            }
        }
    }
}

fn owe_through(queues: &mut Queues, n: &Notification, ear: &Ear, instead: Option<String>) {
    let (incident, channel) = (&n.incident.0, &ear.channel);
    if queues.has(&n.id.0, channel) {
        return;
    }
    // What is not delivered yet is told by this one as well.
    let (mut waits, mut waited) = (None, None);
    if n.kind != Kind::Test {
        for line in queues.owed(incident, channel) {
            waited = waited.into_iter().chain([line.due]).min();
            if line.attempts == 0 {
                waits = waits.max(Some(line.next));
            }
        }
        queues.supersede(incident, channel, |_| true);
    }
    // The end of a trouble that could wait for the end of quiet hours can wait too.
    let waits = waits.filter(|_| n.kind == Kind::Resolved);
    let at = micros(n.at);
    let next = [ear.not_before.map(micros), waits].into_iter().flatten().fold(at, i64::max);
    queues.owe(Line {
        notification: n.id.0.clone(),
        channel: channel.clone(),
        incident: incident.clone(),
        kind: n.kind.as_str().to_owned(),
        at,
        next,
        due: waited.map_or(next, |since| since.min(next)),
        instead,
        ..Line::default()
    });
}
