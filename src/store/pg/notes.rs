//! What somebody noted under a name: how far an export has come, and the like.

use deadpool_postgres::GenericClient;

use super::sql;
use crate::store::Error;

pub(super) async fn noted(db: &impl GenericClient, name: &str) -> Result<Option<String>, Error> {
    let what = "read what was noted";
    let row = sql::maybe(db, what, "SELECT text FROM note WHERE name = $1", &[&name]).await?;
    row.map(|row| sql::column(&row, 0, what)).transpose()
}

pub(super) async fn note(db: &impl GenericClient, name: &str, text: &str) -> Result<(), Error> {
    let insert =
        "INSERT INTO note (name, text) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET text = excluded.text";
    sql::execute(db, "note something", insert, &[&name, &sql::text(text).as_ref()]).await.map(|_| ())
}
