//! THE TABLE of causes that are taken for each other, and the look that tells the two apart.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Diagnosis;

/// A first cause that is less likely than this is not sure: what has not been looked at may still turn it.
const SURE: f64 = 0.75;
/// Causes whose confidences differ by no more stand close.
const CLOSE: f64 = 0.2;

/// A way of looking, whichever probe does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// A launch of an image that is there, through BinderHub.
    Launch,
    /// A launch that must build.
    Build,
    /// A launch through the Hub alone.
    HubLaunch,
    /// The Hub's own answers.
    Hub,
    /// What the Hub believes beside what the cluster runs.
    Drift,
    /// Pods, nodes, quotas and events of the cluster.
    Cluster,
    /// Logs of Hub and BinderHub, and whether pods' logs can be read.
    Logs,
    /// BinderHub's own checks.
    Health,
}

impl Sight {
    /// Whether probes of this type (see [`super::Track::kind`]) look in this way.
    pub fn is_of(self, kind: &str) -> bool {
        match self {
            Self::Launch => kind == "binder-launch",
            Self::Build => kind == "binder-launch!fresh",
            Self::HubLaunch => kind == "jupyterhub-launch",
            Self::Hub => matches!(kind, "jupyterhub-servers" | "hub-drift"),
            Self::Drift => kind == "hub-drift",
            Self::Cluster => kind == "kubernetes",
            Self::Logs => kind == "kubernetes-logs",
            Self::Health => kind == "binderhub-health",
        }
    }

    /// Whether a look starts servers.
    pub const fn launches(self) -> bool {
        matches!(self, Self::Launch | Self::Build | Self::HubLaunch)
    }
}

/// A look that would tell the first cause from another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NextLook {
    /// How to look.
    pub by: Sight,
    /// The other cause.
    pub from: String,
    /// What the answer would mean.
    pub words: String,
}

impl NextLook {
    /// In words.
    pub(super) fn told(&self) -> String {
        format!("to tell it from {}: {}", self.from, self.words)
    }
}

/// Two causes that are taken for each other.
pub(super) struct Split {
    pub(super) between: [&'static str; 2],
    pub(super) by: Sight,
    pub(super) words: &'static str,
}

const fn split(one: &'static str, other: &'static str, by: Sight, words: &'static str) -> Split {
    Split { between: [one, other], by, words }
}

pub(super) const SPLITS: &[Split] = &[
    split(
        "hub-unreachable",
        "binder-hub-connection-stuck",
        Sight::Hub,
        "if the Hub answers when asked directly, BinderHub's connection to it is what hangs",
    ),
    split(
        "hub-unreachable",
        "hub-overloaded",
        Sight::Hub,
        "an overloaded Hub answers late; a dead one does not",
    ),
    split("hub-unreachable", "ingress-down", Sight::Cluster, "whether Hub and ingress are ready"),
    split("hub-unreachable", "proxy-crashloop", Sight::Cluster, "whether the proxy before the Hub is ready"),
    split("hub-unreachable", "hub-volume-stuck", Sight::Cluster, "what keeps a new Hub from being ready"),
    split(
        "launch-hang-unknown",
        "binder-hub-connection-stuck",
        Sight::HubLaunch,
        "if a launch through the Hub alone works, BinderHub's connection to it is what hangs",
    ),
    split(
        "hub-pod-reflector-stale",
        "binder-hub-connection-stuck",
        Sight::HubLaunch,
        "if a launch through the Hub alone works, the Hub sees its pods",
    ),
    split(
        "launch-hang-unknown",
        "hub-pod-reflector-stale",
        Sight::Drift,
        "whether servers wait in the Hub for pods that are ready",
    ),
    split(
        "launch-hang-unknown",
        "binder-overloaded",
        Sight::Health,
        "whether BinderHub's own pages are late",
    ),
    split("launch-hang-unknown", "hub-overloaded", Sight::Hub, "how long the Hub takes to answer"),
    split(
        "hub-overloaded",
        "hub-pod-reflector-stale",
        Sight::Drift,
        "whether servers wait for pods that are ready",
    ),
    split(
        "binder-overloaded",
        "binder-hub-connection-stuck",
        Sight::Cluster,
        "what BinderHub's processor does",
    ),
    split("binder-overloaded", "hub-overloaded", Sight::Hub, "how long the Hub takes to answer"),
    split("cluster-full", "orphan-pods", Sight::Drift, "how many of the pods belong to nobody"),
    split("cluster-full", "hub-pod-reflector-stale", Sight::Drift, "whether the pods that wait are ready"),
    split(
        "cluster-full",
        "traffic-surge",
        Sight::Cluster,
        "whether more people came or fewer nodes are there",
    ),
    split(
        "cluster-full",
        "namespace-quota-exceeded",
        Sight::Cluster,
        "whether nodes or a quota refuse the pods",
    ),
    split("cluster-full", "node-lost", Sight::Cluster, "whether nodes are gone"),
    split("node-lost", "node-disk-full", Sight::Cluster, "why the node is in trouble"),
    split(
        "server-unusable-after-ready",
        "proxy-crashloop",
        Sight::Cluster,
        "whether the proxy before the servers is well",
    ),
    split(
        "server-unusable-after-ready",
        "node-network-broken",
        Sight::Launch,
        "whether servers on another node can be used",
    ),
    split(
        "build-upstream-packages-missing",
        "build-queue-starved",
        Sight::Build,
        "whether another build begins, and where it ends",
    ),
    split("build-queue-starved", "log-stream-broken", Sight::Logs, "whether the logs of builds can be read"),
    split("build-queue-starved", "hot-repo-build", Sight::Cluster, "of how many repositories the builds are"),
];

/// The looks that tell the first cause from others, the likeliest first: from those that stand close, and, where the first one
/// is not sure itself, from those that nothing speaks against. `confidence` is how likely another cause is, `None` where
/// it is out of the question.
pub(super) fn next_looks(first: &Diagnosis, confidence: impl Fn(&str) -> Option<f64>) -> Vec<NextLook> {
    let mut found: Vec<(f64, NextLook)> = SPLITS
        .iter()
        .filter_map(|split| {
            let [one, other] = split.between;
            let from = [(one, other), (other, one)].into_iter().find(|(one, _)| *one == first.label)?.1;
            let other = confidence(from)?;
            let close = other > 0.0 && first.confidence - other <= CLOSE;
            let look = || NextLook { by: split.by, from: from.to_owned(), words: split.words.to_owned() };
            (close || first.confidence < SURE).then(|| (other, look()))
        })
        .collect();
    // Of equal ones the first in the table: a stable sort.
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, look)| look).collect()
}
