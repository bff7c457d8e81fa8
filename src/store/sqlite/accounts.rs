//! Sessions, tokens of programs, and the record of what was done.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{SqliteStore, date, fail, micros};
use crate::store::{Accounts, ApiToken, AuditQuery, AuditRow, Digest, Error, Role, Session};

#[async_trait]
impl Accounts for SqliteStore {
    async fn open_session(&self, session: Session) -> Result<(), Error> {
        self.change(move |_, db| open_session(db, &session)).await
    }

    async fn session(&self, digest: Digest, now: Timestamp) -> Result<Option<Session>, Error> {
        self.read(move |_, db, _| session(db, digest, now)).await
    }

    async fn close_session(&self, digest: Digest) -> Result<bool, Error> {
        self.change(move |_, db| {
            let gone = db.execute("DELETE FROM session WHERE digest = ?1", [digest.0]);
            gone.map(|rows| rows > 0).map_err(fail("end a session"))
        })
        .await
    }

    async fn make_token(&self, token: ApiToken, digest: Digest, row: AuditRow) -> Result<(), Error> {
        self.change(move |_, db| {
            make_token(db, &token, digest)?;
            keep_audit(db, &[row])
        })
        .await
    }

    async fn token(&self, digest: Digest) -> Result<Option<ApiToken>, Error> {
        self.read(move |_, db, _| {
            let sql = format!("SELECT {COLUMNS} FROM token WHERE digest = ?1");
            db.prepare_cached(&sql)
                .and_then(|mut s| s.query_row([digest.0], token).optional())
                .map_err(fail("read a token"))
        })
        .await
    }

    async fn tokens(&self, limit: usize) -> Result<Vec<ApiToken>, Error> {
        self.read(move |_, db, _| {
            let sql = format!("SELECT {COLUMNS} FROM token ORDER BY created DESC, id LIMIT ?1");
            let rows = |s: &mut rusqlite::CachedStatement<'_>| s.query_map([most(limit)], token)?.collect();
            db.prepare_cached(&sql).and_then(|mut s| rows(&mut s)).map_err(fail("read tokens"))
        })
        .await
    }

    async fn token_used(&self, id: &str, minute: Timestamp) -> Result<(), Error> {
        let id = id.to_owned();
        self.change(move |_, db| {
            let later = "UPDATE token SET used = ?2 WHERE id = ?1 AND (used IS NULL OR used < ?2)";
            db.execute(later, params![id, micros(minute)])
                .map(|_| ())
                .map_err(fail("note the use of a token"))
        })
        .await
    }

    async fn revoke_token(&self, id: &str, row: AuditRow) -> Result<Option<ApiToken>, Error> {
        let id = id.to_owned();
        self.change(move |_, db| {
            let what = "take a token back";
            let first = "UPDATE token SET revoked = ?2, revoked_by = ?3 WHERE id = ?1 AND revoked IS NULL";
            if db.execute(first, params![id, micros(row.at), row.who]).map_err(fail(what))? > 0 {
                keep_audit(db, &[row])?;
            }
            let sql = format!("SELECT {COLUMNS} FROM token WHERE id = ?1");
            db.query_row(&sql, [id], token).optional().map_err(fail(what))
        })
        .await
    }

    async fn audit(&self, row: AuditRow) -> Result<(), Error> {
        self.change(move |_, db| keep_audit(db, &[row])).await
    }

    async fn audited(&self, query: &AuditQuery) -> Result<Vec<(i64, AuditRow)>, Error> {
        let query = query.clone();
        self.read(move |_, db, _| audited(db, &query).map_err(fail("read the record"))).await
    }
}

const COLUMNS: &str = "id, name, role, created_by, created, expires, used, revoked, revoked_by, location";

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn open_session(db: &Connection, session: &Session) -> Result<(), Error> {
    db.execute(
        "INSERT INTO session (digest, person, role, provider, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            session.digest.0,
            session.person,
            session.role.as_str(),
            session.provider,
            micros(session.created),
            micros(session.expires)
        ],
    )
    .map(|_| ())
    .map_err(fail("keep a session"))
}

fn session(db: &Connection, digest: Digest, now: Timestamp) -> Result<Option<Session>, Error> {
    let read = |row: &Row<'_>| {
        Ok(Session {
            digest,
            person: row.get(0)?,
            role: role(row, 1)?,
            provider: row.get(2)?,
            created: date(row.get(3)?),
            expires: date(row.get(4)?),
        })
    };
    db.prepare_cached(
        "SELECT person, role, provider, created, expires FROM session WHERE digest = ?1 AND expires > ?2",
    )
    .and_then(|mut s| s.query_row(params![digest.0, micros(now)], read).optional())
    .map_err(fail("read a session"))
}

fn make_token(db: &Connection, token: &ApiToken, digest: Digest) -> Result<(), Error> {
    db.execute(
        "INSERT INTO token (id, digest, name, role, created_by, created, expires, location)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            token.id,
            digest.0,
            token.name,
            token.role.as_str(),
            token.created_by,
            micros(token.created_at),
            token.expires_at.map(micros),
            token.location
        ],
    )
    .map(|_| ())
    .map_err(fail("keep a token"))
}

fn token(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    let moment = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(date));
    Ok(ApiToken {
        id: row.get(0)?,
        name: row.get(1)?,
        role: role(row, 2)?,
        created_by: row.get(3)?,
        created_at: date(row.get(4)?),
        expires_at: moment(5)?,
        last_used: moment(6)?,
        revoked_at: moment(7)?,
        revoked_by: row.get(8)?,
        location: row.get(9)?,
    })
}

/// A word that is no role of ours opens nothing: it is refused as damage rather than guessed.
fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let name: String = row.get(column)?;
    let text = rusqlite::types::Type::Text;
    Role::named(&name).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(column, text, format!("no role: {name}").into())
    })
}

/// Writes rows of the record.
pub(super) fn keep_audit(db: &Connection, rows: &[AuditRow]) -> Result<(), Error> {
    for row in rows {
        let row = row.clone().bounded();
        db.prepare_cached(
            "INSERT INTO audit (at, who, via, what, about, came_to) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut s| {
            s.execute(params![micros(row.at), row.who, row.via, row.what, row.about, row.came_to])
        })
        .map_err(fail("write the record"))?;
    }
    Ok(())
}

fn audited(db: &Connection, query: &AuditQuery) -> rusqlite::Result<Vec<(i64, AuditRow)>> {
    let row = |row: &Row<'_>| {
        let texts = AuditRow {
            at: date(row.get(1)?),
            who: row.get(2)?,
            via: row.get(3)?,
            what: row.get(4)?,
            about: row.get(5)?,
            came_to: row.get(6)?,
        };
        Ok((row.get(0)?, texts))
    };
    db.prepare_cached(
        "SELECT id, at, who, via, what, about, came_to FROM audit
         WHERE id < ?1 AND (?2 IS NULL OR who = ?2) ORDER BY id DESC LIMIT ?3",
    )?
    .query_map(params![query.before.unwrap_or(i64::MAX), query.who, most(query.limit)], row)?
    .collect()
}

/// Drops sessions that are over, and rows of the record from before a moment, in microseconds: a bounded part a call.
pub(super) fn drop_old(db: &Connection, now: Timestamp, before: i64, at_once: i64) -> Result<(), Error> {
    let old = "SELECT digest FROM session WHERE expires <= ?1 ORDER BY expires LIMIT ?2";
    db.execute(&format!("DELETE FROM session WHERE digest IN ({old})"), params![micros(now), at_once])
        .map_err(fail("drop sessions that are over"))?;
    let old = "SELECT id FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2";
    db.execute(&format!("DELETE FROM audit WHERE id IN ({old})"), params![before, at_once])
        .map_err(fail("drop old rows of the record"))?;
    Ok(())
}
