//! Who hears of trouble by e-mail: asked, confirmed, left.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::seal::Seal;
use super::{SqliteStore, fail, letters, micros};
use crate::news::Work;
use crate::store::Error;
use crate::store::subscribers::{
    ASKED_A_DAY, ASKED_AN_HOUR, Came, Link, Mail, Subscribers, UNCONFIRMED, Wish,
};

const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

/// A subscriber as the rows have them.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) handle: String,
    /// What is asked for, JSON.
    wish: Option<String>,
    confirmed: Option<i64>,
    targets: Option<String>,
}

pub(super) fn ask(db: &Connection, seal: &Seal, address: &str, wish: &Wish, now: i64) -> Result<bool, Error> {
    let what = "keep a wish to be told";
    let asked = |id: Option<i64>, since: i64| -> Result<u32, Error> {
        db.prepare_cached(
            "SELECT count(*) FROM letter WHERE reason = 'confirm' AND at > ?2 AND (?1 IS NULL OR subscriber = ?1)",
        )
        .and_then(|mut s| s.query_row(params![id, since], |r| r.get(0)))
        .map_err(fail(what))
    };
    if asked(None, now - HOUR)? >= ASKED_AN_HOUR {
        return Ok(false);
    }
    let finder = seal.sign(&["address", &address.to_lowercase()]);
    let known: Option<(i64, String)> = db
        .query_row("SELECT id, handle FROM subscriber WHERE finder = ?1", [finder.as_slice()], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .optional()
        .map_err(fail(what))?;
    let written = json(wish)?;
    let id = match known {
        Some((id, _)) if asked(Some(id), now - DAY)? >= ASKED_A_DAY => return Ok(false),
        Some((id, handle)) => {
            let sealed = sealed(seal, &handle, address)?;
            let update = "UPDATE subscriber SET wish = ?2, asked = ?3, address = ?4 WHERE id = ?1";
            db.execute(update, params![id, written, now, sealed]).map_err(fail(what))?;
            id
        }
        None => {
            let mac = seal.sign(&["handle", &address.to_lowercase(), &now.to_string()]);
            let handle: String = mac.iter().take(8).map(|b| format!("{b:02x}")).collect();
            let sealed = sealed(seal, &handle, address)?;
            let insert =
                "INSERT INTO subscriber (finder, handle, address, asked, wish) VALUES (?1, ?2, ?3, ?4, ?5)";
            db.execute(insert, params![finder.as_slice(), handle, sealed, now, written])
                .map_err(fail(what))?;
            db.last_insert_rowid()
        }
    };
    letters::owe(db, id, &wish.question(), now)?;
    Ok(true)
}

fn sealed(seal: &Seal, handle: &str, address: &str) -> Result<Vec<u8>, Error> {
    seal.seal_text(handle, address).ok_or_else(|| Error::Corrupt {
        what: "an address to be kept",
        detail: "it could not be sealed: the system gives no random bytes".into(),
    })
}

fn json(wish: &Wish) -> Result<String, Error> {
    super::incidents::json(&wish.targets)
}

/// The last part of a link: who, and what proves that we made it. A confirmation is good for what was asked for.
pub(super) fn token(seal: &Seal, link: Link, handle: &str, wish: &str) -> String {
    let mac = match link {
        Link::Confirm => seal.sign(&["confirm", handle, wish]),
        Link::Leave => seal.sign(&["leave", handle]),
    };
    format!("{handle}-{}", mac.iter().take(20).map(|b| format!("{b:02x}")).collect::<String>())
}

/// Who bears this link, if it is good.
pub(super) fn bearer(db: &Connection, seal: &Seal, link: Link, theirs: &str) -> Result<Option<Row>, Error> {
    let Some((handle, _)) = theirs.split_once('-').filter(|_| theirs.len() < 100) else { return Ok(None) };
    let row = db
        .query_row(
            "SELECT id, handle, wish, confirmed, targets FROM subscriber WHERE handle = ?1",
            [handle],
            |r| {
                Ok(Row {
                    id: r.get(0)?,
                    handle: r.get(1)?,
                    wish: r.get(2)?,
                    confirmed: r.get(3)?,
                    targets: r.get(4)?,
                })
            },
        )
        .optional()
        .map_err(fail("look for a subscriber"))?;
    Ok(row.filter(|row| {
        // Confirmed twice (a second click) is confirmed: then it is good for what was confirmed.
        let asked = row.wish.as_deref().or(row.targets.as_deref()).unwrap_or_default();
        let ours = token(seal, link, &row.handle, asked);
        // Signed again, so that the time it takes tells nothing of where they differ.
        seal.sign(&["same", &ours]) == seal.sign(&["same", theirs])
    }))
}

impl Row {
    /// What they hear of, or would with this link.
    pub(super) fn wish(&self, link: Link) -> Wish {
        match link {
            Link::Confirm => Wish::read(self.wish.as_deref().or(self.targets.as_deref())),
            Link::Leave => Wish::read(self.targets.as_deref().or(self.wish.as_deref())),
        }
    }
}

pub(super) fn confirm(db: &Connection, seal: &Seal, token: &str, now: i64) -> Result<Option<Wish>, Error> {
    let Some(row) = bearer(db, seal, Link::Confirm, token)? else { return Ok(None) };
    if row.wish.is_none() && row.confirmed.is_none() {
        return Ok(None);
    }
    db.execute(
        "UPDATE subscriber SET targets = ifnull(wish, targets), wish = NULL, confirmed = ifnull(confirmed, ?2) WHERE id = ?1",
        params![row.id, now],
    )
    .map_err(fail("confirm a subscription"))?;
    Ok(Some(row.wish(Link::Confirm)))
}

pub(super) fn leave(db: &Connection, seal: &Seal, token: &str) -> Result<bool, Error> {
    let Some(row) = bearer(db, seal, Link::Leave, token)? else { return Ok(false) };
    erase(db, "id = ?1", row.id)?;
    Ok(true)
}

fn erase(db: &Connection, which: &str, value: i64) -> Result<(), Error> {
    let what = "erase a subscriber";
    let letters = format!("DELETE FROM letter WHERE subscriber IN (SELECT id FROM subscriber WHERE {which})");
    db.execute(&letters, [value]).map_err(fail(what))?;
    db.execute(&format!("DELETE FROM subscriber WHERE {which}"), [value]).map(|_| ()).map_err(fail(what))
}

/// Forgets who never confirmed, and wishes that were never confirmed.
pub(super) fn forget(db: &Connection, now: Timestamp) -> Result<(), Error> {
    let before = micros(now).saturating_sub(i64::try_from(UNCONFIRMED.as_micros()).unwrap_or(i64::MAX));
    erase(db, "confirmed IS NULL AND asked < ?1", before)?;
    db.execute("UPDATE subscriber SET wish = NULL WHERE wish IS NOT NULL AND asked < ?1", [before])
        .map(|_| ())
        .map_err(fail("forget a wish"))
}

/// Those who have confirmed: number, when, and what they hear of.
pub(super) fn confirmed(db: &Connection) -> Result<Vec<(i64, i64, Wish)>, Error> {
    let what = "read who is told";
    let mut rows = db
        .prepare_cached(
            "SELECT id, confirmed, targets FROM subscriber WHERE confirmed IS NOT NULL ORDER BY id",
        )
        .map_err(fail(what))?;
    let row = |r: &rusqlite::Row<'_>| {
        Ok((r.get(0)?, r.get(1)?, Wish::read(r.get::<_, Option<String>>(2)?.as_deref())))
    };
    rows.query_map([], row).and_then(Iterator::collect).map_err(fail(what))
}

pub(super) fn count(db: &Connection) -> Result<u64, Error> {
    db.query_row("SELECT count(*) FROM subscriber WHERE confirmed IS NOT NULL", [], |r| r.get(0))
        .map(i64::unsigned_abs)
        .map_err(fail("count subscribers"))
}

#[async_trait]
impl Subscribers for SqliteStore {
    fn hide(&self, targets: BTreeSet<String>) {
        *self.inner.hidden.write().unwrap_or_else(PoisonError::into_inner) = targets;
    }

    async fn ask(&self, address: &str, wish: Wish, now: Timestamp) -> Result<bool, Error> {
        let address = address.to_owned();
        self.change(move |inner, db| ask(db, &inner.seal, &address, &wish, micros(now))).await
    }

    async fn wish_of(&self, link: Link, token: &str) -> Result<Option<Wish>, Error> {
        let token = token.to_owned();
        let found = self.read(move |inner, db, _| bearer(db, &inner.seal, link, &token)).await?;
        Ok(found.map(|row| row.wish(link)))
    }

    async fn confirm(&self, token: &str, now: Timestamp) -> Result<Option<Wish>, Error> {
        let token = token.to_owned();
        self.change(move |inner, db| confirm(db, &inner.seal, &token, micros(now))).await
    }

    async fn leave(&self, token: &str) -> Result<bool, Error> {
        let token = token.to_owned();
        self.change(move |inner, db| leave(db, &inner.seal, &token)).await
    }

    async fn announce(&self, works: &[Work], now: Timestamp) -> Result<usize, Error> {
        let works = works.to_vec();
        self.change(move |_, db| letters::announce(db, &works, now)).await
    }

    async fn resume_mails(&self) -> Result<(), Error> {
        self.change(|_, db| letters::resume(db)).await
    }

    async fn mails(&self, now: Timestamp, limit: usize) -> Result<Vec<Mail>, Error> {
        self.change(move |inner, db| {
            letters::give_up(db, now)?;
            letters::due(db, &inner.seal, now, limit, &inner.damaged)
        })
        .await
    }

    async fn next_mail(&self) -> Result<Option<Timestamp>, Error> {
        self.read(|_, db, _| letters::next(db)).await
    }

    async fn begin_mail(&self, id: i64, now: Timestamp) -> Result<bool, Error> {
        self.change(move |_, db| letters::begin(db, id, now)).await
    }

    async fn settle_mail(&self, id: i64, came: Came, now: Timestamp) -> Result<(), Error> {
        self.change(move |_, db| letters::settle(db, id, &came, now)).await
    }

    async fn subscriber_count(&self) -> Result<u64, Error> {
        self.read(|_, db, _| count(db)).await
    }
}
