//! How a Kubernetes API is reached: from inside the cluster by its service account, else by a kubeconfig file.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// How a Kubernetes API is reached. Without settings: the service account of the pod we run in, else the kubeconfig file that
/// `KUBECONFIG` or the home directory names.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterAccess {
    /// A kubeconfig file.
    pub kubeconfig: Option<PathBuf>,
    /// The context in it; its current one by default.
    pub context: Option<String>,
}

impl ClusterAccess {
    /// Names the cluster for logs and errors; the context, where one is written.
    pub fn name(&self) -> &str {
        self.context.as_deref().unwrap_or("the cluster")
    }
}
