//! `kubernetes`: one look at the pods of a namespace, its components, quotas and events, and at the nodes.

mod components;
mod events;
mod look;
mod memory;
mod nodes;
mod pods;
mod quotas;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use self::components::Component;
use self::memory::Memory;
use crate::cluster::{Selector, is_name};
use crate::hub::Span;
use crate::net::ClusterAccess;
use crate::{Cadence, Cx, Kind, Outcome, Probe, Refused, Spec, Stage, hub};

pub(super) const KIND: Kind = Kind::of::<KubernetesSpec>(
    "kubernetes",
    "Looks at the cluster: user and build pods, nodes, components, quotas, warning events.",
    &[Stage::Query],
    Cadence { every: Duration::from_secs(30), deadline: Duration::from_secs(25) },
    "namespace: binder\nnode_limit: 20\nmax_age: 6h\n",
)
.measuring(&[
    "user_pods",
    "user_pods_*",
    "build_pods",
    "build_pods_*",
    "placeholders_*",
    "waiting_for_room",
    "nodes",
    "nodes_*",
    "node_limit",
    "component_*_pods",
    "component_*_ready",
    "component_*_restarts",
    "component_*_crashlooping",
    "component_*_unavailable_seconds",
    "component_*_age_seconds",
    "component_*_on_cordoned",
    "component_*_oom_killed",
    "component_*_cpu_cores",
    "component_*_memory_bytes",
    "component_*_cpu_limit_cores",
    "components_crashlooping",
    "components_unavailable",
    "quota_pods_used",
    "quota_pods_hard",
    "quota_pods_used_ratio",
    "quota_blocked",
    "events_*",
]);

/// Most components looked at.
const MOST_COMPONENTS: usize = 32;

/// Looks at one namespace and the nodes. It passes when it could look; what is wrong there is for rules over its
/// measurements to say. What may not or cannot be read is left out. Needs the rights of `deploy/rbac.yaml`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct KubernetesSpec {
    /// The namespace of the user pods; default: that of the context or of our service account.
    #[serde(default)]
    namespace: Option<String>,
    /// How the Kubernetes API is reached.
    #[serde(default)]
    access: ClusterAccess,
    /// How many nodes the cluster may grow to, where it grows.
    #[serde(default)]
    node_limit: Option<u32>,
    /// Age at which the culler ends a server; half an hour later its pod is overdue.
    #[serde(default = "six_hours")]
    max_age: Span,
    /// The components that keep the site up, by name; default: `hub`, `culler`, `proxy`, `binder`, `ingress`, `image_builder`.
    #[serde(default = "components::usual")]
    components: BTreeMap<String, ComponentSpec>,
    /// Look at the nodes; needs a ClusterRole.
    #[serde(default = "yes")]
    nodes: bool,
    /// Count the events of the last 5 minutes.
    #[serde(default = "yes")]
    events: bool,
    /// Read what the components use from `metrics.k8s.io`, where somebody measures it.
    #[serde(default = "yes")]
    usage: bool,
}

/// The pods that make a component.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ComponentSpec {
    /// Their namespace, where it is another one.
    #[serde(default)]
    namespace: Option<String>,
    /// Their labels, as in `kubectl -l`, such as `app=binder,component=binder`.
    selector: String,
}

fn yes() -> bool {
    true
}

fn six_hours() -> Span {
    Span(Duration::from_secs(6 * 3600))
}

impl Spec for KubernetesSpec {
    type Probe = Kubernetes;

    fn build(self, _: &Url) -> Result<Kubernetes, Vec<Refused>> {
        let mut refused = Vec::new();
        if self.namespace.as_deref().is_some_and(|n| !is_name(n)) {
            refused.push(Refused::new("namespace", "this cannot be the name of a namespace", ""));
        }
        if self.node_limit == Some(0) {
            refused.push(Refused::new("node_limit", "a cluster without nodes runs nothing", "leave it out"));
        }
        if self.components.len() > MOST_COMPONENTS {
            let what = format!("more than {MOST_COMPONENTS} components");
            refused.push(Refused::new("components", what, "name those that keep the site up"));
        }
        let mut components = Vec::new();
        for (name, spec) in self.components {
            match component(&name, spec) {
                Ok(component) => components.push(component),
                Err(error) => refused.push(error),
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(Kubernetes {
            namespace: self.namespace,
            access: self.access,
            node_limit: self.node_limit,
            max_age: self.max_age.0,
            components,
            nodes: self.nodes,
            events: self.events,
            usage: self.usage,
            memory: Mutex::default(),
        })
    }
}

fn component(name: &str, spec: ComponentSpec) -> Result<Component, Refused> {
    let path = |key: &str| format!("components.{name}{key}");
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 40 || !name.chars().all(fits) {
        let hint = "small letters, digits and `_`: it becomes part of the measurements' names";
        return Err(Refused::new(path(""), format!("`{name}` cannot name a component"), hint));
    }
    if spec.namespace.as_deref().is_some_and(|n| !is_name(n)) {
        return Err(Refused::new(path(".namespace"), "this cannot be the name of a namespace", ""));
    }
    let selector = Selector::parse(&spec.selector)
        .map_err(|what| Refused::new(path(".selector"), what, "write it as in `kubectl -l`"))?;
    Ok(Component { name: name.to_owned(), namespace: spec.namespace, selector })
}

pub(super) struct Kubernetes {
    namespace: Option<String>,
    access: ClusterAccess,
    node_limit: Option<u32>,
    max_age: Duration,
    components: Vec<Component>,
    nodes: bool,
    events: bool,
    usage: bool,
    /// What earlier looks of this process saw: restarts and absences tell nothing by themselves.
    memory: Mutex<Memory>,
}

#[async_trait]
impl Probe for Kubernetes {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        cx.stage(Stage::Query);
        match self.look(cx).await {
            Ok(()) => cx.passed(),
            Err(trouble) => hub::Trouble::from(trouble).into_outcome(cx),
        }
    }
}

#[cfg(test)]
mod tests;
