//! The state directory: who may read it, who holds it, and the key that seals secrets.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::Error;

/// Name of the database.
const DATABASE: &str = "launchwatch.db";

fn file(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.display().to_string();
    move |source| Error::File { path, source }
}

/// The state directory, held. Given back by name when dropped: a child process may have inherited the file for a
/// moment, and would hold on to it until it becomes another program.
#[derive(Debug)]
pub(super) struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // The end of the process gives it back as well.
        let _ = self.0.unlock();
    }
}

/// Makes the directory (0700) if it is not there.
pub(super) fn folder(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        Ok(())
    } else {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(file(dir))
    }
}

/// Makes the directory (0700) if it is not there, and holds it until what is returned is dropped.
///
/// # Errors
/// [`Error::Locked`] if another process holds it.
pub(super) fn hold(dir: &Path) -> Result<Held, Error> {
    folder(dir)?;
    let path = dir.join("lock");
    let lock = private().truncate(false).open(&path).map_err(file(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(Held(lock)),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path: dir.display().to_string() }),
        Err(TryLockError::Error(source)) => Err(file(&path)(source)),
    }
}

/// Path of the database.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

/// The same, which is there and private (0600) from now on: `SQLite` gives its helpers the same mode.
pub(super) fn database(dir: &Path) -> Result<PathBuf, Error> {
    let path = path(dir);
    private().truncate(false).open(&path).map_err(file(&path))?;
    Ok(path)
}

/// The key beside the database, made by `make` at the first opening.
pub(super) fn key(dir: &Path, make: impl FnOnce() -> Option<[u8; 32]>) -> Result<[u8; 32], Error> {
    let path = dir.join("key");
    match std::fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|bytes: Vec<u8>| Error::Corrupt {
            what: "the key",
            detail: format!("{} has {} bytes instead of 32", path.display(), bytes.len()),
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let key =
                make().ok_or_else(|| file(&path)(io::Error::other("the system gives no random bytes")))?;
            write_key(dir, &path, key).map_err(file(&path))?;
            Ok(key)
        }
        Err(e) => Err(file(&path)(e)),
    }
}

/// Written beside and renamed, so that a crash leaves no half a key.
fn write_key(dir: &Path, path: &Path, key: [u8; 32]) -> io::Result<()> {
    let draft = dir.join("key.new");
    let mut to = private().truncate(true).open(&draft)?;
    to.write_all(&key)?;
    to.sync_all()?;
    std::fs::rename(&draft, path)?;
    File::open(dir)?.sync_all()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options
}
