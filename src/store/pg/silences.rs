//! Silences, and what was hidden.

use deadpool_postgres::GenericClient;
use launchwatch_alerts::{Hidden, Silence};

use super::sql;
use crate::store::Error;
use crate::store::damage::Damaged;

pub(super) async fn silences(
    _db: &impl GenericClient,
    _limit: usize,
    _damaged: &Damaged,
) -> Result<Vec<Silence>, Error> {
    Err(sql::not_yet())
}
pub(super) async fn hidden(
    _db: &impl GenericClient,
    _limit: usize,
    _damaged: &Damaged,
) -> Result<Vec<Hidden>, Error> {
    Err(sql::not_yet())
}
