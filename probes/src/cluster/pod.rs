//! A pod, as far as it is read: where it is in its life, what its containers say, whose it is.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::parts::{Condition, Meta, Object, or_default, since};

/// The variable of a user pod's environment that names its repository. Nothing else of an environment is kept: it
/// holds tokens.
const REPOSITORY: &str = "BINDER_REPO_URL";

/// A pod.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Pod {
    #[serde(default)]
    pub(crate) metadata: Meta,
    #[serde(default)]
    pub(crate) spec: Spec,
    #[serde(default)]
    pub(crate) status: Status,
}

/// What the pod is meant to be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spec {
    #[serde(default)]
    pub(crate) node_name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) containers: Vec<Container>,
}

/// A container as it is meant to be.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Container {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) image: String,
    /// The repository that its environment names.
    #[serde(rename = "env", default, deserialize_with = "repository")]
    pub(crate) repository: Option<String>,
    #[serde(default)]
    pub(crate) resources: Resources,
}

/// What a container may use.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Resources {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) limits: Amounts,
}

/// Amounts of resources, as written (`250m`, `2Gi`).
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Amounts {
    #[serde(default)]
    pub(crate) cpu: String,
    #[serde(default)]
    pub(crate) memory: String,
}

/// What the pod is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    #[serde(default)]
    pub(crate) phase: String,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(rename = "podIP", default)]
    pub(crate) pod_ip: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) container_statuses: Vec<ContainerStatus>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) init_container_statuses: Vec<ContainerStatus>,
}

/// What a container is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContainerStatus {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) ready: bool,
    #[serde(default)]
    pub(crate) restart_count: u64,
    #[serde(default)]
    pub(crate) state: State,
    #[serde(default)]
    pub(crate) last_state: State,
}

/// What a container does, or did before it was started again.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct State {
    pub(crate) waiting: Option<Told>,
    pub(crate) running: Option<Told>,
    pub(crate) terminated: Option<Told>,
}

/// Why it waits or ended, and since when it runs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Told {
    #[serde(default)]
    pub(crate) reason: String,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
}

impl Object for Pod {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

impl Pod {
    /// Its label of this name; empty without.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.metadata.labels.get(name).unwrap_or_default()
    }

    /// Its annotation of this name.
    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata.annotations.get(name)
    }

    /// Whether it has ended, well or not.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether it has been told to go.
    pub(crate) fn is_terminating(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// Whether nobody knows what it does: its node is gone or silent.
    pub(crate) fn is_lost(&self) -> bool {
        self.status.phase == "Unknown" || self.status.reason == "NodeLost"
    }

    /// The condition of this type.
    pub(crate) fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|c| c.kind == kind)
    }

    /// Whether it is ready: by its condition, else by its containers.
    pub(crate) fn is_ready(&self) -> bool {
        match self.condition("Ready") {
            Some(condition) => condition.status == "True",
            None => self.status.phase == "Running" && self.has_all_containers_ready(),
        }
    }

    fn has_all_containers_ready(&self) -> bool {
        let containers = &self.status.container_statuses;
        !containers.is_empty() && containers.iter().all(|c| c.ready)
    }

    /// Whether KubeSpawner would call it running: it runs, has an address, stays, and all containers are ready.
    pub(crate) fn is_running_for_the_hub(&self) -> bool {
        self.status.phase == "Running"
            && !self.status.pod_ip.is_empty()
            && !self.is_terminating()
            && self.has_all_containers_ready()
    }

    /// For how many seconds no node has been found for it; `None` when it has one, or has ended.
    pub(crate) fn unscheduled(&self, now: Timestamp) -> Option<f64> {
        if self.status.phase != "Pending" || self.is_terminating() {
            return None;
        }
        let refused = self.condition("PodScheduled").filter(|c| c.status == "False")?;
        let from = refused.last_transition_time.or(self.metadata.creation_timestamp)?;
        Some(since(from, now))
    }

    /// The repository that it was made from, else its image without tag.
    pub(crate) fn repository(&self) -> Option<&str> {
        let named = self.spec.containers.iter().find_map(|c| c.repository.as_deref());
        let noted = || self.annotation("binder-repo");
        let image = || {
            let notebook = self.spec.containers.iter().find(|c| c.name == "notebook");
            notebook.or(self.spec.containers.first()).map(|c| untagged(&c.image)).filter(|i| !i.is_empty())
        };
        named.or_else(noted).or_else(image)
    }
}

/// An image without its tag or digest.
fn untagged(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        // A colon before the last slash is that of a port.
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

fn repository<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Variable {
        #[serde(default)]
        name: String,
        value: Option<String>,
    }
    let variables = Option::<Vec<Variable>>::deserialize(from)?.unwrap_or_default();
    Ok(variables.into_iter().find(|v| v.name == REPOSITORY).and_then(|v| v.value).filter(|v| !v.is_empty()))
}
