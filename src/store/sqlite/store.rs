//! The promises of [`Store`] and [`Ledger`], each kept by a room of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use launchwatch_alerts::{Deploy, Hidden, Incident, IncidentId, Memory, MessageRef, NotificationId, Silence};
use launchwatch_probes::{CleanUp, DebtId, Ledger, LedgerError};
use rusqlite::{Connection, TransactionBehavior};

use super::{
    Inner, Live, SqliteStore, date, debts, deploys, fail, incidents, load, outbox, prune, record, runs,
    series, settle, silences, stands,
};
use crate::observation::ProbeId;
use crate::store::{
    Batch, Bucket, Debt, Delivery, Error, IncidentQuery, Outbox, Owed, Pruned, Report, RunQuery, SeriesQuery,
    Settlement, Stand, Store, Wanted,
};

/// What is done to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Touch {
    Read,
    Write,
}

/// Says whether it may be done now.
pub(in crate::store) type Door = Arc<dyn Fn(Touch) -> Result<(), Error> + Send + Sync>;

impl SqliteStore {
    /// The same store behind a door: how several that share one are played.
    pub(in crate::store) fn behind(&self, door: Door) -> Self {
        Self { inner: Arc::clone(&self.inner), door: Some(door) }
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.through(Touch::Write, work).await
    }

    async fn through<T: Send + 'static>(
        &self,
        touch: Touch,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if let Some(door) = &self.door {
            door(touch)?;
        }
        if self.inner.at_once {
            return work(&self.inner);
        }
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(e) if e.is_panic() => {
                Err(Error::Corrupt { what: "something", detail: "reading it failed beyond words".into() })
            }
            Err(_) => Err(Error::Stopped),
        }
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &Connection, &Live) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.through(Touch::Read, move |inner| inner.read(|db, live| work(inner, db, live))).await
    }

    /// Work in one transaction.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |inner| {
            inner.write(|writer| {
                let what = "change the store";
                let tx = writer
                    .db
                    .transaction_with_behavior(TransactionBehavior::Immediate)
                    .map_err(fail(what))?;
                let made = work(inner, &tx)?;
                tx.commit().map_err(fail(what))?;
                Ok(made)
            })
        })
        .await
    }

    /// Makes blocks of the journal now, however little is in it. Housekeeping ([`Store::prune`]) does so when there
    /// is enough.
    ///
    /// # Errors
    /// If the database says no.
    pub async fn compact(&self) -> Result<(), Error> {
        self.run(|inner| inner.compact(true).map(|_| ())).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn record(&self, batch: Batch) -> Result<(), Error> {
        self.run(move |inner| record::record(inner, &batch)).await
    }

    async fn memory(&self) -> Result<Memory, Error> {
        self.read(|_, db, _| incidents::memory(db)).await
    }

    async fn owed(
        &self,
        channel: &str,
        now: Timestamp,
        limit: usize,
        wanted: Wanted,
    ) -> Result<Vec<Owed>, Error> {
        let channel = channel.to_owned();
        self.read(move |inner, db, _| {
            inner.note(now);
            outbox::owed(db, &channel, now, (limit, wanted), &inner.damaged)
        })
        .await
    }

    async fn next_owed(&self, channel: &str) -> Result<Option<Timestamp>, Error> {
        let channel = channel.to_owned();
        self.read(move |_, db, _| outbox::next_owed(db, &channel)).await
    }

    async fn outbox(&self) -> Result<Outbox, Error> {
        self.read(|_, db, _| outbox::outbox(db)).await
    }

    async fn resume(&self, channels: Vec<String>) -> Result<(BTreeMap<String, Stand>, usize), Error> {
        self.change(move |_, db| {
            settle::doubt(db)?;
            let given_up = settle::give_up_others(db, &channels)?;
            Ok((stands::stands(db)?, given_up))
        })
        .await
    }

    async fn begin(&self, channel: &str, which: Vec<NotificationId>, now: Timestamp) -> Result<(), Error> {
        let channel = channel.to_owned();
        self.change(move |_, db| settle::begin(db, &channel, &which, now)).await
    }

    async fn settle(&self, settlements: Vec<Settlement>, report: Option<Report>) -> Result<usize, Error> {
        self.change(move |_, db| {
            settle::settle(db, &settlements)?;
            report.as_ref().map_or(Ok(0), |report| stands::keep(db, report))
        })
        .await
    }

    async fn deliveries(&self, limit: usize) -> Result<Vec<Delivery>, Error> {
        self.read(move |_, db, _| settle::deliveries(db, limit)).await
    }

    async fn deliveries_of(&self, incident: &IncidentId, limit: usize) -> Result<Vec<Delivery>, Error> {
        let incident = incident.clone();
        self.read(move |_, db, _| settle::deliveries_of(db, &incident, limit)).await
    }

    async fn deliveries_through(&self, channel: &str, limit: usize) -> Result<Vec<Delivery>, Error> {
        let channel = channel.to_owned();
        self.read(move |_, db, _| settle::deliveries_through(db, &channel, limit)).await
    }

    async fn stands(&self) -> Result<BTreeMap<String, Stand>, Error> {
        self.read(move |_, db, _| stands::stands(db)).await
    }

    async fn deploys(&self, limit: usize) -> Result<Vec<Deploy>, Error> {
        self.read(move |inner, db, _| deploys::newest(db, limit, &inner.damaged)).await
    }

    async fn incidents(&self, limit: usize) -> Result<Vec<Incident>, Error> {
        self.read(move |inner, db, _| incidents::newest(db, limit, &inner.damaged)).await
    }

    async fn incident(&self, id: &IncidentId) -> Result<Option<Incident>, Error> {
        let id = id.clone();
        self.read(move |inner, db, _| incidents::one(db, &id, &inner.damaged)).await
    }

    async fn find_incidents(&self, query: &IncidentQuery) -> Result<Vec<Incident>, Error> {
        let query = query.clone();
        self.read(move |inner, db, _| incidents::find(db, &query, &inner.damaged)).await
    }

    async fn incident_of_message(
        &self,
        channel: &str,
        reference: &MessageRef,
    ) -> Result<Option<IncidentId>, Error> {
        let (channel, reference) = (channel.to_owned(), reference.clone());
        self.read(move |_, db, _| incidents::of_message(db, &channel, &reference)).await
    }

    async fn silences(&self, limit: usize) -> Result<Vec<Silence>, Error> {
        self.read(move |inner, db, _| silences::silences(db, limit, &inner.damaged)).await
    }

    async fn hidden(&self, limit: usize) -> Result<Vec<Hidden>, Error> {
        self.read(move |inner, db, _| silences::hidden(db, limit, &inner.damaged)).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<crate::observation::Observation>, Error> {
        let query = query.clone();
        self.read(move |inner, db, live| runs::runs(db, live, &query, &inner.damaged)).await
    }

    async fn series(&self, query: &SeriesQuery) -> Result<Vec<(ProbeId, Vec<Bucket>)>, Error> {
        let query = query.clone();
        self.read(move |inner, db, live| series::series(db, live, &query, true, &inner.damaged)).await
    }

    async fn totals(&self, query: &SeriesQuery) -> Result<Vec<(ProbeId, Vec<Bucket>)>, Error> {
        let query = query.clone();
        self.read(move |inner, db, live| series::series(db, live, &query, false, &inner.damaged)).await
    }

    async fn last_slots(&self) -> Result<BTreeMap<ProbeId, Timestamp>, Error> {
        self.through(Touch::Read, |inner| {
            let last = inner.writer().last.clone();
            inner.read(|_, live| {
                let slot = |number: u32| last.get(number as usize).filter(|l| l.slot > i64::MIN);
                Ok(live.names.probes().filter_map(|(p, n)| Some((p.clone(), date(slot(n)?.slot)))).collect())
            })
        })
        .await
    }

    async fn debts(&self) -> Result<Vec<Debt>, Error> {
        self.read(|inner, db, _| debts::open(db, &inner.seal, &inner.damaged)).await
    }

    async fn abandon(&self, ids: Vec<DebtId>) -> Result<(), Error> {
        self.change(move |inner, db| {
            ids.iter().try_for_each(|id| debts::end(db, id, "abandoned", inner.now()))
        })
        .await
    }

    async fn abandoned_count(&self) -> Result<u64, Error> {
        self.read(|_, db, _| debts::abandoned(db)).await
    }

    async fn noted(&self, name: &str) -> Result<Option<String>, Error> {
        let name = name.to_owned();
        self.read(move |_, db, _| load::noted(db, &name)).await
    }

    async fn note(&self, name: &str, text: String) -> Result<(), Error> {
        let name = name.to_owned();
        self.change(move |_, db| load::note(db, &name, &text)).await
    }

    async fn prune(&self, now: Timestamp) -> Result<Pruned, Error> {
        self.run(move |inner| prune::prune(inner, now)).await
    }
}

/// Words for a probe, which knows nothing of databases.
fn ledger(e: Error) -> LedgerError {
    LedgerError(e.to_string())
}

#[async_trait]
impl Ledger for SqliteStore {
    async fn begun(&self, id: &DebtId, what: &str) -> Result<(), LedgerError> {
        let (id, what) = (id.clone(), what.to_owned());
        self.change(move |inner, db| debts::begun(db, &id, &what, inner.now())).await.map_err(ledger)
    }

    async fn told(&self, id: &DebtId, cleanup: &CleanUp) -> Result<(), LedgerError> {
        let (id, cleanup) = (id.clone(), cleanup.clone());
        self.change(move |inner, db| debts::told(db, &inner.seal, &id, &cleanup, inner.now()))
            .await
            .map_err(ledger)
    }

    async fn settled(&self, id: &DebtId) -> Result<(), LedgerError> {
        let id = id.clone();
        self.change(move |inner, db| debts::end(db, &id, "settled", inner.now())).await.map_err(ledger)
    }
}
