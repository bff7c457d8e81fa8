//! The server of the tests, and a schema of its own for each of them.
//!
//! `LAUNCHWATCH_TEST_POSTGRES` names it (`tests/with-postgres COMMAND` starts one and sets it). Without it these tests
//! say so and pass; `tests/run` always sets it, and `LAUNCHWATCH_TEST_POSTGRES_REQUIRED` makes a missing one a failure.

use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::{ExposeSecret as _, SecretString};

use crate::store::{PgOptions, PgStore, Retention, SealKey};

/// Key of all stores of tests.
pub(crate) fn key() -> SealKey {
    SealKey::of(&"07".repeat(32).into()).expect("a key")
}

/// The address of a fresh, empty schema; `None` if no server is named.
pub(crate) async fn address() -> Option<SecretString> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Ok(base) = std::env::var("LAUNCHWATCH_TEST_POSTGRES") else {
        assert!(std::env::var_os("LAUNCHWATCH_TEST_POSTGRES_REQUIRED").is_none(), "no PostgreSQL is named");
        eprintln!("skipped: LAUNCHWATCH_TEST_POSTGRES names no server");
        return None;
    };
    let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let (client, connection) =
        tokio_postgres::connect(&base, tokio_postgres::NoTls).await.expect("the server of the tests answers");
    #[expect(clippy::disallowed_methods, reason = "the library wants a task for its connection")]
    let task = tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA {name}")).await.expect("a schema can be made");
    drop(client);
    task.await.expect("the connection ends").expect("and ends well");
    let more = if base.contains('?') { '&' } else { '?' };
    Some(format!("{base}{more}options=-csearch_path%3D{name}").into())
}

/// A store in a schema.
pub(crate) async fn open(address: &SecretString) -> PgStore {
    let options = PgOptions { retention: Retention::default(), key: key(), ca_file: None };
    PgStore::open(address, options).await.expect("the store opens")
}

/// A connection for what only a test may do.
pub(crate) async fn beside(address: &SecretString) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(address.expose_secret(), tokio_postgres::NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "the library wants a task for its connection")]
    drop(tokio::spawn(connection));
    client
}
