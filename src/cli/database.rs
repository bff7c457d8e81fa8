//! Opens what the configuration names to keep everything in.

use std::path::Path;

use anyhow::Context;

use crate::clock::Clock;
use crate::config::Service;
use crate::store::{Either, Error, PgOptions, PgStore, SealKey, SqliteStore};

/// The PostgreSQL database; `None` if none is named.
pub(super) async fn database(service: &Service, clock: &Clock) -> anyhow::Result<Option<PgStore>> {
    let Some(address) = &service.store else { return Ok(None) };
    let key = key(service, &service.state).context(
        "cannot read what seals secrets in the database: set `service.seal`, or let `service.state` be written to",
    )?;
    let options = PgOptions { retention: service.retention, key, ca_file: service.ca_file.clone() };
    let store =
        PgStore::open(address, options).await.context("cannot open the database of `service.store`")?;
    Either::Pg(store.clone()).whole().await?;
    let clock = clock.clone();
    Ok(Some(store.with_clock(move || clock.now())))
}

/// What seals things: `service.seal`, or the file `key` of a folder.
pub(super) fn key(service: &Service, folder: &Path) -> Result<SealKey, Error> {
    service.seal.map_or_else(|| SealKey::in_folder(folder), Ok)
}

/// The store in a folder.
pub(super) async fn folder(service: &Service, folder: &Path) -> Result<SqliteStore, Error> {
    let store = match &service.seal {
        Some(key) => folder_with(folder, service, key)?,
        None => SqliteStore::open(folder, service.retention)?,
    };
    Either::Sqlite(store.clone()).whole().await?;
    Ok(store)
}

/// The same by a key, also if a copy into it was interrupted.
pub(super) fn folder_with(folder: &Path, service: &Service, key: &SealKey) -> Result<SqliteStore, Error> {
    SqliteStore::open_with_key(folder, service.retention, key)
}
