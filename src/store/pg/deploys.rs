//! Deployments that somebody told of.

use deadpool_postgres::GenericClient;
use launchwatch_alerts::Deploy;

use super::incidents::{all, json};
use super::sql::{execute, micros, most};
use crate::store::Error;
use crate::store::damage::Damaged;

/// Keeps deployments, each once, also if the batch comes again.
pub(super) async fn keep(db: &impl GenericClient, deploys: &[&Deploy]) -> Result<(), Error> {
    // One by one: there are few.
    for deploy in deploys {
        let with = (micros(deploy.at), json(deploy)?);
        let sql = "INSERT INTO deploy (at, json) SELECT $1::bigint, $2::text
             WHERE NOT EXISTS (SELECT 1 FROM deploy WHERE at = $1 AND json = $2)";
        execute(db, "keep a deployment", sql, &[&with.0, &with.1]).await?;
    }
    Ok(())
}

/// Deployments, newest first.
pub(super) async fn newest(
    db: &impl GenericClient,
    limit: usize,
    damaged: &Damaged,
) -> Result<Vec<Deploy>, Error> {
    let sql = "SELECT id, json FROM deploy ORDER BY at DESC, id DESC LIMIT $1";
    all(db, sql, &[&most(limit)], &mut |id, e| damaged.note("deploy", (id, 0), &e)).await
}
