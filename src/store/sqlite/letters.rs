//! Mails owed to subscribers: written with the change that caused them, told once each.

use std::collections::BTreeSet;

use jiff::Timestamp;
use launchwatch_alerts::{Change, Incident};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::damage::Damaged;
use super::seal::Seal;
use super::{date, fail, incidents, micros, subscribers};
use crate::news::{Reason, Told, Work};
use crate::store::Error;
use crate::store::subscribers::{Came, Link, Mail, OLD_NEWS, is_news};

/// Keeps one mail. What is not told yet about the same is told by it as well.
pub(super) fn owe(db: &Connection, subscriber: i64, told: &Told, now: i64) -> Result<(), Error> {
    let what = "keep a mail";
    db.prepare_cached(
        "UPDATE letter SET state = 'superseded' WHERE subscriber = ?1 AND about = ?2 AND state = 'owed'",
    )
    .and_then(|mut s| s.execute(params![subscriber, told.about]))
    .map_err(fail(what))?;
    let insert = "INSERT INTO letter (subscriber, about, reason, at, told, state, next) VALUES (?1, ?2, ?3, ?4, ?5, 'owed', ?4)";
    let (reason, json) = (told.reason.as_str(), incidents::json(told)?);
    db.prepare_cached(insert)
        .and_then(|mut s| s.execute(params![subscriber, told.about, reason, now, json]))
        .map(|_| ())
        .map_err(fail(what))
}

/// Owes what a batch means to subscribers.
pub(super) fn hear(
    db: &Connection,
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
    for (subscriber, since, wish) in subscribers::confirmed(db)? {
        for (incident, told) in &told {
            if wish.concerns(incident) && news(db, (subscriber, date(since)), incident, told, now)? {
                owe(db, subscriber, told, micros(now))?;
            }
        }
    }
    Ok(())
}

/// Whether this is news to a subscriber.
fn news(
    db: &Connection,
    (subscriber, since): (i64, Timestamp),
    incident: &Incident,
    told: &Told,
    now: Timestamp,
) -> Result<bool, Error> {
    let last: Option<String> = db
        .prepare_cached(
            "SELECT reason FROM letter WHERE subscriber = ?1 AND about = ?2 ORDER BY id DESC LIMIT 1",
        )
        .and_then(|mut s| s.query_row(params![subscriber, told.about], |r| r.get(0)).optional())
        .map_err(fail("read what a subscriber was told"))?;
    Ok(is_news(last.as_deref(), since, incident, told, now))
}

/// Planned work.
pub(super) fn announce(db: &Connection, works: &[Work], now: Timestamp) -> Result<usize, Error> {
    let mut owed = 0;
    let ahead = || works.iter().filter(|w| w.until > now);
    if ahead().next().is_none() {
        return Ok(0);
    }
    for (subscriber, _, wish) in subscribers::confirmed(db)? {
        let concerned = |w: &&Work| wish.targets.as_ref().is_none_or(|t| t.iter().any(|t| w.concerns(t)));
        for work in ahead().filter(concerned) {
            let told = Told::work(work);
            let before = db
                .prepare_cached("SELECT 1 FROM letter WHERE subscriber = ?1 AND about = ?2")
                .and_then(|mut s| s.exists(params![subscriber, told.about]))
                .map_err(fail("read what a subscriber was told"))?;
            if !before {
                owe(db, subscriber, &told, micros(now))?;
                owed += 1;
            }
        }
    }
    Ok(owed)
}

pub(super) fn resume(db: &Connection) -> Result<(), Error> {
    db.execute("UPDATE letter SET doubt = 1, begun = NULL WHERE begun IS NOT NULL AND state = 'owed'", [])
        .map(|_| ())
        .map_err(fail("take up mails that were under way"))
}

/// Gives up what is no news any more.
pub(super) fn give_up(db: &Connection, now: Timestamp) -> Result<(), Error> {
    let before = micros(now).saturating_sub(i64::try_from(OLD_NEWS.as_micros()).unwrap_or(i64::MAX));
    db.prepare_cached(
        "UPDATE letter SET state = 'refused', error = 'it is no news any more' WHERE state = 'owed' AND at < ?1",
    )
    .and_then(|mut s| s.execute([before]))
    .map(|_| ())
    .map_err(fail("give up old news"))
}

pub(super) fn due(
    db: &Connection,
    seal: &Seal,
    now: Timestamp,
    limit: usize,
    damaged: &Damaged,
) -> Result<Vec<Mail>, Error> {
    let what = "read which mails are due";
    let mut rows = db
        .prepare_cached(
            "SELECT l.id, s.handle, s.address, s.wish, l.told, l.at, l.attempts,
                (SELECT min(f.id) FROM letter f WHERE f.subscriber = l.subscriber AND f.about = l.about
                 AND f.state = 'delivered' AND f.reason <> 'confirm')
             FROM letter l JOIN subscriber s ON s.id = l.subscriber
             WHERE l.state = 'owed' AND l.next <= ?1
             ORDER BY l.reason <> 'confirm', l.at, l.id LIMIT ?2",
        )
        .map_err(fail(what))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = rows.query(params![micros(now), limit]).map_err(fail(what))?;
    let mut due = Vec::new();
    while let Some(row) = rows.next().map_err(fail(what))? {
        match mail(seal, row).map_err(fail(what))? {
            Ok(mail) => due.push(mail),
            Err((id, why)) => damaged.note("letter", (id, 0), &why),
        }
    }
    Ok(due)
}

fn mail(seal: &Seal, row: &Row<'_>) -> rusqlite::Result<Result<Mail, (i64, &'static str)>> {
    let (id, handle): (i64, String) = (row.get(0)?, row.get(1)?);
    let Some(address) = seal.unseal_text(&handle, &row.get::<_, Vec<u8>>(2)?) else {
        return Ok(Err((id, "the seal of its address does not open with this key")));
    };
    let wish: Option<String> = row.get(3)?;
    let Ok(told) = serde_json::from_str::<Told>(&row.get::<_, String>(4)?) else {
        return Ok(Err((id, "it cannot be read")));
    };
    let asks = told.reason == Reason::Confirm;
    let confirm = || subscribers::token(seal, Link::Confirm, &handle, wish.as_deref().unwrap_or_default());
    Ok(Ok(Mail {
        id,
        address,
        told,
        at: date(row.get(5)?),
        attempts: row.get(6)?,
        confirm: asks.then(confirm),
        leave: subscribers::token(seal, Link::Leave, &handle, ""),
        first: row.get(7)?,
    }))
}

pub(super) fn next(db: &Connection) -> Result<Option<Timestamp>, Error> {
    let next: Option<i64> = db
        .prepare_cached("SELECT min(next) FROM letter WHERE state = 'owed'")
        .and_then(|mut s| s.query_row([], |r| r.get(0)))
        .map_err(fail("read when a mail is due"))?;
    Ok(next.map(date))
}

pub(super) fn begin(db: &Connection, id: i64, now: Timestamp) -> Result<bool, Error> {
    db.prepare_cached(
        "UPDATE letter SET doubt = doubt OR begun IS NOT NULL, begun = ?2 WHERE id = ?1 AND state = 'owed'",
    )
    .and_then(|mut s| s.execute(params![id, micros(now)]))
    .map(|changed| changed > 0)
    .map_err(fail("begin a mail"))
}

pub(super) fn settle(db: &Connection, id: i64, came: &Came, now: Timestamp) -> Result<(), Error> {
    let (state, next, error) = match came {
        Came::Delivered => ("delivered", now, None),
        Came::Later(at, why) => ("owed", *at, Some(why)),
        Came::Refused(why) => ("refused", now, Some(why)),
    };
    // What something later tells as well stays so if it failed, and is delivered if it was.
    db.prepare_cached(
        "UPDATE letter SET state = iif(state = 'superseded' AND ?2 <> 'delivered', state, ?2), attempts = attempts + 1,
            next = ?3, error = ?4, begun = NULL, delivered_at = iif(?2 = 'delivered', ?5, delivered_at) WHERE id = ?1",
    )
    .and_then(|mut s| s.execute(params![id, state, micros(next), error, micros(now)]))
    .map(|_| ())
    .map_err(fail("settle a mail"))
}

/// Drops what was told long ago; what people were last told of something that lasts stays for long enough.
pub(super) fn prune(db: &Connection, before: i64) -> Result<(), Error> {
    let old = "SELECT id FROM letter WHERE at < ?1 AND state <> 'owed' ORDER BY id LIMIT 1000";
    db.execute(&format!("DELETE FROM letter WHERE id IN ({old})"), [before])
        .map(|_| ())
        .map_err(fail("drop old mails"))
}
