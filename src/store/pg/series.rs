//! The time series.

use super::PgStore;
use crate::observation::ProbeId;
use crate::store::{Bucket, Error, SeriesQuery};

pub(super) async fn series(
    _store: &PgStore,
    _query: &SeriesQuery,
    _stages: bool,
) -> Result<Vec<(ProbeId, Vec<Bucket>)>, Error> {
    Err(super::sql::not_yet())
}
