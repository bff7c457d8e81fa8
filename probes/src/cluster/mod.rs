//! What a Kubernetes API says: whole lists or none, one pod as it changes, and the rights that takes.

mod ask;
mod events;
mod list;
mod parts;
mod pod;
mod rights;
#[cfg(test)]
pub(crate) mod staged;
#[cfg(test)]
mod tests;
mod trouble;
mod watch;

pub use rights::{RIGHTS, Right, Scope, Verb};

pub(crate) use ask::{Cluster, is_name};
pub(crate) use events::{Event, events, node_events};
pub(crate) use list::{pod, pods};
pub(crate) use pod::{Container, Pod};
pub(crate) use trouble::Trouble;
pub(crate) use watch::{Sight, watch_pod};
