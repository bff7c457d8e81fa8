//! How channels stand, and who tells in the place of one that is broken.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;

use super::sql;
use crate::store::{Error, Report, Stand};

pub(super) async fn stands(_db: &impl GenericClient) -> Result<BTreeMap<String, Stand>, Error> {
    Err(sql::not_yet())
}
pub(super) async fn keep(_db: &impl GenericClient, _report: &Report) -> Result<usize, Error> {
    Err(sql::not_yet())
}
