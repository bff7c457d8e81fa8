//! Who hears of trouble by e-mail: asked, confirmed, left.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;

use super::{PgStore, sql};
use crate::news::Work;
use crate::store::Error;
use crate::store::subscribers::{Came, Link, Mail, Subscribers, Wish};

/// Forgets who never confirmed, and wishes that were never confirmed.
pub(super) async fn forget(_db: &impl GenericClient, _now: Timestamp) -> Result<(), Error> {
    Ok(())
}

#[async_trait]
impl Subscribers for PgStore {
    fn hide(&self, targets: BTreeSet<String>) {
        *self.inner.hidden.write().unwrap_or_else(PoisonError::into_inner) = targets;
    }
    async fn ask(&self, _address: &str, _wish: Wish, _now: Timestamp) -> Result<bool, Error> {
        Err(sql::not_yet())
    }
    async fn wish_of(&self, _link: Link, _token: &str) -> Result<Option<Wish>, Error> {
        Err(sql::not_yet())
    }
    async fn confirm(&self, _token: &str, _now: Timestamp) -> Result<Option<Wish>, Error> {
        Err(sql::not_yet())
    }
    async fn leave(&self, _token: &str) -> Result<bool, Error> {
        Err(sql::not_yet())
    }
    async fn announce(&self, _works: &[Work], _now: Timestamp) -> Result<usize, Error> {
        Err(sql::not_yet())
    }
    async fn resume_mails(&self) -> Result<(), Error> {
        Err(sql::not_yet())
    }
    async fn mails(&self, _now: Timestamp, _limit: usize) -> Result<Vec<Mail>, Error> {
        Err(sql::not_yet())
    }
    async fn next_mail(&self) -> Result<Option<Timestamp>, Error> {
        Err(sql::not_yet())
    }
    async fn begin_mail(&self, _id: i64, _now: Timestamp) -> Result<bool, Error> {
        Err(sql::not_yet())
    }
    async fn settle_mail(&self, _id: i64, _came: Came, _now: Timestamp) -> Result<(), Error> {
        Err(sql::not_yet())
    }
    async fn subscriber_count(&self) -> Result<u64, Error> {
        Err(sql::not_yet())
    }
}
