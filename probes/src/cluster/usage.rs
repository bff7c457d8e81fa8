//! What pods use at the moment, where somebody measures it (metrics-server).

use serde::Deserialize;

use super::amount::amount;
use super::ask::Cluster;
use super::list::{Wanted, list};
use super::parts::{Meta, Object, or_default};
use super::pod::Amounts;
use super::rights::LIST_POD_METRICS;
use super::trouble::Trouble;

/// What a pod uses.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Usage {
    #[serde(default)]
    pub(crate) metadata: Meta,
    #[serde(default, deserialize_with = "or_default")]
    containers: Vec<OfContainer>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct OfContainer {
    #[serde(default)]
    usage: Amounts,
}

impl Object for Usage {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

impl Usage {
    /// Cores.
    pub(crate) fn cores(&self) -> f64 {
        self.containers.iter().filter_map(|c| amount(&c.usage.cpu)).sum()
    }

    /// Bytes.
    pub(crate) fn bytes(&self) -> f64 {
        self.containers.iter().filter_map(|c| amount(&c.usage.memory)).sum()
    }
}

/// What each pod of a namespace uses.
///
/// # Errors
/// Nobody measures it (404), or it could not be listed to the end.
pub(crate) async fn usage(cluster: &Cluster, namespace: &str) -> Result<Vec<Usage>, Trouble> {
    let wanted = Wanted { right: LIST_POD_METRICS, namespace, labels: "", fields: "" };
    list(cluster, &wanted).await.map(|listed| listed.items)
}
