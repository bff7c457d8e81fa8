//! A node has no address: nobody can talk to what runs it.

use super::super::remedies::cordon;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "node-addresses-missing",
    title: "a node has lost its address in Kubernetes: logs of its pods cannot be read, builds there hang",
    runbook: include_str!("../runbooks/node-addresses-missing.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartBinder, "a new binder cannot read logs from that node either"),
        (Action::RestartHub, "the Hub is well"),
        (Action::DeleteUserPods, "servers there work; only their logs cannot be read"),
    ],
    explains: &["build-queue-starved"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let missing = scene.value("nodes_without_address").filter(|n| *n >= 1.0);
    let builds = scene.failing_builds().len();
    Case::new()
        .sign(0.7, missing.map(|n| format!("{n:.0} nodes have no address in Kubernetes")))
        .sign(
            0.4,
            missing.and(scene.below("logs_readable", 0.5, |_| "logs of running pods cannot be read".into())),
        )
        .sign(0.2, missing.filter(|_| builds > 0).map(|_| format!("{builds} test builds failed")))
        .ask("`kubectl get nodes -o wide`: the column INTERNAL-IP is empty for that node")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![
        cordon(scene, Mode::Approve, "builds and servers start where their logs can be read"),
        Proposal::new(
            Action::ReplaceNodePool,
            Mode::Advise,
            "a node made anew gets its address; when many lose it, the version of the nodes is at fault",
        ),
        Proposal::new(
            Action::UpgradeCluster,
            Mode::Advise,
            "if new nodes lose theirs as well: ask the provider which version mends it",
        ),
    ]
}
