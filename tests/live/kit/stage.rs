//! Room on the machine: sets of real servers are heavy, so only a few tests have one at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;

use super::wait::until;

/// Sets of real servers at once, all test processes together.
const SETS: u32 = 2;
/// Longest wait for room: as long as all the others take.
const PATIENCE: u64 = 900;

/// A place among those who have real servers; free again when dropped.
pub(crate) struct Place(#[expect(dead_code, reason = "the lock is held until it is dropped")] File);

impl Place {
    /// Waits for a place.
    pub(crate) async fn take() -> Self {
        until("room for one more set of servers", PATIENCE, async || {
            for number in 0..SETS {
                let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("live-place-{number}"));
                let file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                if file.try_lock().is_ok() {
                    return Ok(Self(file));
                }
            }
            Err("all places are taken".into())
        })
        .await
    }
}

/// The folder `tests`.
pub(crate) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Starts a task that ends with the test.
#[expect(clippy::disallowed_methods, reason = "stand-ins live as long as the test that made them")]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// The same as the stand-in wants it.
pub(crate) fn spawner() -> launchwatch::standin::Spawner {
    Arc::new(|_name: &'static str, task: BoxFuture<'static, ()>| spawn(task))
}

/// The date.
#[expect(clippy::disallowed_methods, reason = "here the time is the wall clock's")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// A client that goes where it is told, past every proxy.
pub(crate) fn client() -> reqwest::Client {
    // The provider can be installed only once in a process: who comes second finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(std::time::Duration::from_secs(10))
        .build()
        .expect("a client")
}
