//! What all objects of a Kubernetes API have in common, as far as it is read.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::words::{Word, Words};

/// Name, age and labels of an object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) namespace: String,
    #[serde(default)]
    pub(crate) uid: String,
    #[serde(default)]
    pub(crate) resource_version: String,
    pub(crate) creation_timestamp: Option<Timestamp>,
    pub(crate) deletion_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) labels: Words,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) annotations: Words,
}

impl Meta {
    /// Seconds since it was created; never below zero, `None` where it does not say.
    pub(crate) fn age(&self, now: Timestamp) -> Option<f64> {
        self.creation_timestamp.map(|at| since(at, now))
    }
}

/// A condition of a pod or a node.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Condition {
    #[serde(rename = "type", default)]
    pub(crate) kind: Word,
    #[serde(default)]
    pub(crate) status: Word,
    pub(crate) last_transition_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) reason: String,
}

/// An object that is part of a list.
pub(crate) trait Object {
    /// What identifies it.
    fn meta(&self) -> &Meta;
}

/// Seconds from a moment to another; zero where it is the later one.
pub(crate) fn since(at: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(at).as_secs_f64().max(0.0)
}

/// `null` for a field that is written as nothing at all elsewhere.
pub(crate) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}
