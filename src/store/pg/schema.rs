//! The schema, step by step: steps are added, never edited.

use deadpool_postgres::{GenericClient, Object};

use super::sql::{self, fail};
use crate::store::Error;

const STEPS: &[&str] =
    &[include_str!("001.sql"), include_str!("002.sql"), include_str!("003.sql"), include_str!("004.sql")];

/// Whoever brings a schema up to date holds this lock: replicas start together.
const LOCK: i64 = 0x6c61_756e_6368_7701;

/// Brings the schema up to date, in one transaction; replicas that start meanwhile wait.
///
/// # Errors
/// [`Error::TooNew`] if a newer version wrote to it; then nothing was touched.
pub(super) async fn migrate(client: &mut Object) -> Result<(), Error> {
    apply(client, STEPS).await
}

async fn apply(client: &mut Object, steps: &[&str]) -> Result<(), Error> {
    let what = "bring the database up to date";
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if version(&*client, known).await? == Some(known) {
        return Ok(());
    }
    let tx = client.transaction().await.map_err(fail(what))?;
    tx.batch_execute("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '600s'")
        .await
        .map_err(fail(what))?;
    sql::execute(&tx, what, "SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let found = version(&tx, known).await?.unwrap_or(0);
    if found == 0 {
        let row = tx.query_one("SHOW server_encoding", &[]).await.map_err(fail(what))?;
        let encoding: String = sql::column(&row, 0, what)?;
        if encoding != "UTF8" {
            let detail = format!("its encoding is {encoding}; make it anew with ENCODING 'UTF8'");
            return Err(Error::Corrupt { what: "text of every language", detail });
        }
        let table = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)";
        tx.batch_execute(table).await.map_err(fail(what))?;
    }
    for step in steps.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        tx.batch_execute(step).await.map_err(fail(what))?;
    }
    if found < known {
        sql::execute(&tx, what, "DELETE FROM schema_version", &[]).await?;
        let insert = "INSERT INTO schema_version (version) VALUES ($1)";
        sql::execute(&tx, what, insert, &[&i64::from(known)]).await?;
    }
    tx.commit().await.map_err(fail(what))
}

/// What the database says, if we may go on; `None` if it is empty.
async fn version(db: &impl GenericClient, known: u32) -> Result<Option<u32>, Error> {
    let what = "read the version of the database";
    // Not by cached statements: the table may come to be in between.
    let there =
        db.query_one("SELECT to_regclass('schema_version') IS NOT NULL", &[]).await.map_err(fail(what))?;
    if !there.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = db.query_opt("SELECT max(version) FROM schema_version", &[]).await.map_err(fail(what))?;
    let found = row.and_then(|row| row.get::<_, Option<i64>>(0)).unwrap_or(0);
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    if found > known { Err(Error::TooNew { found, known }) } else { Ok(Some(found)) }
}
