//! Opening: the address and what it says of TLS, the connections, the schema, and the key for what is sealed.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Inner, PgStore, load, schema, sql};
use crate::store::damage::Damaged;
use crate::store::seal::{Seal, SealKey};
use crate::store::{Error, Retention};

/// Connections for reading; more wait for one another, never for the writer.
const READERS: usize = 6;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one waits for a free connection.
const WAIT: Duration = Duration::from_secs(20);

/// Limits of the server's own, on every connection: for a statement, a lock, and a transaction that was forgotten.
const LIMITS: &str = "SET statement_timeout = '25s'; SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '30s'; SET timezone = 'UTC'";

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct PgOptions {
    /// How long things are kept.
    pub retention: Retention,
    /// What seals debts and addresses; the same for every replica.
    pub key: SealKey,
    /// More certificate authorities to trust (PEM).
    pub ca_file: Option<PathBuf>,
}

impl PgStore {
    /// Whether an address makes sense; asks nobody.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn check_address(url: &SecretString) -> Result<(), Error> {
        address(url).map(|_| ())
    }

    /// Opens the database at an address like `postgres://user:password@host/name?sslmode=require`, and brings its
    /// schema up to date. With TLS the server's certificate is always checked, whatever `sslmode` says, against the
    /// system's authorities, those of `sslrootcert=` and those of the options.
    ///
    /// # Errors
    /// If the address makes no sense, the database cannot be reached or says no, [`Error::TooNew`] if a newer version
    /// wrote to it, [`Error::OtherKey`] if what is in it was sealed with another key. Never says the password.
    pub async fn open(url: &SecretString, options: PgOptions) -> Result<Self, Error> {
        let (config, authorities) = address(url)?;
        let tls = tls(authorities.iter().chain(&options.ca_file))?;
        let pool = |size| pool(&config, tls.clone(), size);
        let inner = Inner {
            readers: pool(READERS)?,
            writer: pool(1)?,
            lease: pool(1)?,
            known: tokio::sync::Mutex::default(),
            open: Mutex::default(),
            epoch: AtomicI64::new(0),
            seal: Arc::new(Seal::new(&options.key.0).ok_or_else(no_key)?),
            retention: options.retention,
            damaged: Damaged::default(),
            clock: OnceLock::new(),
            latest: AtomicI64::new(0),
            hidden: RwLock::default(),
        };
        let store = Self { inner: Arc::new(inner) };
        let mut lane = store.writer().await?;
        schema::migrate(lane.client()?).await?;
        same_key(&mut lane, &store.inner.seal).await?;
        lane.done();
        drop(lane);
        Ok(store)
    }
}

fn no_key() -> Error {
    Error::Corrupt { what: "the key", detail: "no usable random bytes".into() }
}

/// Whoever comes first says by which key things are sealed.
async fn same_key(lane: &mut super::lane::Lane, seal: &Seal) -> Result<(), Error> {
    let what = "compare keys";
    let sign = seal.sign(&["fingerprint"]);
    let ours = sign.first_chunk::<8>().map_or(0, |bytes| i64::from_be_bytes(*bytes));
    let db = &*lane.client()?;
    let first = "INSERT INTO meta (key, value) VALUES ('key', $1) ON CONFLICT (key) DO NOTHING";
    sql::execute(db, what, first, &[&ours]).await?;
    match load::meta(db, "key").await? {
        Some(theirs) if theirs != ours => Err(Error::OtherKey),
        _ => Ok(()),
    }
}

/// What an address says, and the files of authorities in it.
fn address(url: &SecretString) -> Result<(Config, Option<PathBuf>), Error> {
    let (kept, authorities) = plain(url.expose_secret());
    // What the library says of an address may repeat parts of it.
    let mut config = Config::from_str(&kept).map_err(|_| Error::Address)?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(Error::Address);
    }
    config.connect_timeout(CONNECT).tcp_user_timeout(Duration::from_secs(10));
    config.keepalives_idle(Duration::from_secs(10)).keepalives_interval(Duration::from_secs(3));
    config.keepalives_retries(3);
    if config.get_application_name().is_none() {
        config.application_name("launchwatch");
    }
    Ok((config, authorities.map(PathBuf::from)))
}

/// The address in the words that the library knows: it has none for checking certificates, which we always do.
fn plain(url: &str) -> (String, Option<String>) {
    let Some((front, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut authorities = None;
    let mut kept = Vec::new();
    for part in query.split('&') {
        match part.split_once('=') {
            Some(("sslmode", "verify-full" | "verify-ca")) => kept.push("sslmode=require".to_owned()),
            Some(("sslrootcert", "system")) => {}
            Some(("sslrootcert", path)) => {
                authorities = url::form_urlencoded::parse(format!("p={path}").as_bytes())
                    .next()
                    .map(|(_, path)| path.into_owned());
            }
            _ => kept.push(part.to_owned()),
        }
    }
    (format!("{front}?{}", kept.join("&")), authorities)
}

fn tls<'a>(authorities: impl Iterator<Item = &'a PathBuf>) -> Result<MakeRustlsConnect, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for path in authorities {
        let wrong = |e: rustls::pki_types::pem::Error| Error::File {
            path: path.display().to_string(),
            source: std::io::Error::other(e.to_string()),
        };
        let certificates: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_file_iter(path).map_err(wrong)?.collect();
        roots.add_parsable_certificates(certificates.map_err(wrong)?);
    }
    let broken = |e: rustls::Error| Error::Database { what: "prepare TLS", source: e.to_string().into() };
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn pool(config: &Config, tls: MakeRustlsConnect, size: usize) -> Result<Pool, Error> {
    let fast = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match config.get_ssl_mode() {
        SslMode::Disable => Manager::from_config(config.clone(), tokio_postgres::NoTls, fast),
        _ => Manager::from_config(config.clone(), tls, fast),
    };
    Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(CONNECT * 2))
        .recycle_timeout(Some(CONNECT))
        .runtime(Runtime::Tokio1)
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(LIMITS).await.map_err(HookError::Backend) })
        }))
        .build()
        .map_err(|e| Error::Database { what: "prepare connections", source: e.to_string().into() })
}
