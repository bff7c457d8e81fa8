//! What observations mean, and who must hear of it: rules, incidents, notifications, channels.
//!
//! This crate knows no probes. The [`Engine`] knows no clock and no IO: time comes in with every call, and what
//! must be kept or told goes out as [`Change`]s. A [`Channel`] composes and reads, it never sends: the
//! [`courier`] carries, through a [`Post`] that the service hands in.

mod channel;
pub mod channels;
pub mod chart;
mod command;
#[cfg(test)]
mod conformance;
pub mod courier;
mod deploy;
pub mod diagnosis;
mod engine;
mod incident;
mod judge;
mod notification;
mod payload;
mod picture;
mod policy;
mod request;
mod rule;
mod sample;
mod silence;
pub mod text;

pub use channel::{
    Channel, Envelope, Hearing, Kind, Letter, MessageRef, Next, Order, Post, Receipt, Refused, Reply,
    Settled, Smtp, SmtpTls, Spec, Templates, Undelivered,
};
pub use channels::{CHANNELS, Mail, Relay};
pub use command::{Command, Disobeyed};
pub use deploy::{Deploy, DeployResult};
pub use engine::{
    Ask, Change, Engine, Known, Memory, OURSELVES, Plan, Standing, StandingOf, merge_afterwards,
};
pub use incident::{
    Alert, AlertKey, AlertState, Entry, Held, Incident, IncidentId, IncidentState, Label, Named, Proposed,
    Spell,
};
pub use judge::LookBack;
pub use notification::{
    Ack, Cell, Ear, Facts, Failing, Hushed, Kind as NotificationKind, Notification, NotificationId, Strip,
    Whence, Words,
};
pub use policy::{
    Audience, Hours, Maintenance, Override, Person, Policy, Recipient, Reminders, Rotation, Route, Step,
    Team, Turn, Window,
};
pub use rule::{BurnWindow, Guard, Rule, Selector, Severity, Side, When};
pub use sample::{Details, Health, Sample, SeriesId};
pub use silence::{Hidden, Silence};
