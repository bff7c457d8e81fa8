//! Observations on disk until the service has taken them: nothing is lost with the process, the oldest goes first.
//!
//! # Why
//! A file is written beside, made durable, and renamed: so it is there whole or not at all. It goes only when the
//! service has said that it has it. Between the two the process may die at any moment; then the file is sent again,
//! and the service counts it once, by probe and slot.

mod disk;
mod name;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::disk::{Disk, Read};
use self::name::Name;
use crate::wire::{MOST_OBSERVATIONS, Sent};

/// Most bytes of one file: a report that holds it is well within what the service takes.
const FILE: usize = 1 << 20;
/// With more files than this small ones are joined.
const FILES: usize = 32;
/// Most observations that wait in memory while nothing can be written.
const UNWRITTEN: usize = 10_000;
/// What a file takes on disk is counted in these.
const BLOCK: u64 = 4_096;

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes on disk.
    pub bytes: u64,
    /// How long an observation is worth sending.
    pub age: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: 256 << 20, age: Duration::from_secs(7 * 86_400) }
    }
}

/// How much waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Observations.
    pub observations: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Given up for want of room, or because they were too old, since the start.
    pub lost: u64,
    /// Lines on disk that could not be read, since the start.
    pub unreadable: u64,
}

/// Why there is no spool.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process works in this folder.
    #[error("another launchwatch works in {0}; give each a folder of its own")]
    Locked(String),
    /// The folder cannot be used.
    #[error("cannot use the folder {0}")]
    Folder(String, #[source] io::Error),
}

/// What is to be sent next.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Oldest first.
    pub observations: Vec<Sent>,
    files: Vec<Name>,
    /// Number of the first observation in memory that is not among them.
    unwritten: u64,
}

/// The spool. Cheap to clone; all calls may block on the disk.
#[derive(Clone)]
pub struct Spool(Arc<Mutex<Inner>>);

struct Inner {
    disk: Disk,
    bounds: Bounds,
    /// Bytes by file, oldest first.
    files: BTreeMap<Name, u64>,
    next: u64,
    /// What could not be written yet.
    unwritten: VecDeque<Sent>,
    /// Number of the first of them.
    first: u64,
    lost: u64,
    unreadable: u64,
}

impl Spool {
    /// Opens the spool in a folder, which is made if it is not there, and holds it.
    ///
    /// # Errors
    /// Another process holds it, or it cannot be used.
    pub fn open(folder: &Path, bounds: Bounds) -> Result<Self, Error> {
        Self::over(Disk::hold(folder)?, bounds)
    }

    fn over(disk: Disk, bounds: Bounds) -> Result<Self, Error> {
        let files = disk.list().map_err(|e| Error::Folder(disk.folder(), e))?;
        let next = files.keys().map(|name| name.number + 1).max().unwrap_or_default();
        let inner =
            Inner { disk, bounds, files, next, unwritten: VecDeque::new(), first: 0, lost: 0, unreadable: 0 };
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    /// Keeps observations. They are kept in memory when they cannot be written; with the next ones that is tried again.
    ///
    /// # Errors
    /// They could not be written.
    pub fn put(&self, observations: Vec<Sent>, now: Timestamp) -> io::Result<()> {
        self.inner().put(observations, now)
    }

    /// The oldest that wait, at most so many, and so many bytes; but one file at least.
    pub fn head(&self, most: usize, bytes: usize) -> Batch {
        self.inner().head(most, bytes)
    }

    /// The service has these.
    pub fn taken(&self, batch: &Batch) {
        self.inner().taken(batch);
    }

    /// How much waits.
    pub fn waiting(&self) -> Waiting {
        self.inner().waiting()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, observations: Vec<Sent>, now: Timestamp) -> io::Result<()> {
        self.unwritten.extend(observations);
        let written = self.write(now);
        while self.unwritten.len() > UNWRITTEN {
            self.unwritten.pop_front();
            self.first += 1;
            self.lost += 1;
        }
        self.bound(now);
        written
    }

    fn write(&mut self, now: Timestamp) -> io::Result<()> {
        while !self.unwritten.is_empty() {
            let mut lines = Lines::default();
            let mut count = 0_usize;
            for sent in self.unwritten.iter().take(MOST_OBSERVATIONS) {
                if count > 0 && lines.text.len() > FILE / 2 {
                    break;
                }
                lines.add(sent)?;
                count += 1;
            }
            let (number, replaced) = self.joined(&mut lines);
            let name = Name { number, count: lines.count, second: now.as_second() };
            self.disk.write(&name, lines.text.as_bytes())?;
            self.next = self.next.max(number + 1);
            self.files.insert(name, on_disk(lines.text.len()));
            self.unwritten.drain(..count);
            self.first += count as u64;
            for name in replaced {
                self.remove(&name);
            }
        }
        Ok(())
    }

    /// Puts small files that were written just before in front of these lines: months without the service must not
    /// fill a folder with files of one line. The file gets the number of the first of them.
    fn joined(&self, lines: &mut Lines) -> (u64, Vec<Name>) {
        let mut replaced = Vec::new();
        let mut number = self.next;
        if self.files.len() <= FILES {
            return (number, replaced);
        }
        for (name, bytes) in self.files.iter().rev() {
            let fits = u64::from(name.count) <= u64::from(lines.count)
                && (name.count + lines.count) as usize <= MOST_OBSERVATIONS
                && *bytes as usize + lines.text.len() <= FILE / 2;
            let Some(Read { text, .. }) = fits.then(|| self.disk.read(name).ok()).flatten() else { break };
            lines.before(&text, name.count);
            number = name.number;
            replaced.push(name.clone());
        }
        (number, replaced)
    }

    /// What is too much, or too old, goes: the oldest first.
    fn bound(&mut self, now: Timestamp) {
        let age = SignedDuration::try_from(self.bounds.age).unwrap_or(SignedDuration::MAX);
        let mut lost = 0;
        while let Some(name) = self.files.keys().next().cloned() {
            let old = now.duration_since(name.written()) > age;
            if !old && self.bytes() <= self.bounds.bytes {
                break;
            }
            lost += u64::from(name.count);
            self.remove(&name);
        }
        if lost > 0 {
            self.lost += lost;
            tracing::error!(
                "{lost} observations were given up before the service took them: there is room for {} MiB and {} h",
                self.bounds.bytes >> 20,
                self.bounds.age.as_secs() / 3_600
            );
        }
    }

    fn head(&mut self, most: usize, most_bytes: usize) -> Batch {
        let mut batch = Batch { unwritten: self.first, ..Batch::default() };
        let names: Vec<Name> = self.files.keys().take(most.max(1)).cloned().collect();
        let mut bytes = 0;
        for name in names {
            let more = batch.observations.len() + name.count as usize;
            if !batch.observations.is_empty() && more > most {
                return batch;
            }
            let (name, seen, size) = self.read(name);
            if !batch.observations.is_empty() && bytes + size > most_bytes {
                return batch;
            }
            bytes += size;
            batch.observations.extend(seen);
            batch.files.push(name);
        }
        let room = most.saturating_sub(batch.observations.len());
        batch.observations.extend(self.unwritten.iter().take(room).cloned());
        batch.unwritten = self.first + self.unwritten.len().min(room) as u64;
        batch
    }

    /// What a file holds, its size, and how it is called afterwards: what of it cannot be read is set aside once.
    fn read(&mut self, name: Name) -> (Name, Vec<Sent>, usize) {
        let read = match self.disk.read(&name) {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(%error, "cannot read {name}: {} observations are set aside", name.count);
                self.unreadable += u64::from(name.count);
                self.lost += u64::from(name.count);
                if let Err(error) = self.disk.set_aside(&name) {
                    tracing::warn!(%error, "cannot set {name} aside");
                }
                self.files.remove(&name);
                return (name, Vec::new(), 0);
            }
        };
        let lines: Vec<_> = read.text.lines().map(serde_json::from_str::<Sent>).collect();
        let bad = lines.iter().filter(|line| line.is_err()).count() as u64
            + u64::from(name.count).saturating_sub(lines.len() as u64);
        let good: Vec<Sent> = lines.into_iter().flatten().collect();
        if bad == 0 {
            return (name, good, read.text.len());
        }
        tracing::error!("{bad} observations in {name} cannot be read; a copy is kept beside it");
        self.unreadable += bad;
        self.lost += bad;
        (self.mend(name, &good), good, read.text.len())
    }

    /// Puts what can be read in place of a file that is damaged, after a copy was kept.
    fn mend(&mut self, name: Name, good: &[Sent]) -> Name {
        let mut lines = Lines::default();
        let mended = self.disk.copy_aside(&name).and_then(|()| {
            good.iter().try_for_each(|sent| lines.add(sent))?;
            let whole = Name { count: lines.count, ..name.clone() };
            self.disk.write(&whole, lines.text.as_bytes()).map(|()| whole)
        });
        match mended {
            Ok(whole) if whole != name => {
                self.files.insert(whole.clone(), on_disk(lines.text.len()));
                self.remove(&name);
                whole
            }
            Ok(_) => name,
            Err(error) => {
                tracing::warn!(%error, "cannot mend {name}");
                name
            }
        }
    }

    fn taken(&mut self, batch: &Batch) {
        for name in &batch.files {
            self.remove(name);
        }
        while self.first < batch.unwritten && self.unwritten.pop_front().is_some() {
            self.first += 1;
        }
    }

    fn remove(&mut self, name: &Name) {
        match self.disk.remove(name) {
            Ok(()) => drop(self.files.remove(name)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => drop(self.files.remove(name)),
            // It stays, and is sent again: that does no harm.
            Err(error) => tracing::warn!(%error, "cannot remove {name}"),
        }
    }

    fn bytes(&self) -> u64 {
        self.files.values().sum()
    }

    fn waiting(&self) -> Waiting {
        let on_disk: u64 = self.files.keys().map(|name| u64::from(name.count)).sum();
        Waiting {
            observations: on_disk + self.unwritten.len() as u64,
            bytes: self.bytes(),
            lost: self.lost,
            unreadable: self.unreadable,
        }
    }
}

/// Observations as they stand in a file.
#[derive(Default)]
struct Lines {
    text: String,
    count: u32,
}

impl Lines {
    fn add(&mut self, sent: &Sent) -> io::Result<()> {
        self.text.push_str(&serde_json::to_string(sent)?);
        self.text.push('\n');
        self.count += 1;
        Ok(())
    }

    fn before(&mut self, text: &str, count: u32) {
        self.text.insert_str(0, text);
        self.count += count;
    }
}

fn on_disk(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(BLOCK).max(1) * BLOCK
}
