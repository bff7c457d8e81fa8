//! Alerts and incidents: what the engine must know again after a restart, and what people look up.

use deadpool_postgres::GenericClient;
use launchwatch_alerts::{Incident, IncidentId, Memory, MessageRef};

use super::sql;
use crate::store::damage::Damaged;
use crate::store::{Error, IncidentQuery};

pub(super) async fn memory(_db: &impl GenericClient) -> Result<Memory, Error> {
    Err(sql::not_yet())
}
pub(super) async fn newest(
    _db: &impl GenericClient,
    _limit: usize,
    _damaged: &Damaged,
) -> Result<Vec<Incident>, Error> {
    Err(sql::not_yet())
}
pub(super) async fn one(
    _db: &impl GenericClient,
    _id: &IncidentId,
    _damaged: &Damaged,
) -> Result<Option<Incident>, Error> {
    Err(sql::not_yet())
}
pub(super) async fn find(
    _db: &impl GenericClient,
    _query: &IncidentQuery,
    _damaged: &Damaged,
) -> Result<Vec<Incident>, Error> {
    Err(sql::not_yet())
}
pub(super) async fn of_message(
    _db: &impl GenericClient,
    _channel: &str,
    _reference: &MessageRef,
) -> Result<Option<IncidentId>, Error> {
    Err(sql::not_yet())
}
