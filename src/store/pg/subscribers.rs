//! Who hears of trouble by e-mail: asked, confirmed, left. Any replica is asked.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::lane::{read, write_fenced, write_open};
use super::sql::{Values, column, execute, maybe, micros, one, rows};
use super::{PgStore, incidents, letters};
use crate::news::Work;
use crate::store::Error;
use crate::store::seal::Seal;
use crate::store::subscribers::{
    ASKED_A_DAY, ASKED_AN_HOUR, Came, Link, Mail, Subscribers, UNCONFIRMED, Wish,
};

const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

/// Held by who takes in a wish: the limits count what others took in, so one follows the other.
const ONE_BY_ONE: i64 = 0x6c61_756e_6368_7702;

/// A subscriber as the rows have them.
pub(super) struct Bearer {
    id: i64,
    handle: String,
    /// What is asked for, JSON.
    wish: Option<String>,
    confirmed: Option<i64>,
    targets: Option<String>,
}

pub(super) async fn ask(
    db: &impl GenericClient,
    seal: &Seal,
    address: &str,
    wish: &Wish,
    now: i64,
) -> Result<bool, Error> {
    let what = "keep a wish to be told";
    execute(db, what, "SELECT pg_advisory_xact_lock($1)", &[&ONE_BY_ONE]).await?;
    let all = "SELECT count(*) FROM letter WHERE reason = 'confirm' AND at > $1";
    if asked(&one(db, what, all, &[&(now - HOUR)]).await?, what)? >= i64::from(ASKED_AN_HOUR) {
        return Ok(false);
    }
    let finder = seal.sign(&["address", &address.to_lowercase()]);
    // Held, so that who leaves at the same moment leaves before or after.
    let known = "SELECT id, handle FROM subscriber WHERE finder = $1 FOR UPDATE";
    let known = maybe(db, what, known, &[&finder]).await?;
    let written = json(wish)?;
    let id = match known {
        Some(row) => {
            let (id, handle): (i64, String) = (column(&row, 0, what)?, column(&row, 1, what)?);
            let own = "SELECT count(*) FROM letter WHERE reason = 'confirm' AND at > $1 AND subscriber = $2";
            if asked(&one(db, what, own, &[&(now - DAY), &id]).await?, what)? >= i64::from(ASKED_A_DAY) {
                return Ok(false);
            }
            let sealed = sealed(seal, &handle, address)?;
            let update = "UPDATE subscriber SET wish = $2, asked = $3, address = $4 WHERE id = $1";
            execute(db, what, update, &[&id, &written, &now, &sealed]).await?;
            id
        }
        None => {
            let mac = seal.sign(&["handle", &address.to_lowercase(), &now.to_string()]);
            let handle: String = mac.iter().take(8).map(|b| format!("{b:02x}")).collect();
            let sealed = sealed(seal, &handle, address)?;
            let insert = "INSERT INTO subscriber (finder, handle, address, asked, wish)
                 VALUES ($1, $2, $3, $4, $5) RETURNING id";
            let with: Values<'_> = &[&finder, &handle, &sealed, &now, &written];
            column(&one(db, what, insert, with).await?, 0, what)?
        }
    };
    letters::owe(db, &[(id, &wish.question())], now).await?;
    Ok(true)
}

fn asked(row: &Row, what: &'static str) -> Result<i64, Error> {
    column(row, 0, what)
}

fn sealed(seal: &Seal, handle: &str, address: &str) -> Result<Vec<u8>, Error> {
    seal.seal_text(handle, address).ok_or_else(|| Error::Corrupt {
        what: "an address to be kept",
        detail: "it could not be sealed: the system gives no random bytes".into(),
    })
}

fn json(wish: &Wish) -> Result<String, Error> {
    incidents::json(&wish.targets)
}

/// The last part of a link: who, and what proves that we made it. A confirmation is good for what was asked for.
pub(super) fn token(seal: &Seal, link: Link, handle: &str, wish: &str) -> String {
    let mac = match link {
        Link::Confirm => seal.sign(&["confirm", handle, wish]),
        Link::Leave => seal.sign(&["leave", handle]),
    };
    format!("{handle}-{}", mac.iter().take(20).map(|b| format!("{b:02x}")).collect::<String>())
}

/// Who bears this link, if it is good. `hold`: until the end of the transaction they stay as they are.
pub(super) async fn bearer(
    db: &impl GenericClient,
    seal: &Seal,
    (link, hold): (Link, bool),
    theirs: &str,
) -> Result<Option<Bearer>, Error> {
    let what = "look for a subscriber";
    let ours = |handle: &str| handle.bytes().all(|b| b.is_ascii_hexdigit());
    let Some((handle, _)) = theirs.split_once('-').filter(|(h, _)| theirs.len() < 100 && ours(h)) else {
        return Ok(None);
    };
    let hold = if hold { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT id, handle, wish, confirmed, targets FROM subscriber WHERE handle = $1{hold}");
    let Some(row) = maybe(db, what, &sql, &[&handle]).await? else { return Ok(None) };
    let row = Bearer {
        id: column(&row, 0, what)?,
        handle: column(&row, 1, what)?,
        wish: column(&row, 2, what)?,
        confirmed: column(&row, 3, what)?,
        targets: column(&row, 4, what)?,
    };
    // Confirmed twice (a second click) is confirmed: then it is good for what was confirmed.
    let asked = row.wish.as_deref().or(row.targets.as_deref()).unwrap_or_default();
    let ours = token(seal, link, &row.handle, asked);
    // Signed again, so that the time it takes tells nothing of where they differ.
    let same = seal.sign(&["same", &ours]) == seal.sign(&["same", theirs]);
    Ok(same.then_some(row))
}

impl Bearer {
    /// What they hear of, or would with this link.
    pub(super) fn wish(&self, link: Link) -> Wish {
        match link {
            Link::Confirm => Wish::read(self.wish.as_deref().or(self.targets.as_deref())),
            Link::Leave => Wish::read(self.targets.as_deref().or(self.wish.as_deref())),
        }
    }
}

pub(super) async fn confirm(
    db: &impl GenericClient,
    seal: &Seal,
    token: &str,
    now: i64,
) -> Result<Option<Wish>, Error> {
    let Some(row) = bearer(db, seal, (Link::Confirm, true), token).await? else { return Ok(None) };
    if row.wish.is_none() && row.confirmed.is_none() {
        return Ok(None);
    }
    let sql = "UPDATE subscriber SET targets = coalesce(wish, targets), wish = NULL,
            confirmed = coalesce(confirmed, $2) WHERE id = $1";
    execute(db, "confirm a subscription", sql, &[&row.id, &now]).await?;
    Ok(Some(row.wish(Link::Confirm)))
}

/// Their mails go with them.
pub(super) async fn leave(db: &impl GenericClient, seal: &Seal, token: &str) -> Result<bool, Error> {
    let Some(row) = bearer(db, seal, (Link::Leave, true), token).await? else { return Ok(false) };
    let sql = "DELETE FROM subscriber WHERE id = $1";
    execute(db, "erase a subscriber", sql, &[&row.id]).await?;
    Ok(true)
}

/// Forgets who never confirmed, and wishes that were never confirmed.
pub(super) async fn forget(db: &impl GenericClient, now: Timestamp) -> Result<(), Error> {
    let before = micros(now).saturating_sub(i64::try_from(UNCONFIRMED.as_micros()).unwrap_or(i64::MAX));
    let never = "DELETE FROM subscriber WHERE confirmed IS NULL AND asked < $1";
    execute(db, "erase a subscriber", never, &[&before]).await?;
    let old = "UPDATE subscriber SET wish = NULL WHERE wish IS NOT NULL AND asked < $1";
    execute(db, "forget a wish", old, &[&before]).await.map(|_| ())
}

/// Those who have confirmed: number, when, and what they hear of.
pub(super) async fn confirmed(db: &impl GenericClient) -> Result<Vec<(i64, i64, Wish)>, Error> {
    let what = "read who is told";
    let sql = "SELECT id, confirmed, targets FROM subscriber WHERE confirmed IS NOT NULL ORDER BY id";
    let read = |row: &Row| {
        Ok((column(row, 0, what)?, column(row, 1, what)?, Wish::read(column::<Option<&str>>(row, 2, what)?)))
    };
    rows(db, what, sql, &[]).await?.iter().map(read).collect()
}

async fn number(db: &impl GenericClient) -> Result<u64, Error> {
    let what = "count subscribers";
    let sql = "SELECT count(*) FROM subscriber WHERE confirmed IS NOT NULL";
    column::<i64>(&one(db, what, sql, &[]).await?, 0, what).map(i64::unsigned_abs)
}

#[async_trait]
impl Subscribers for PgStore {
    fn hide(&self, targets: BTreeSet<String>) {
        *self.inner.hidden.write().unwrap_or_else(PoisonError::into_inner) = targets;
    }

    async fn ask(&self, address: &str, wish: Wish, now: Timestamp) -> Result<bool, Error> {
        write_open!(self, |db| ask(db, &self.inner.seal, address, &wish, micros(now)))
    }

    async fn wish_of(&self, link: Link, token: &str) -> Result<Option<Wish>, Error> {
        let found: Option<Bearer> = read!(self, |db| bearer(db, &self.inner.seal, (link, false), token))?;
        Ok(found.map(|row| row.wish(link)))
    }

    async fn confirm(&self, token: &str, now: Timestamp) -> Result<Option<Wish>, Error> {
        write_open!(self, |db| confirm(db, &self.inner.seal, token, micros(now)))
    }

    async fn leave(&self, token: &str) -> Result<bool, Error> {
        write_open!(self, |db| leave(db, &self.inner.seal, token))
    }

    async fn announce(&self, works: &[Work], now: Timestamp) -> Result<usize, Error> {
        write_fenced!(self, |db| letters::announce(db, works, now))
    }

    async fn resume_mails(&self) -> Result<(), Error> {
        write_fenced!(self, |db| letters::resume(db))
    }

    async fn mails(&self, now: Timestamp, limit: usize) -> Result<Vec<Mail>, Error> {
        write_fenced!(self, |db| async {
            letters::give_up(db, now).await?;
            letters::due(db, &self.inner.seal, now, limit, &self.inner.damaged).await
        })
    }

    async fn next_mail(&self) -> Result<Option<Timestamp>, Error> {
        read!(self, |db| letters::next(db))
    }

    async fn begin_mail(&self, id: i64, now: Timestamp) -> Result<bool, Error> {
        write_fenced!(self, |db| letters::begin(db, id, now))
    }

    async fn settle_mail(&self, id: i64, came: Came, now: Timestamp) -> Result<(), Error> {
        write_fenced!(self, |db| letters::settle(db, id, &came, now))
    }

    async fn subscriber_count(&self) -> Result<u64, Error> {
        read!(self, |db| number(db))
    }
}
