//! Housekeeping.

use jiff::Timestamp;

use super::PgStore;
use crate::store::{Error, Pruned};

pub(super) async fn prune(_store: &PgStore, _now: Timestamp) -> Result<Pruned, Error> {
    Err(super::sql::not_yet())
}
