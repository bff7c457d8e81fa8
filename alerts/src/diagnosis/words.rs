//! Actions and modes in words, for messages.

use super::{Action, Mode};

impl Action {
    /// What is to be done, fit to follow `Do: `.
    pub const fn words(self) -> &'static str {
        match self {
            Self::RestartHub => "restart the Hub",
            Self::RestartBinder => "restart BinderHub, one pod at a time",
            Self::RestartProxy => "restart the proxy",
            Self::RestartIngress => "restart the ingress, one pod at a time",
            Self::RestartHubAndProxy => "restart Hub and proxy",
            Self::RestartFederationRedirect => "restart the redirector of the federation",
            Self::DeleteOrphanPods => "delete user pods that belong to no server",
            Self::DeleteStuckPendingPods => "delete user pods that wait for a node",
            Self::DeleteAgedUserPods => "stop servers beyond their longest age",
            Self::DeleteAgedUserPodsBeforeDiagnosis => "delete old user pods before the cause is known",
            Self::DeleteUserPods => "delete user pods",
            Self::DeleteAllPods => "delete all pods",
            Self::DeleteEvictedPods => "delete pods that were evicted or have ended",
            Self::DeleteLostPods => "delete pods on a lost node",
            Self::ForceDeleteLostPods => "delete pods on a lost node by force",
            Self::DeleteBuildPod => "delete one build pod",
            Self::CordonNode => "cordon the node",
            Self::UncordonNode => "uncordon the node",
            Self::DrainNode => "drain the node",
            Self::DrainCorePods => "move the service's own pods off the node",
            Self::AddNodes => "add nodes",
            Self::ReplaceNodePool => "replace the pool of nodes",
            Self::ResetNode => "reboot or replace the node",
            Self::UpgradeCluster => "upgrade the cluster",
            Self::RaiseNodeLimit => "raise the limit of nodes",
            Self::ScaleIngress => "add an ingress pod",
            Self::DeleteResourcequota => "delete the ResourceQuota that counts wrong",
            Self::BanRepo => "ban the repository",
            Self::UnbanRepo => "let the repository in again",
            Self::LowerRepoQuota => "lower the repository's quota",
            Self::RaiseRepoQuota => "raise the repository's quota",
            Self::RollbackDeploy => "go back to the version before",
            Self::Deploy => "deploy",
            Self::CodeFix => "mend the code or the configuration",
            Self::FixBaseImage => "give builds another base image",
            Self::RemoveFederationMember => "send users to the other members",
            Self::RotateCertificate => "renew the certificate",
            Self::None => "wait",
        }
    }
}

impl Mode {
    /// Who may do it, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Auto => "launchwatch proposes it",
            Self::Approve => "needs your yes",
            Self::Advise => "only you can do this",
        }
    }
}
