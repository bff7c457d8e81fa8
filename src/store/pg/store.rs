//! The promises of [`Store`] and [`Ledger`], each kept by a room of its own.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use launchwatch_alerts::{Deploy, Hidden, Incident, IncidentId, Memory, MessageRef, NotificationId, Silence};
use launchwatch_probes::{CleanUp, DebtId, Ledger, LedgerError};

use super::lane::{read, within, write_fenced};
use super::{
    PgStore, debts, deploys, incidents, load, notes, outbox, prune, record, runs, series, settle, silences,
    stands,
};
use crate::observation::{Observation, ProbeId};
use crate::store::{
    Batch, Bucket, Debt, Delivery, Error, IncidentQuery, Outbox, Owed, Pruned, Report, RunQuery, SeriesQuery,
    Settlement, Stand, Store, Wanted,
};

/// Results that one transaction keeps at most: a quarter of an hour at 1,000 a minute.
const AT_ONCE: usize = 16_384;

#[async_trait]
impl Store for PgStore {
    async fn record(&self, mut batch: Batch) -> Result<(), Error> {
        // What has piled up while the database was gone goes in pieces, of which each ends in time; what was made of it
        // goes with the last.
        while batch.observations.len() > AT_ONCE {
            let rest = batch.observations.split_off(AT_ONCE);
            let observations = std::mem::replace(&mut batch.observations, rest);
            within(record::record(self, &Batch { observations, now: batch.now, ..Batch::default() })).await?;
        }
        within(record::record(self, &batch)).await
    }

    async fn memory(&self) -> Result<Memory, Error> {
        read!(self, |db| incidents::memory(db))
    }

    async fn owed(
        &self,
        channel: &str,
        now: Timestamp,
        limit: usize,
        wanted: Wanted,
    ) -> Result<Vec<Owed>, Error> {
        self.inner.note(now);
        read!(self, |db| outbox::owed(db, channel, now, (limit, wanted), &self.inner.damaged))
    }

    async fn next_owed(&self, channel: &str) -> Result<Option<Timestamp>, Error> {
        read!(self, |db| outbox::next_owed(db, channel))
    }

    async fn outbox(&self) -> Result<Outbox, Error> {
        read!(self, |db| outbox::outbox(db))
    }

    async fn resume(&self, channels: Vec<String>) -> Result<(BTreeMap<String, Stand>, usize), Error> {
        write_fenced!(self, |db| async {
            settle::doubt(db).await?;
            let given_up = settle::give_up_others(db, &channels).await?;
            Ok((stands::stands(db).await?, given_up))
        })
    }

    async fn begin(&self, channel: &str, which: Vec<NotificationId>, now: Timestamp) -> Result<(), Error> {
        write_fenced!(self, |db| settle::begin(db, channel, &which, now))
    }

    async fn settle(&self, settlements: Vec<Settlement>, report: Option<Report>) -> Result<usize, Error> {
        write_fenced!(self, |db| async {
            settle::settle(db, &settlements).await?;
            match &report {
                Some(report) => stands::keep(db, report).await,
                None => Ok(0),
            }
        })
    }

    async fn deliveries(&self, limit: usize) -> Result<Vec<Delivery>, Error> {
        read!(self, |db| settle::deliveries(db, limit))
    }

    async fn deliveries_of(&self, incident: &IncidentId, limit: usize) -> Result<Vec<Delivery>, Error> {
        read!(self, |db| settle::deliveries_of(db, incident, limit))
    }

    async fn deliveries_through(&self, channel: &str, limit: usize) -> Result<Vec<Delivery>, Error> {
        read!(self, |db| settle::deliveries_through(db, channel, limit))
    }

    async fn stands(&self) -> Result<BTreeMap<String, Stand>, Error> {
        read!(self, |db| stands::stands(db))
    }

    async fn deploys(&self, limit: usize) -> Result<Vec<Deploy>, Error> {
        read!(self, |db| deploys::newest(db, limit, &self.inner.damaged))
    }

    async fn incidents(&self, limit: usize) -> Result<Vec<Incident>, Error> {
        read!(self, |db| incidents::newest(db, limit, &self.inner.damaged))
    }

    async fn incident(&self, id: &IncidentId) -> Result<Option<Incident>, Error> {
        read!(self, |db| incidents::one(db, id, &self.inner.damaged))
    }

    async fn find_incidents(&self, query: &IncidentQuery) -> Result<Vec<Incident>, Error> {
        read!(self, |db| incidents::find(db, query, &self.inner.damaged))
    }

    async fn incident_of_message(
        &self,
        channel: &str,
        reference: &MessageRef,
    ) -> Result<Option<IncidentId>, Error> {
        read!(self, |db| incidents::of_message(db, channel, reference))
    }

    async fn silences(&self, limit: usize) -> Result<Vec<Silence>, Error> {
        read!(self, |db| silences::silences(db, limit, &self.inner.damaged))
    }

    async fn hidden(&self, limit: usize) -> Result<Vec<Hidden>, Error> {
        read!(self, |db| silences::hidden(db, limit, &self.inner.damaged))
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<Observation>, Error> {
        within(runs::runs(self, query)).await
    }

    async fn series(&self, query: &SeriesQuery) -> Result<Vec<(ProbeId, Vec<Bucket>)>, Error> {
        within(series::series(self, query, true)).await
    }

    async fn totals(&self, query: &SeriesQuery) -> Result<Vec<(ProbeId, Vec<Bucket>)>, Error> {
        within(series::series(self, query, false)).await
    }

    async fn last_slots(&self) -> Result<BTreeMap<ProbeId, Timestamp>, Error> {
        read!(self, |db| load::last_slots(db))
    }

    async fn debts(&self) -> Result<Vec<Debt>, Error> {
        read!(self, |db| debts::open(db, &self.inner.seal, &self.inner.damaged))
    }

    async fn abandon(&self, ids: Vec<DebtId>) -> Result<(), Error> {
        write_fenced!(self, |db| async {
            for id in &ids {
                debts::end(db, id, "abandoned", self.inner.now()).await?;
            }
            Ok(())
        })
    }

    async fn abandoned_count(&self) -> Result<u64, Error> {
        read!(self, |db| debts::abandoned(db))
    }

    async fn noted(&self, name: &str) -> Result<Option<String>, Error> {
        read!(self, |db| notes::noted(db, name))
    }

    async fn note(&self, name: &str, text: String) -> Result<(), Error> {
        write_fenced!(self, |db| notes::note(db, name, &text))
    }

    async fn prune(&self, now: Timestamp) -> Result<Pruned, Error> {
        prune::prune(self, now).await
    }
}

/// Words for a probe, which knows nothing of databases.
fn ledger(e: Error) -> LedgerError {
    LedgerError(e.to_string())
}

#[async_trait]
impl Ledger for PgStore {
    async fn begun(&self, id: &DebtId, what: &str) -> Result<(), LedgerError> {
        write_fenced!(self, |db| debts::begun(db, id, what, self.inner.now())).map_err(ledger)
    }

    async fn told(&self, id: &DebtId, cleanup: &CleanUp) -> Result<(), LedgerError> {
        let inner = &self.inner;
        write_fenced!(self, |db| debts::told(db, &inner.seal, id, cleanup, inner.now())).map_err(ledger)
    }

    async fn settled(&self, id: &DebtId) -> Result<(), LedgerError> {
        write_fenced!(self, |db| debts::end(db, id, "settled", self.inner.now())).map_err(ledger)
    }
}
