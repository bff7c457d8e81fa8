//! What is owed to people: written with the change that caused it, settled when a service took it.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use launchwatch_alerts::Change;

use super::sql;
use crate::store::damage::Damaged;
use crate::store::{Error, Outbox, Owed, Wanted};

/// Keeps what the engine made of a batch.
pub(super) async fn keep(_db: &impl GenericClient, changes: &[Change]) -> Result<(), Error> {
    if changes.is_empty() { Ok(()) } else { Err(sql::not_yet()) }
}
pub(super) async fn owed(
    _db: &impl GenericClient,
    _channel: &str,
    _now: Timestamp,
    _wanted: (usize, Wanted),
    _damaged: &Damaged,
) -> Result<Vec<Owed>, Error> {
    Err(sql::not_yet())
}
pub(super) async fn next_owed(_db: &impl GenericClient, _channel: &str) -> Result<Option<Timestamp>, Error> {
    Err(sql::not_yet())
}
pub(super) async fn outbox(_db: &impl GenericClient) -> Result<Outbox, Error> {
    Err(sql::not_yet())
}
