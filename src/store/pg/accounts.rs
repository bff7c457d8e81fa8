//! Sessions, tokens of programs, and the record of what was done.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;

use super::{PgStore, sql};
use crate::store::{Accounts, ApiToken, AuditQuery, AuditRow, Digest, Error, Session};

#[async_trait]
impl Accounts for PgStore {
    async fn open_session(&self, _session: Session) -> Result<(), Error> {
        Err(sql::not_yet())
    }
    async fn session(&self, _digest: Digest, _now: Timestamp) -> Result<Option<Session>, Error> {
        Err(sql::not_yet())
    }
    async fn close_session(&self, _digest: Digest) -> Result<bool, Error> {
        Err(sql::not_yet())
    }
    async fn make_token(&self, _token: ApiToken, _digest: Digest, _row: AuditRow) -> Result<(), Error> {
        Err(sql::not_yet())
    }
    async fn token(&self, _digest: Digest) -> Result<Option<ApiToken>, Error> {
        Err(sql::not_yet())
    }
    async fn tokens(&self, _limit: usize) -> Result<Vec<ApiToken>, Error> {
        Err(sql::not_yet())
    }
    async fn token_used(&self, _id: &str, _minute: Timestamp) -> Result<(), Error> {
        Err(sql::not_yet())
    }
    async fn revoke_token(&self, _id: &str, _row: AuditRow) -> Result<Option<ApiToken>, Error> {
        Err(sql::not_yet())
    }
    async fn audit(&self, _row: AuditRow) -> Result<(), Error> {
        Err(sql::not_yet())
    }
    async fn audited(&self, _query: &AuditQuery) -> Result<Vec<(i64, AuditRow)>, Error> {
        Err(sql::not_yet())
    }
}

/// Writes rows of the record.
pub(super) async fn keep_audit(_db: &impl GenericClient, rows: &[AuditRow]) -> Result<(), Error> {
    if rows.is_empty() { Ok(()) } else { Err(sql::not_yet()) }
}

/// Drops sessions that are over, and rows of the record from before a moment, in microseconds: a bounded part a call.
pub(super) async fn drop_old(
    _db: &impl GenericClient,
    _now: Timestamp,
    _before: i64,
    _at_once: i64,
) -> Result<(), Error> {
    Ok(())
}
