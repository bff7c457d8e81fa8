//! A node, as far as it is read: whether it takes pods, and what is wrong with it.

use serde::Deserialize;

use super::ask::Cluster;
use super::list::{Wanted, list};
use super::parts::{Condition, Meta, Object, or_default};
use super::rights::LIST_NODES;
use super::trouble::Trouble;

/// A node.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Node {
    #[serde(default)]
    pub(crate) metadata: Meta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Spec {
    #[serde(default)]
    unschedulable: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "or_default")]
    conditions: Vec<Condition>,
    #[serde(default, deserialize_with = "or_default")]
    addresses: Vec<Address>,
}

#[derive(Debug, Clone, Deserialize)]
struct Address {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    address: String,
}

impl Object for Node {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

impl Node {
    /// Whether it has been taken out of service by a person or a program.
    pub(crate) fn is_cordoned(&self) -> bool {
        self.spec.unschedulable
    }

    /// Its condition `Ready`.
    pub(crate) fn readiness(&self) -> Option<&Condition> {
        self.status.conditions.iter().find(|c| c.kind == "Ready")
    }

    /// Whether it says that it is ready; silence is not.
    pub(crate) fn is_ready(&self) -> bool {
        self.readiness().is_some_and(|c| c.status == "True")
    }

    /// Whether a condition whose type contains this holds, in whatever letters it is written.
    pub(crate) fn suffers(&self, from: &str) -> bool {
        let from = from.to_ascii_lowercase();
        self.status
            .conditions
            .iter()
            .any(|c| c.status == "True" && c.kind.as_str().to_ascii_lowercase().contains(&from))
    }

    /// Whether it has an address at which it can be reached: a name alone is none.
    pub(crate) fn has_address(&self) -> bool {
        let reachable = |a: &Address| a.kind.ends_with("IP") && !a.address.is_empty();
        self.status.addresses.iter().any(reachable)
    }
}

/// All nodes.
///
/// # Errors
/// They could not be listed to the end.
pub(crate) async fn nodes(cluster: &Cluster) -> Result<Vec<Node>, Trouble> {
    let wanted = Wanted { right: LIST_NODES, namespace: "", labels: "", fields: "" };
    list(cluster, &wanted).await.map(|listed| listed.items)
}
