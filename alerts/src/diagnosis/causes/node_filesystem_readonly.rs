//! A node has turned its file system read-only.

use super::super::remedies::cordon;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "node-filesystem-readonly",
    title: "a node's file system has turned read-only: nothing new can start there",
    runbook: include_str!("../runbooks/node-filesystem-readonly.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "on that node it cannot start again"),
        (Action::DrainNode, "it ends work that may still be saved"),
        (Action::DeleteUserPods, "those on other nodes are well"),
    ],
    explains: &[
        "node-lost",
        "node-network-broken",
        "hub-unreachable",
        "hub-overloaded",
        "server-unusable-after-ready",
    ],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let said = scene.said(&["read-only file system"]);
    let node = scene.worst_node();
    let condition = scene.value("nodes_readonly").filter(|n| *n >= 1.0);
    let events = scene.value("events_readonly").filter(|n| *n >= 1.0);
    let seen = condition.is_some() || events.is_some() || said.is_some();
    Case::new()
        .sign(0.7, condition.map(|n| format!("{n:.0} nodes say that their file system is read-only")))
        .sign(0.5, events.map(|n| format!("events tell of a read-only file system ({n:.0} in 5 min)")))
        .sign(0.5, said.map(|line| format!("a launch said: “{}”", crate::text::one_line(line, 120))))
        .sign(
            0.3,
            node.filter(|_| seen).map(|(node, bad, _)| {
                format!(
                    "{bad} test launches failed on {} and none worked there",
                    crate::text::one_line(node, 60)
                )
            }),
        )
        .ask("read the node's kernel log: a disk that fails turns read-only to save what is on it")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let certain = scene.value("nodes_readonly").map(|n| n >= 1.0);
    let mode = if certain == Some(true) { Mode::Auto } else { Mode::Approve };
    vec![
        cordon(scene, mode, "nothing that starts there can write")
            .guard("the node itself says so, or 3 pods there do", certain),
        Proposal::new(
            Action::DrainCorePods,
            Mode::Approve,
            "moves hub, proxy and binder off that node; people's servers stay as long as they live",
        ),
        Proposal::new(
            Action::ResetNode,
            Mode::Advise,
            "a node whose disk has failed is replaced; people on it lose their work",
        ),
    ]
}
