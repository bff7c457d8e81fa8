//! (test) A ledger in memory that remembers what it was told, and when it was told to forget.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;

use crate::{CleanUp, DebtId, Ledger, LedgerError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Begun,
    Told(String),
    Settled,
}

#[derive(Default)]
pub(crate) struct Memory {
    entries: Mutex<BTreeMap<DebtId, Entry>>,
    told: Mutex<Vec<String>>,
    broken: bool,
}

impl Memory {
    /// One that cannot write.
    pub(crate) fn broken() -> Self {
        Self { broken: true, ..Self::default() }
    }

    /// The last state of every entry.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().values().cloned().collect()
    }

    /// All that was ever told.
    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    fn write(&self, id: &DebtId, entry: Entry) -> Result<(), LedgerError> {
        if self.broken {
            return Err(LedgerError("no space left on device".into()));
        }
        self.entries.lock().unwrap().insert(id.clone(), entry);
        Ok(())
    }
}

#[async_trait]
impl Ledger for Memory {
    async fn begun(&self, id: &DebtId, _: &str) -> Result<(), LedgerError> {
        self.write(id, Entry::Begun)?;
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn told(&self, id: &DebtId, cleanup: &CleanUp) -> Result<(), LedgerError> {
        self.write(id, Entry::Told(cleanup.what()))?;
        self.told.lock().unwrap().push(cleanup.what());
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn settled(&self, id: &DebtId) -> Result<(), LedgerError> {
        self.write(id, Entry::Settled)?;
        tokio::task::yield_now().await;
        Ok(())
    }
}
