//! Sessions, tokens of programs, and the record of what was done. Any replica writes them.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::PgStore;
use super::lane::{read, write_open};
use super::sql::{Values, column, date, execute, maybe, micros, most, rows, text};
use crate::store::{Accounts, ApiToken, AuditQuery, AuditRow, Digest, Error, Role, Session};

#[async_trait]
impl Accounts for PgStore {
    async fn open_session(&self, session: Session) -> Result<(), Error> {
        write_open!(self, |db| open_session(db, &session))
    }

    async fn session(&self, digest: Digest, now: Timestamp) -> Result<Option<Session>, Error> {
        read!(self, |db| session(db, digest, now))
    }

    async fn close_session(&self, digest: Digest) -> Result<bool, Error> {
        write_open!(self, |db| close_session(db, digest))
    }

    async fn make_token(&self, token: ApiToken, digest: Digest, row: AuditRow) -> Result<(), Error> {
        write_open!(self, |db| async {
            make_token(db, &token, digest).await?;
            keep_audit(db, &[row]).await
        })
    }

    async fn token(&self, digest: Digest) -> Result<Option<ApiToken>, Error> {
        read!(self, |db| find_token(db, digest))
    }

    async fn tokens(&self, limit: usize) -> Result<Vec<ApiToken>, Error> {
        read!(self, |db| tokens(db, limit))
    }

    async fn token_used(&self, id: &str, minute: Timestamp) -> Result<(), Error> {
        write_open!(self, |db| token_used(db, id, minute))
    }

    async fn revoke_token(&self, id: &str, row: AuditRow) -> Result<Option<ApiToken>, Error> {
        write_open!(self, |db| revoke_token(db, id, row))
    }

    async fn audit(&self, row: AuditRow) -> Result<(), Error> {
        write_open!(self, |db| keep_audit(db, &[row]))
    }

    async fn audited(&self, query: &AuditQuery) -> Result<Vec<(i64, AuditRow)>, Error> {
        read!(self, |db| audited(db, query))
    }
}

const COLUMNS: &str = "id, name, role, created_by, created, expires, used, revoked, revoked_by, location";

async fn open_session(db: &impl GenericClient, session: &Session) -> Result<(), Error> {
    let sql = "INSERT INTO session (digest, person, role, provider, created, expires) VALUES ($1, $2, $3, $4, $5, $6)";
    let with: Values<'_> = &[
        &session.digest.0.as_slice(),
        &text(&session.person),
        &session.role.as_str(),
        &text(&session.provider),
        &micros(session.created),
        &micros(session.expires),
    ];
    execute(db, "keep a session", sql, with).await.map(|_| ())
}

async fn session(db: &impl GenericClient, digest: Digest, now: Timestamp) -> Result<Option<Session>, Error> {
    let what = "read a session";
    let sql =
        "SELECT person, role, provider, created, expires FROM session WHERE digest = $1 AND expires > $2";
    let found = maybe(db, what, sql, &[&digest.0.as_slice(), &micros(now)]).await?;
    let read = |row: &Row| {
        Ok(Session {
            digest,
            person: column(row, 0, what)?,
            role: role(row, 1, what)?,
            provider: column(row, 2, what)?,
            created: date(column(row, 3, what)?),
            expires: date(column(row, 4, what)?),
        })
    };
    found.as_ref().map(read).transpose()
}

async fn close_session(db: &impl GenericClient, digest: Digest) -> Result<bool, Error> {
    let sql = "DELETE FROM session WHERE digest = $1";
    Ok(execute(db, "end a session", sql, &[&digest.0.as_slice()]).await? > 0)
}

async fn make_token(db: &impl GenericClient, token: &ApiToken, digest: Digest) -> Result<(), Error> {
    let sql = "INSERT INTO token (id, digest, name, role, created_by, created, expires, location) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let with: Values<'_> = &[
        &text(&token.id),
        &digest.0.as_slice(),
        &text(&token.name),
        &token.role.as_str(),
        &text(&token.created_by),
        &micros(token.created_at),
        &token.expires_at.map(micros),
        &token.location.as_deref().map(text),
    ];
    execute(db, "keep a token", sql, with).await.map(|_| ())
}

async fn find_token(db: &impl GenericClient, digest: Digest) -> Result<Option<ApiToken>, Error> {
    let what = "read a token";
    let sql = format!("SELECT {COLUMNS} FROM token WHERE digest = $1");
    maybe(db, what, &sql, &[&digest.0.as_slice()]).await?.map(|row| token(&row, what)).transpose()
}

async fn tokens(db: &impl GenericClient, limit: usize) -> Result<Vec<ApiToken>, Error> {
    let what = "read tokens";
    let sql = format!("SELECT {COLUMNS} FROM token ORDER BY created DESC, id LIMIT $1");
    rows(db, what, &sql, &[&most(limit)]).await?.iter().map(|row| token(row, what)).collect()
}

async fn token_used(db: &impl GenericClient, id: &str, minute: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE token SET used = $2 WHERE id = $1 AND (used IS NULL OR used < $2)";
    execute(db, "note the use of a token", sql, &[&text(id), &micros(minute)]).await.map(|_| ())
}

/// Who comes second finds the row taken back already, and leaves no trace of their own.
async fn revoke_token(db: &impl GenericClient, id: &str, row: AuditRow) -> Result<Option<ApiToken>, Error> {
    let (what, id) = ("take a token back", text(id));
    let sql = "UPDATE token SET revoked = $2, revoked_by = $3 WHERE id = $1 AND revoked IS NULL";
    if execute(db, what, sql, &[&id, &micros(row.at), &text(&row.who)]).await? > 0 {
        keep_audit(db, &[row]).await?;
    }
    let sql = format!("SELECT {COLUMNS} FROM token WHERE id = $1");
    maybe(db, what, &sql, &[&id]).await?.map(|row| token(&row, what)).transpose()
}

fn token(row: &Row, what: &'static str) -> Result<ApiToken, Error> {
    let moment = |at: usize| column::<Option<i64>>(row, at, what).map(|at| at.map(date));
    Ok(ApiToken {
        id: column(row, 0, what)?,
        name: column(row, 1, what)?,
        role: role(row, 2, what)?,
        created_by: column(row, 3, what)?,
        created_at: date(column(row, 4, what)?),
        expires_at: moment(5)?,
        last_used: moment(6)?,
        revoked_at: moment(7)?,
        revoked_by: column(row, 8, what)?,
        location: column(row, 9, what)?,
    })
}

/// A word that is no role of ours opens nothing: it is refused as damage rather than guessed.
fn role(row: &Row, at: usize, what: &'static str) -> Result<Role, Error> {
    let name: &str = column(row, at, what)?;
    Role::named(name).ok_or_else(|| Error::Corrupt { what: "a role", detail: format!("no role: {name}") })
}

/// Writes rows of the record, each once, also if the batch comes again: no two things are done by the same person in the same
/// words at the same microsecond.
pub(super) async fn keep_audit(db: &impl GenericClient, record: &[AuditRow]) -> Result<(), Error> {
    if record.is_empty() {
        return Ok(());
    }
    let record: Vec<AuditRow> = record.iter().map(|row| row.clone().bounded()).collect();
    let texts = |of: fn(&AuditRow) -> &str| record.iter().map(|row| text(of(row))).collect::<Vec<_>>();
    let at: Vec<i64> = record.iter().map(|row| micros(row.at)).collect();
    let sql =
        "INSERT INTO audit (at, who, via, what, about, came_to) SELECT at, who, via, what, about, came_to
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
            AS a (at, who, via, what, about, came_to, place)
         WHERE NOT EXISTS (SELECT 1 FROM audit o WHERE o.at = a.at AND o.who = a.who AND o.via = a.via
            AND o.what = a.what AND o.about = a.about AND o.came_to = a.came_to) ORDER BY place";
    let with: Values<'_> = &[
        &at,
        &texts(|row| &row.who),
        &texts(|row| &row.via),
        &texts(|row| &row.what),
        &texts(|row| &row.about),
        &texts(|row| &row.came_to),
    ];
    execute(db, "write the record", sql, with).await.map(|_| ())
}

async fn audited(db: &impl GenericClient, query: &AuditQuery) -> Result<Vec<(i64, AuditRow)>, Error> {
    let what = "read the record";
    let sql = "SELECT id, at, who, via, what, about, came_to FROM audit
         WHERE id < $1 AND ($2::text IS NULL OR who = $2) ORDER BY id DESC LIMIT $3";
    let who = query.who.as_deref().map(text);
    let found = rows(db, what, sql, &[&query.before.unwrap_or(i64::MAX), &who, &most(query.limit)]).await?;
    let read = |row: &Row| {
        let texts = AuditRow {
            at: date(column(row, 1, what)?),
            who: column(row, 2, what)?,
            via: column(row, 3, what)?,
            what: column(row, 4, what)?,
            about: column(row, 5, what)?,
            came_to: column(row, 6, what)?,
        };
        Ok((column(row, 0, what)?, texts))
    };
    found.iter().map(read).collect()
}
