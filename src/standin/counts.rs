//! Counts: what tests ask the stand-in afterwards.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Running totals.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) servers_started: u64,
    pub(crate) peak_servers: usize,
    pub(crate) begun: u64,
    pub(crate) ready: u64,
    pub(crate) failed: u64,
    pub(crate) abandoned: u64,
    pub(crate) in_flight: usize,
    pub(crate) peak: usize,
    pub(crate) requests: BTreeMap<&'static str, u64>,
}

/// The stand-in at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The fault set for everything.
    pub fault: super::Fault,
    /// Faults set for one prefix of `<provider>/<spec>`.
    pub faults: BTreeMap<String, super::Fault>,
    /// Users the hub knows.
    pub users: usize,
    /// Servers whose process runs, ready ones and those that will not go away.
    pub servers_running: usize,
    /// Servers on their way up.
    pub servers_starting: usize,
    /// Servers ever asked for, failed attempts included.
    pub servers_started: u64,
    /// Most servers running or starting at once.
    pub peak_servers: usize,
    /// BinderHub launches that reached `launching`.
    pub launches_begun: u64,
    /// … that said `ready`.
    pub launches_ready: u64,
    /// … that said `failed`.
    pub launches_failed: u64,
    /// … whose client left before the end.
    pub launches_abandoned: u64,
    /// … that are under way.
    pub launches_in_flight: usize,
    /// Most launches under way at once.
    pub peak_launches: usize,
    /// Requests by kind of path: build, page, health, versions, metrics, hub, server, kernel, federation, other.
    pub requests: BTreeMap<String, u64>,
}
