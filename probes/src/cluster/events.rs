//! What a cluster reports about its objects: events, as far as they are read.

use jiff::Timestamp;
use serde::Deserialize;

use super::ask::Cluster;
use super::list::{Wanted, list};
use super::parts::{Meta, Object, or_default};
use super::rights::{LIST_EVENTS, LIST_NODE_EVENTS};
use super::trouble::Trouble;

/// An event; one that happens again is counted in the one there is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    #[serde(default)]
    pub(crate) metadata: Meta,
    #[serde(default)]
    pub(crate) involved_object: About,
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) reason: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) message: String,
    #[serde(default, deserialize_with = "or_default")]
    count: u64,
    series: Option<Series>,
    first_timestamp: Option<Timestamp>,
    last_timestamp: Option<Timestamp>,
    event_time: Option<Timestamp>,
}

/// What an event is about.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct About {
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    #[serde(default)]
    count: u64,
    last_observed_time: Option<Timestamp>,
}

impl Object for Event {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

impl Event {
    /// Whether its reason is one of these.
    pub(crate) fn is_one_of(&self, reasons: &[&str]) -> bool {
        reasons.contains(&self.reason.as_str())
    }

    /// Whether its message contains these words, which are in small letters.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }

    /// When it happened the last time.
    pub(crate) fn last(&self) -> Option<Timestamp> {
        let observed = self.series.as_ref().and_then(|s| s.last_observed_time);
        [observed, self.last_timestamp, self.event_time, self.metadata.creation_timestamp]
            .into_iter()
            .flatten()
            .max()
    }

    /// When it happened first.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.first_timestamp.or(self.event_time).or(self.metadata.creation_timestamp)
    }

    /// How often it has happened.
    pub(crate) fn times(&self) -> u64 {
        self.series.as_ref().map_or(0, |s| s.count).max(self.count).max(1)
    }
}

/// The events of a namespace that the API still has (an hour, as a rule).
///
/// # Errors
/// They could not be listed to the end.
pub(crate) async fn events(cluster: &Cluster, namespace: &str) -> Result<Vec<Event>, Trouble> {
    let wanted = Wanted { right: LIST_EVENTS, namespace, labels: "", fields: "" };
    list(cluster, &wanted).await.map(|listed| listed.items)
}

/// The events about nodes: those have no namespace, and are kept in `default`.
///
/// # Errors
/// They could not be listed to the end.
pub(crate) async fn node_events(cluster: &Cluster) -> Result<Vec<Event>, Trouble> {
    let fields = "involvedObject.kind=Node";
    let wanted = Wanted { right: LIST_NODE_EVENTS, namespace: "default", labels: "", fields };
    list(cluster, &wanted).await.map(|listed| listed.items)
}
