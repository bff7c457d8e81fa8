//! What a namespace may use, and uses.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::amount::amount;
use super::ask::Cluster;
use super::list::{Wanted, list};
use super::parts::{Meta, Object, or_default};
use super::rights::LIST_QUOTAS;
use super::trouble::Trouble;

/// A ResourceQuota.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Quota {
    #[serde(default)]
    pub(crate) metadata: Meta,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "or_default")]
    hard: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    used: BTreeMap<String, String>,
}

impl Object for Quota {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

impl Quota {
    /// Pods in use and allowed, where it speaks of pods.
    pub(crate) fn pods(&self) -> Option<(f64, f64)> {
        ["pods", "count/pods"].into_iter().find_map(|key| {
            let hard = amount(self.status.hard.get(key)?)?;
            let used = amount(self.status.used.get(key)?)?;
            Some((used, hard))
        })
    }
}

/// The quotas of a namespace.
///
/// # Errors
/// They could not be listed to the end.
pub(crate) async fn quotas(cluster: &Cluster, namespace: &str) -> Result<Vec<Quota>, Trouble> {
    let wanted = Wanted { right: LIST_QUOTAS, namespace, labels: "", fields: "" };
    list(cluster, &wanted).await.map(|listed| listed.items)
}
