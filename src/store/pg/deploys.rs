//! Deployments that somebody told of.

use deadpool_postgres::GenericClient;
use launchwatch_alerts::Deploy;

use super::sql;
use crate::store::Error;
use crate::store::damage::Damaged;

pub(super) async fn newest(
    _db: &impl GenericClient,
    _limit: usize,
    _damaged: &Damaged,
) -> Result<Vec<Deploy>, Error> {
    Err(sql::not_yet())
}
