//! What observations mean, and who must hear of it: rules, incidents, notifications, channels.
//!
//! This crate knows no probes. The [`Engine`] knows no clock and no IO: time comes in with every call, and what
//! must be kept or told goes out as [`Change`]s. A [`Channel`] composes and reads, it never sends: the
//! [`courier`] carries, through a [`Post`] that the service hands in.

mod channel;
pub mod channels;
#[cfg(test)]
mod conformance;
pub mod courier;
mod engine;
mod incident;
mod notification;
mod picture;
mod request;
mod rule;
mod sample;
pub mod text;

pub use channel::{
    Channel, Envelope, Kind, Letter, MessageRef, Next, Post, Receipt, Refused, Reply, Settled, Smtp, SmtpTls,
    Spec, Undelivered,
};
pub use channels::CHANNELS;
pub use engine::{Change, Engine, Memory};
pub use incident::{Alert, AlertKey, AlertState, Incident, IncidentId, IncidentState};
pub use notification::{Cell, Facts, Failing, Kind as NotificationKind, Notification, NotificationId, Strip};
pub use rule::{Rule, Selector, Severity, When};
pub use sample::{Health, Sample, SeriesId};
