//! What could be done about a cause: the closed vocabulary of actions, and one of them proposed with its guards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes the vocabulary.
macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident $text:literal,)*) => {
        /// Something that changes the cluster, the hub or the deployment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum Action { $($(#[$doc])* $variant,)* }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Action] = &[$(Action::$variant,)*];

            /// The name used in pages, messages and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Action::$variant => $text,)* }
            }
        }
    };
}

actions! {
    /// Ends the Hub's process, which comes back in place; servers go on.
    RestartHub "restart-hub",
    /// Replaces BinderHub's pods one by one.
    RestartBinder "restart-binder",
    /// Replaces the proxy's pod: all connections drop.
    RestartProxy "restart-proxy",
    /// Replaces the ingress controller's pods one by one.
    RestartIngress "restart-ingress",
    /// Replaces Hub and proxy together.
    RestartHubAndProxy "restart-hub-and-proxy",
    /// Replaces the redirector of a federation.
    RestartFederationRedirect "restart-federation-redirect",
    /// Deletes user pods that the Hub knows nothing of.
    DeleteOrphanPods "delete-orphan-pods",
    /// Deletes user pods that wait for a node.
    DeleteStuckPendingPods "delete-stuck-pending-pods",
    /// Deletes user pods beyond an age.
    DeleteAgedUserPods "delete-aged-user-pods",
    /// The same, before anybody knows why there are so many.
    DeleteAgedUserPodsBeforeDiagnosis "delete-aged-user-pods-before-diagnosis",
    /// Deletes user pods, whoever uses them.
    DeleteUserPods "delete-user-pods",
    /// Deletes everything in the namespace.
    DeleteAllPods "delete-all-pods",
    /// Deletes pods that were evicted or have ended.
    DeleteEvictedPods "delete-evicted-pods",
    /// Deletes pods on a node that is gone.
    DeleteLostPods "delete-lost-pods",
    /// The same without waiting for the node.
    ForceDeleteLostPods "force-delete-lost-pods",
    /// Deletes one build pod.
    DeleteBuildPod "delete-build-pod",
    /// No new pods on a node.
    CordonNode "cordon-node",
    /// New pods on a node again.
    UncordonNode "uncordon-node",
    /// Ends everything on a node.
    DrainNode "drain-node",
    /// Moves the service's own pods off a node.
    DrainCorePods "drain-core-pods",
    /// More nodes.
    AddNodes "add-nodes",
    /// Another set of nodes.
    ReplaceNodePool "replace-node-pool",
    /// Reboots a node.
    ResetNode "reset-node",
    /// Another version of Kubernetes.
    UpgradeCluster "upgrade-cluster",
    /// Lets the autoscaler add more nodes.
    RaiseNodeLimit "raise-node-limit",
    /// More ingress controllers.
    ScaleIngress "scale-ingress",
    /// Deletes a quota object that its provider makes anew.
    DeleteResourcequota "delete-resourcequota",
    /// No launches of a repository.
    BanRepo "ban-repo",
    /// Launches of it again.
    UnbanRepo "unban-repo",
    /// Fewer servers of a repository at once.
    LowerRepoQuota "lower-repo-quota",
    /// More servers of a repository at once.
    RaiseRepoQuota "raise-repo-quota",
    /// Back to the version before.
    RollbackDeploy "rollback-deploy",
    /// A new version.
    Deploy "deploy",
    /// A change of code.
    CodeFix "code-fix",
    /// Another base image for builds.
    FixBaseImage "fix-base-image",
    /// Sends no users to a member.
    RemoveFederationMember "remove-federation-member",
    /// A new certificate.
    RotateCertificate "rotate-certificate",
    /// Wait: it mends itself, or nobody is without service.
    None "none",
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// How far an action may go by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Safe enough to run unattended where the operator allows that and every guard holds.
    Auto,
    /// Waits for a person who says yes.
    Approve,
    /// Words only: nothing that launchwatch could do.
    Advise,
}

impl Mode {
    /// The name used in pages and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Approve => "approve",
            Self::Advise => "advise",
        }
    }
}

/// Something that must hold before an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Guard {
    /// What must hold, in words.
    pub says: String,
    /// Whether it does; `None` when nothing seen tells.
    #[serde(default)]
    pub holds: Option<bool>,
}

/// An action proposed against a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    /// What.
    pub action: Action,
    /// How far it may go by itself.
    pub mode: Mode,
    /// Why it helps, and what it costs; one sentence.
    pub why: String,
    /// What must hold before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
    /// How much at once, such as `25 % of user pods per batch, 100 per hour`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<String>,
    /// By what one sees that it helped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub effect: String,
}

impl Proposal {
    /// A proposal without guards.
    pub fn new(action: Action, mode: Mode, why: impl Into<String>) -> Self {
        Self { action, mode, why: why.into(), guards: Vec::new(), cap: None, effect: String::new() }
    }

    /// Adds what must hold before.
    #[must_use]
    pub fn guard(mut self, says: impl Into<String>, holds: Option<bool>) -> Self {
        self.guards.push(Guard { says: says.into(), holds });
        self
    }

    /// Says how much at once.
    #[must_use]
    pub fn cap(mut self, cap: impl Into<String>) -> Self {
        self.cap = Some(cap.into());
        self
    }

    /// Says by what one sees that it helped.
    #[must_use]
    pub fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = effect.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_json() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
    }
}
