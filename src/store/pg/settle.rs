//! What came of deliveries: begun, settled, shown to people.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use launchwatch_alerts::{IncidentId, NotificationId};

use super::sql;
use crate::store::{Delivery, Error, Settlement};

pub(super) async fn doubt(_db: &impl GenericClient) -> Result<(), Error> {
    Err(sql::not_yet())
}
pub(super) async fn give_up_others(_db: &impl GenericClient, _channels: &[String]) -> Result<usize, Error> {
    Err(sql::not_yet())
}
pub(super) async fn begin(
    _db: &impl GenericClient,
    _channel: &str,
    _which: &[NotificationId],
    _now: Timestamp,
) -> Result<(), Error> {
    Err(sql::not_yet())
}
pub(super) async fn settle(_db: &impl GenericClient, _settlements: &[Settlement]) -> Result<(), Error> {
    Err(sql::not_yet())
}
pub(super) async fn deliveries(_db: &impl GenericClient, _limit: usize) -> Result<Vec<Delivery>, Error> {
    Err(sql::not_yet())
}
pub(super) async fn deliveries_of(
    _db: &impl GenericClient,
    _incident: &IncidentId,
    _limit: usize,
) -> Result<Vec<Delivery>, Error> {
    Err(sql::not_yet())
}
pub(super) async fn deliveries_through(
    _db: &impl GenericClient,
    _channel: &str,
    _limit: usize,
) -> Result<Vec<Delivery>, Error> {
    Err(sql::not_yet())
}
