//! Mails owed to subscribers: written with the change that caused them, told once each.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use launchwatch_alerts::{Change, Incident};
use tokio_postgres::Row;

use super::outbox::count;
use super::sql::{Values, column, date, execute, maybe, micros, most, rows, text};
use super::{incidents, subscribers};
use crate::news::{Reason, Told, Work};
use crate::store::Error;
use crate::store::damage::Damaged;
use crate::store::seal::Seal;
use crate::store::subscribers::{Came, Link, Mail, OLD_NEWS, Wish, is_news};

/// Keeps mails, in this order. What is not told yet to somebody about the same is told by the last of them as well. Who
/// has left meanwhile, at another replica, is owed nothing; who is about to leave takes along what is written here.
pub(super) async fn owe(db: &impl GenericClient, mails: &[(i64, &Told)], now: i64) -> Result<(), Error> {
    let what = "keep mails";
    if mails.is_empty() {
        return Ok(());
    }
    let to: Vec<i64> = mails.iter().map(|m| m.0).collect();
    let about: Vec<_> = mails.iter().map(|m| text(&m.1.about)).collect();
    let reasons: Vec<&str> = mails.iter().map(|m| m.1.reason.as_str()).collect();
    let told = mails.iter().map(|m| incidents::json(m.1)).collect::<Result<Vec<_>, _>>()?;
    let mut seen = BTreeSet::new();
    let mut states: Vec<&str> = mails.iter().rev().map(|m| last(&mut seen, m)).collect();
    states.reverse();
    let before = "UPDATE letter l SET state = 'superseded' FROM unnest($1::bigint[], $2::text[]) AS m (subscriber, about)
         WHERE l.subscriber = m.subscriber AND l.about = m.about AND l.state = 'owed'";
    execute(db, what, before, &[&to, &about]).await?;
    let sql = "INSERT INTO letter (subscriber, about, reason, at, told, state, next)
         SELECT s.id, m.about, m.reason, $6, m.told, m.state, $6
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
            AS m (subscriber, about, reason, told, state, place)
         JOIN subscriber s ON s.id = m.subscriber ORDER BY m.place FOR KEY SHARE OF s";
    let with: Values<'_> = &[&to, &about, &reasons, &told, &states, &now];
    execute(db, what, sql, with).await.map(|_| ())
}

/// The state of a mail; asked for the last one first.
fn last<'a>(seen: &mut BTreeSet<(i64, &'a str)>, (to, told): &(i64, &'a Told)) -> &'static str {
    if seen.insert((*to, &told.about)) { "owed" } else { "superseded" }
}

/// Owes what a batch means to subscribers.
pub(super) async fn hear(
    db: &impl GenericClient,
    hidden: &BTreeSet<String>,
    changes: &[Change],
    now: Timestamp,
) -> Result<(), Error> {
    let incidents = changes.iter().filter_map(|change| match change {
        Change::Incident(incident) => crate::news::public(incident, |target| !hidden.contains(target)),
        _ => None,
    });
    let told: Vec<(Incident, Told)> =
        incidents.filter_map(|i| Told::incident(&i).map(|told| (i, told))).collect();
    if told.is_empty() {
        return Ok(());
    }
    let readers = subscribers::confirmed(db).await?;
    let concerned = |wish: &Wish| told.iter().filter(|(i, _)| wish.concerns(i)).collect::<Vec<_>>();
    let pairs = readers
        .iter()
        .flat_map(|(id, since, wish)| concerned(wish).into_iter().map(|told| (*id, *since, told)))
        .collect::<Vec<_>>();
    let mut last = last_told(db, pairs.iter().map(|(id, _, (_, told))| (*id, told.about.as_str()))).await?;
    let mut mails = Vec::new();
    for (id, since, (incident, told)) in &pairs {
        let key = (*id, told.about.as_str());
        if is_news(last.get(&key).map(String::as_str), date(*since), incident, told, now) {
            last.insert(key, told.reason.as_str().to_owned());
            mails.push((*id, told));
        }
    }
    owe(db, &mails, micros(now)).await
}

/// What subscribers were last told about things, where they were told anything.
async fn last_told<'a>(
    db: &impl GenericClient,
    pairs: impl Iterator<Item = (i64, &'a str)>,
) -> Result<BTreeMap<(i64, &'a str), String>, Error> {
    let what = "read what subscribers were told";
    let pairs: Vec<(i64, &str)> = pairs.collect();
    if pairs.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (to, about): (Vec<i64>, Vec<_>) = pairs.iter().map(|(id, about)| (*id, text(about))).unzip();
    let sql = "SELECT (SELECT l.reason FROM letter l WHERE l.subscriber = m.subscriber AND l.about = m.about
            ORDER BY l.id DESC LIMIT 1)
         FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS m (subscriber, about, place) ORDER BY place";
    let mut last = BTreeMap::new();
    for (pair, row) in pairs.into_iter().zip(rows(db, what, sql, &[&to, &about]).await?) {
        if let Some(reason) = column::<Option<String>>(&row, 0, what)? {
            last.insert(pair, reason);
        }
    }
    Ok(last)
}

/// Planned work.
pub(super) async fn announce(
    db: &impl GenericClient,
    works: &[Work],
    now: Timestamp,
) -> Result<usize, Error> {
    let ahead: Vec<(&Work, Told)> =
        works.iter().filter(|w| w.until > now).map(|w| (w, Told::work(w))).collect();
    if ahead.is_empty() {
        return Ok(0);
    }
    let concerned = |wish: &Wish, work: &Work| {
        wish.targets.as_ref().is_none_or(|targets| targets.iter().any(|target| work.concerns(target)))
    };
    let readers = subscribers::confirmed(db).await?;
    let mut pairs = Vec::new();
    for (id, _, wish) in &readers {
        pairs.extend(ahead.iter().filter(|(work, _)| concerned(wish, work)).map(|(_, told)| (*id, told)));
    }
    let mut before = last_told(db, pairs.iter().map(|(id, told)| (*id, told.about.as_str()))).await?;
    pairs.retain(|(id, told)| before.insert((*id, told.about.as_str()), String::new()).is_none());
    owe(db, &pairs, micros(now)).await?;
    Ok(pairs.len())
}

pub(super) async fn resume(db: &impl GenericClient) -> Result<(), Error> {
    let sql = "UPDATE letter SET doubt = TRUE, begun = NULL WHERE begun IS NOT NULL AND state = 'owed'";
    execute(db, "take up mails that were under way", sql, &[]).await.map(|_| ())
}

/// Gives up what is no news any more.
pub(super) async fn give_up(db: &impl GenericClient, now: Timestamp) -> Result<(), Error> {
    let before = micros(now).saturating_sub(i64::try_from(OLD_NEWS.as_micros()).unwrap_or(i64::MAX));
    let sql = "UPDATE letter SET state = 'refused', error = 'it is no news any more' WHERE state = 'owed' AND at < $1";
    execute(db, "give up old news", sql, &[&before]).await.map(|_| ())
}

pub(super) async fn due(
    db: &impl GenericClient,
    seal: &Seal,
    now: Timestamp,
    limit: usize,
    damaged: &Damaged,
) -> Result<Vec<Mail>, Error> {
    let what = "read which mails are due";
    let sql = "SELECT l.id, s.handle, s.address, s.wish, l.told, l.at, l.attempts,
            (SELECT min(f.id) FROM letter f WHERE f.subscriber = l.subscriber AND f.about = l.about
             AND f.state = 'delivered' AND f.reason <> 'confirm')
         FROM letter l JOIN subscriber s ON s.id = l.subscriber
         WHERE l.state = 'owed' AND l.next <= $1
         ORDER BY l.reason <> 'confirm', l.at, l.id LIMIT $2";
    let mut due = Vec::new();
    for row in rows(db, what, sql, &[&micros(now), &most(limit)]).await? {
        match mail(seal, &row, what)? {
            Ok(mail) => due.push(mail),
            Err((id, why)) => damaged.note("letter", (id, 0), &why),
        }
    }
    Ok(due)
}

fn mail(seal: &Seal, row: &Row, what: &'static str) -> Result<Result<Mail, (i64, &'static str)>, Error> {
    let (id, handle): (i64, String) = (column(row, 0, what)?, column(row, 1, what)?);
    let Some(address) = seal.unseal_text(&handle, column(row, 2, what)?) else {
        return Ok(Err((id, "the seal of its address does not open with this key")));
    };
    let wish: Option<&str> = column(row, 3, what)?;
    let Ok(told) = serde_json::from_str::<Told>(column(row, 4, what)?) else {
        return Ok(Err((id, "it cannot be read")));
    };
    let asks = told.reason == Reason::Confirm;
    let confirm = || subscribers::token(seal, Link::Confirm, &handle, wish.unwrap_or_default());
    Ok(Ok(Mail {
        id,
        address,
        told,
        at: date(column(row, 5, what)?),
        attempts: count(column(row, 6, what)?),
        confirm: asks.then(confirm),
        leave: subscribers::token(seal, Link::Leave, &handle, ""),
        first: column(row, 7, what)?,
    }))
}

pub(super) async fn next(db: &impl GenericClient) -> Result<Option<Timestamp>, Error> {
    let what = "read when a mail is due";
    let row = maybe(db, what, "SELECT min(next) FROM letter WHERE state = 'owed'", &[]).await?;
    let next = row.map(|row| column::<Option<i64>>(&row, 0, what)).transpose()?;
    Ok(next.flatten().map(date))
}

pub(super) async fn begin(db: &impl GenericClient, id: i64, now: Timestamp) -> Result<bool, Error> {
    let sql =
        "UPDATE letter SET doubt = doubt OR begun IS NOT NULL, begun = $2 WHERE id = $1 AND state = 'owed'";
    Ok(execute(db, "begin a mail", sql, &[&id, &micros(now)]).await? > 0)
}

pub(super) async fn settle(
    db: &impl GenericClient,
    id: i64,
    came: &Came,
    now: Timestamp,
) -> Result<(), Error> {
    let (state, next, error) = match came {
        Came::Delivered => ("delivered", now, None),
        Came::Later(at, why) => ("owed", *at, Some(text(why))),
        Came::Refused(why) => ("refused", now, Some(text(why))),
    };
    // What something later tells as well stays so if it failed, and is delivered if it was.
    let sql = "UPDATE letter SET
            state = CASE WHEN state = 'superseded' AND $2::text <> 'delivered' THEN state ELSE $2 END,
            attempts = attempts + 1, next = $3, error = $4, begun = NULL,
            delivered_at = CASE WHEN $2 = 'delivered' THEN $5 ELSE delivered_at END WHERE id = $1";
    let with: Values<'_> = &[&id, &state, &micros(next), &error, &micros(now)];
    execute(db, "settle a mail", sql, with).await.map(|_| ())
}
