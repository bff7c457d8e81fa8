//! Opening: what is refused, and in which words.

use secrecy::{ExposeSecret as _, SecretString};

use super::server::{address, beside, key, open};
use crate::store::{Error, PgOptions, PgStore, Retention, SealKey, Store};

fn options() -> PgOptions {
    PgOptions { retention: Retention::default(), key: key(), ca_file: None }
}

async fn refused(address: &SecretString, options: PgOptions) -> String {
    match PgStore::open(address, options).await {
        Ok(_) => panic!("it opens"),
        Err(e) => format!("{e} {e:?}"),
    }
}

#[tokio::test]
async fn nothing_that_is_said_holds_the_password() {
    for (address, word) in [
        ("postgres://me:s3cr3t@127.0.0.1:1/x", "reach the database"),
        ("postgres://me:s3cr3t@nowhere.invalid/x", "reach the database"),
        ("postgres://me:s3cr3t@[/x", "makes no sense"),
        ("mysql://me:s3cr3t@db/x", "makes no sense"),
        ("s3cr3t", "makes no sense"),
        ("", "makes no sense"),
        ("postgres://me:s3cr3t@db/x?sslmode=s3cr3t", "makes no sense"),
    ] {
        let told = refused(&address.to_owned().into(), options()).await;
        assert!(told.contains(word) && !told.contains("s3cr3t"), "{address}: {told}");
    }
    let Some(address) = address().await else { return };
    let wrong = address.expose_secret().replace("postgres://launchwatch@", "postgres://nobody:s3cr3t@");
    let told = refused(&wrong.into(), options()).await;
    assert!(told.contains("nobody") && !told.contains("s3cr3t"), "{told}");
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let Some(address) = address().await else { return };
    drop(open(&address).await);
    let db = beside(&address).await;
    db.execute("UPDATE schema_version SET version = 99", &[]).await.unwrap();
    assert!(matches!(PgStore::open(&address, options()).await, Err(Error::TooNew { found: 99, .. })));
}

#[tokio::test]
async fn another_key_is_refused_before_anything_is_sealed_by_it() {
    let Some(address) = address().await else { return };
    drop(open(&address).await);
    let key = SealKey::of(&"08".repeat(32).into()).unwrap();
    assert!(matches!(PgStore::open(&address, PgOptions { key, ..options() }).await, Err(Error::OtherKey)));
}

#[tokio::test]
async fn replicas_that_start_at_once_bring_the_schema_up_to_date_once() {
    let Some(address) = address().await else { return };
    let all = futures::future::join_all((0..5).map(|_| open(&address))).await;
    assert!(all[4].last_slots().await.unwrap().is_empty());
}

#[tokio::test]
async fn with_tls_the_certificate_is_checked() {
    let (Some(address), Ok(file)) = (address().await, std::env::var("LAUNCHWATCH_TEST_POSTGRES_CA")) else {
        return;
    };
    for mode in ["require", "verify-full", "prefer"] {
        let with: SecretString =
            address.expose_secret().replace("sslmode=disable", &format!("sslmode={mode}")).into();
        let told = refused(&with, options()).await;
        assert!(told.contains("certificate") || told.contains("UnknownIssuer"), "{mode}: {told}");
        let ca_file = Some(file.clone().into());
        PgStore::open(&with, PgOptions { ca_file, ..options() }).await.unwrap();
        let with: SecretString = format!("{}&sslrootcert={file}", with.expose_secret()).into();
        let store = PgStore::open(&with, options()).await.unwrap();
        assert!(store.memory().await.is_ok());
    }
}

#[tokio::test]
async fn a_connection_that_was_ended_is_made_anew() {
    let Some(address) = address().await else { return };
    let store = open(&address).await;
    store.record(crate::store::testing::batch(vec![crate::store::testing::passed("a", 0)])).await.unwrap();
    let db = beside(&address).await;
    let pid = {
        let mut lane = store.writer().await.unwrap();
        let row = super::super::sql::one(&*lane.client().unwrap(), "x", "SELECT pg_backend_pid()", &[])
            .await
            .unwrap();
        lane.done();
        row.get::<_, i32>(0)
    };
    db.execute("SELECT pg_terminate_backend($1)", &[&pid]).await.unwrap();
    let mut failures = 0;
    while let Err(e) =
        store.record(crate::store::testing::batch(vec![crate::store::testing::passed("a", 60)])).await
    {
        failures += 1;
        assert!(failures < 3, "{e}");
    }
    assert_eq!(store.last_slots().await.unwrap().len(), 1);
}
