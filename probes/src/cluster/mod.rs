//! What a Kubernetes API says: whole lists or none, one pod as it changes, and the rights that takes.

mod amount;
mod ask;
mod events;
mod list;
mod log;
mod narrate;
mod node;
mod parts;
mod pod;
mod quota;
mod rights;
mod selector;
#[cfg(test)]
pub(crate) mod staged;
#[cfg(test)]
mod tests;
mod trouble;
mod usage;
mod watch;
mod words;

pub use narrate::narrate;
pub use rights::{RIGHTS, Right, Scope, Verb};

pub(crate) use amount::amount;
pub(crate) use ask::{Cluster, is_name};
pub(crate) use events::{Event, events, node_events};
pub(crate) use list::{pod, pods};
pub(crate) use log::log;
pub(crate) use node::{Node, nodes};
pub(crate) use parts::since;
pub(crate) use pod::{ContainerStatus, Pod};
pub(crate) use quota::{Quota, quotas};
pub(crate) use selector::Selector;
pub(crate) use trouble::Trouble;
pub(crate) use usage::{Usage, usage};
pub(crate) use watch::{Sight, watch_pod};
