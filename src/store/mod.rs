//! What is kept: observations and their buckets, incidents, what is owed, and debts of launches.
//!
//! # Why
//! One writer (the recorder) hands in whole batches; a batch is one transaction, so an alert and the notification it
//! owes are kept together or not at all. Readers get their own connection and never hold the writer up.

mod accept;
mod accounts;
mod bucket;
mod compact;
#[cfg(test)]
mod conformance;
mod copy;
mod damage;
mod files;
mod full;
mod histogram;
mod names;
mod newest;
mod open;
mod pack;
mod pg;
mod seal;
mod sqlite;
mod states;
pub mod subscribers;
#[cfg(test)]
pub(crate) mod testing;
pub mod together;
mod types;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use launchwatch_alerts::{Deploy, Hidden, Incident, IncidentId, Memory, MessageRef, NotificationId, Silence};
use launchwatch_probes::Ledger;

use crate::observation::{Observation, ProbeId};

pub use accounts::{Accounts, ApiToken, AuditQuery, AuditRow, Digest, Role, Session};
pub use copy::{Either, copy};
pub use histogram::Histogram;
pub use pg::{PgOptions, PgStore};
pub use seal::SealKey;
pub use sqlite::SqliteStore;
pub use subscribers::Subscribers;
pub use together::Together;
pub use types::{
    Backlog, Batch, Bucket, Debt, DebtState, Delivery, DeliveryState, Error, IncidentQuery, Outbox, Owed,
    Pruned, Report, Retention, RunQuery, SeriesQuery, Settlement, Stand, Tier, Wanted,
};

/// Where everything is kept. Every implementation passes the same conformance suite.
#[async_trait]
pub trait Store: Ledger + Accounts + Subscribers {
    /// Keeps a batch: observations (and their buckets), alerts, incidents, notifications owed. One transaction,
    /// durable when this returns. An observation that is there already (same probe and slot) is left as it is.
    async fn record(&self, batch: Batch) -> Result<(), Error>;

    /// What the engine knew.
    async fn memory(&self) -> Result<Memory, Error>;

    /// Deliveries through this channel that are due, those first that have been so for the longest time, at most one
    /// per incident (so that messages of one incident stay in order), with the thread's root where there is one.
    async fn owed(
        &self,
        channel: &str,
        now: Timestamp,
        limit: usize,
        wanted: Wanted,
    ) -> Result<Vec<Owed>, Error>;

    /// When the next delivery through this channel is due; `None` when nothing is owed.
    async fn next_owed(&self, channel: &str) -> Result<Option<Timestamp>, Error>;

    /// How the outbox stands, all channels together.
    async fn outbox(&self) -> Result<Outbox, Error>;

    /// To be called once at the start with the channels there are: what was under way when the process ended counts as
    /// a possible duplicate from now on, and what is owed through other channels is given up, on record. Answers how
    /// the channels stood, and how much was given up.
    async fn resume(&self, channels: Vec<String>) -> Result<(BTreeMap<String, Stand>, usize), Error>;

    /// These deliveries through this channel are about to be handed to the post.
    async fn begin(&self, channel: &str, which: Vec<NotificationId>, now: Timestamp) -> Result<(), Error>;

    /// Writes down what came of deliveries, and how the channel stands. In the same transaction, what a broken channel
    /// owes, and what a channel refuses, becomes owed through its fallback: once, whatever happens later. Answers how
    /// much that is.
    async fn settle(&self, settlements: Vec<Settlement>, report: Option<Report>) -> Result<usize, Error>;

    /// Deliveries, newest first, for people.
    async fn deliveries(&self, limit: usize) -> Result<Vec<Delivery>, Error>;

    /// Deliveries of one incident, oldest first.
    async fn deliveries_of(&self, incident: &IncidentId, limit: usize) -> Result<Vec<Delivery>, Error>;

    /// Deliveries through one channel, newest first.
    async fn deliveries_through(&self, channel: &str, limit: usize) -> Result<Vec<Delivery>, Error>;

    /// How the channels stand that were ever used.
    async fn stands(&self) -> Result<BTreeMap<String, Stand>, Error>;

    /// Deployments that somebody told of, newest first.
    async fn deploys(&self, limit: usize) -> Result<Vec<Deploy>, Error>;

    /// Incidents, newest first.
    async fn incidents(&self, limit: usize) -> Result<Vec<Incident>, Error>;

    /// One incident, open or over.
    async fn incident(&self, id: &IncidentId) -> Result<Option<Incident>, Error>;

    /// Incidents, newest first, page by page.
    async fn find_incidents(&self, query: &IncidentQuery) -> Result<Vec<Incident>, Error>;

    /// The incident that a channel's message was about; `reference` is what the service calls the message.
    async fn incident_of_message(
        &self,
        channel: &str,
        reference: &MessageRef,
    ) -> Result<Option<IncidentId>, Error>;

    /// Silences, those in force first; the ones that are over too.
    async fn silences(&self, limit: usize) -> Result<Vec<Silence>, Error>;

    /// Alerts that fired and were not told, newest first, and why.
    async fn hidden(&self, limit: usize) -> Result<Vec<Hidden>, Error>;

    /// Runs, newest first. Slots come back to the microsecond. Runs that failed or were degraded come back as they
    /// were; others may have been kept in the compact form: then durations are within 1 %, everything else is as it
    /// was. What is damaged is left out.
    async fn runs(&self, query: &RunQuery) -> Result<Vec<Observation>, Error>;

    /// Buckets, by probe, oldest first; the open ones included, empty ones and probes without any left out. Minutes are
    /// counted from the runs when asked for: ask for hours of them, not for months.
    async fn series(&self, query: &SeriesQuery) -> Result<Vec<(ProbeId, Vec<Bucket>)>, Error>;

    /// The same without stages: what bars and quantiles of whole runs need, several times as fast.
    async fn totals(&self, query: &SeriesQuery) -> Result<Vec<(ProbeId, Vec<Bucket>)>, Error>;

    /// The last slot that was recorded of every probe.
    async fn last_slots(&self) -> Result<BTreeMap<ProbeId, Timestamp>, Error>;

    /// Debts that are not settled.
    async fn debts(&self) -> Result<Vec<Debt>, Error>;

    /// Gives up debts: they stay on record as abandoned.
    async fn abandon(&self, ids: Vec<launchwatch_probes::DebtId>) -> Result<(), Error>;

    /// How many debts were given up and never settled.
    async fn abandoned_count(&self) -> Result<u64, Error>;

    /// What was noted under this name last: a few kilobytes of somebody's own, such as how far an export has come.
    async fn noted(&self, name: &str) -> Result<Option<String>, Error>;

    /// Notes it, durable when this returns.
    async fn note(&self, name: &str, text: String) -> Result<(), Error>;

    /// Housekeeping, to be called every minute or so: drops what is older than its retention, and brings what was
    /// kept lately into its final form. Does a bounded part of the work a call.
    async fn prune(&self, now: Timestamp) -> Result<Pruned, Error>;
}
