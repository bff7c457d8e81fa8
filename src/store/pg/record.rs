//! Keeping a batch: one transaction.

use super::PgStore;
use crate::store::{Batch, Error};

pub(super) async fn record(_store: &PgStore, _batch: &Batch) -> Result<(), Error> {
    Err(super::sql::not_yet())
}
