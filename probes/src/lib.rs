//! What can be looked at, and what was seen: probe kinds, their outcomes, and the one door to the network.
//!
//! This crate knows no alerts, no database and no scheduler. A probe gets a [`Cx`] (everything it may touch)
//! and answers with an [`Outcome`], never with an error: that a target is down is a finding, not a fault.

pub mod cleanup;
pub mod cluster;
#[cfg(test)]
mod conformance;
mod cx;
mod exchange;
mod hub;
pub mod kinds;
pub mod net;
mod outcome;
mod passive;
mod probe;
mod reason;
mod redact;
mod sse;
#[cfg(test)]
mod staged;
mod target;

pub use cleanup::{CleanUp, DebtId, Ledger, LedgerError, Paid};
pub use cx::{Cx, CxParts, Launch, Progress, Watcher};
pub use kinds::KINDS;
pub use net::{Net, NetError};
pub use outcome::{Measurement, Outcome, StageTime, Verdict};
pub use passive::{AlertTerms, HeartbeatTerms, Passive};
pub use probe::{Cadence, Follow, Kind, Probe, Refused, Spec};
pub use reason::{Reason, Stage};
pub use redact::cleaned;
