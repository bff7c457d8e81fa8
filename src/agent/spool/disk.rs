//! What the spool does to its folder, step by step: each step may be the last one before the process dies.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Error;
use super::name::Name;

/// How a draft's name ends.
const DRAFT: &str = ".new";
/// How the name of what could not be read ends.
const ASIDE: &str = ".unreadable";
/// So many of them are kept.
const KEPT: usize = 20;

/// The folder, held as long as this lives.
pub(super) struct Disk {
    folder: PathBuf,
    lock: File,
    #[cfg(test)]
    pub(super) fuse: super::tests::Fuse,
}

/// A file that was read.
pub(super) struct Read {
    /// Its text; what is no text in it is replaced.
    pub(super) text: String,
}

impl Drop for Disk {
    fn drop(&mut self) {
        // By name: a child process may have inherited the file for a moment.
        let _ = self.lock.unlock();
    }
}

impl Disk {
    /// Makes the folder (0700) if it is not there, and holds it.
    pub(super) fn hold(folder: &Path) -> Result<Self, Error> {
        let refused = |e: io::Error| Error::Folder(folder.display().to_string(), e);
        if !folder.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(refused)?;
        }
        let lock = private().truncate(false).open(folder.join("lock")).map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked(folder.display().to_string())),
            Err(TryLockError::Error(e)) => return Err(refused(e)),
        }
        Ok(Self {
            folder: folder.to_owned(),
            lock,
            #[cfg(test)]
            fuse: super::tests::Fuse::default(),
        })
    }

    pub(super) fn folder(&self) -> String {
        self.folder.display().to_string()
    }

    /// The files there are, with the bytes they take; drafts that were left behind are removed.
    pub(super) fn list(&self) -> io::Result<BTreeMap<Name, u64>> {
        let mut files = BTreeMap::new();
        let mut aside = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.ends_with(DRAFT) {
                std::fs::remove_file(entry.path())?;
            } else if name.ends_with(ASIDE) {
                aside.push(name);
            } else if let Some(name) = Name::read(&name) {
                let bytes = usize::try_from(entry.metadata()?.len()).unwrap_or(usize::MAX);
                files.insert(name, super::on_disk(bytes));
            }
        }
        aside.sort();
        for name in aside.iter().rev().skip(KEPT) {
            std::fs::remove_file(self.folder.join(name))?;
        }
        Ok(files)
    }

    /// Writes a file: it is there whole and for good, or not at all.
    pub(super) fn write(&self, name: &Name, bytes: &[u8]) -> io::Result<()> {
        let draft = self.folder.join(format!("{name}{DRAFT}"));
        self.step()?;
        let mut file = private().truncate(true).open(&draft)?;
        #[cfg(test)]
        if self.step().is_err() {
            file.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
            return Err(io::Error::other("killed"));
        }
        file.write_all(bytes)?;
        self.step()?;
        file.sync_all()?;
        self.step()?;
        std::fs::rename(&draft, self.path(name))?;
        self.step()?;
        self.sync()
    }

    /// Reads a file.
    pub(super) fn read(&self, name: &Name) -> io::Result<Read> {
        let mut bytes = Vec::new();
        File::open(self.path(name))?.read_to_end(&mut bytes)?;
        let text =
            String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        Ok(Read { text })
    }

    /// Removes a file. That is made durable with the next one that is written: if it comes back, it is sent again.
    pub(super) fn remove(&self, name: &Name) -> io::Result<()> {
        self.step()?;
        std::fs::remove_file(self.path(name))
    }

    /// Takes a file out of the way.
    pub(super) fn set_aside(&self, name: &Name) -> io::Result<()> {
        self.step()?;
        std::fs::rename(self.path(name), self.aside(name))?;
        self.sync()
    }

    /// Keeps a copy of a file out of the way.
    pub(super) fn copy_aside(&self, name: &Name) -> io::Result<()> {
        self.step()?;
        std::fs::copy(self.path(name), self.aside(name)).map(drop)
    }

    fn aside(&self, name: &Name) -> PathBuf {
        self.folder.join(format!("{name}{ASIDE}"))
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.folder.join(name.to_string())
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    #[cfg(not(test))]
    /// In tests the process dies here.
    fn step(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn step(&self) -> io::Result<()> {
        self.fuse.burn()
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}
