//! Runs for people.

use super::PgStore;
use crate::observation::Observation;
use crate::store::{Error, RunQuery};

pub(super) async fn runs(_store: &PgStore, _query: &RunQuery) -> Result<Vec<Observation>, Error> {
    Err(super::sql::not_yet())
}
