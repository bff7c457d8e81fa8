//! A node is gone with everything on it.

use super::super::remedies::{cordon, held_for};
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "node-lost",
    title: "a node is lost: what ran on it is neither running nor gone",
    runbook: include_str!("../runbooks/node-lost.md"),
    weigh,
    remedy,
    not_first: &[
        (
            Action::RestartHub,
            "if the Hub was on it, a new one waits for its volume, or two write one database",
        ),
        (Action::DeleteLostPods, "a plain delete waits for a node that does not answer"),
        (Action::DrainNode, "a node that does not answer cannot be drained"),
        (Action::DeleteUserPods, "those on other nodes are well"),
    ],
    explains: &["hub-unreachable", "node-network-broken", "server-unusable-after-ready"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let which = scene
        .fact("nodes_troubled")
        .map_or_else(String::new, |n| format!(" ({})", crate::text::one_line(n, 120)));
    let lost = scene.value("nodes_not_ready_long").filter(|n| *n >= 1.0);
    let unknown = scene.value("user_pods_unknown").filter(|n| *n >= 1.0);
    Case::new()
        .sign(0.55, lost.map(|n| format!("{n:.0} nodes have not been ready for more than a minute{which}")))
        .sign(
            0.4,
            unknown.map(|n| format!("{n:.0} user pods are in an unknown state: their node does not answer")),
        )
        .sign(
            0.2,
            lost.and(scene.worst_node()).map(|(node, bad, _)| {
                format!("{bad} test launches failed on {}", crate::text::one_line(node, 60))
            }),
        )
        .sign(
            0.2,
            lost.or(unknown).and(scene.when("component_hub_unavailable_seconds", 30.0, |s| {
                format!("no Hub has been ready for {s:.0} s")
            })),
        )
        .counter(0.5, scene.when("nodes_disk_pressure", 1.0, |_| "it has no disk left".into()))
        .counter(0.5, scene.when("nodes_readonly", 1.0, |_| "its file system is read-only".into()))
        .ask("ask the cloud whether the machine still runs: that decides what may be deleted by force")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let for_ten = held_for(scene, "nodes_not_ready_long", 540, |n| n >= 1.0);
    let for_five = held_for(scene, "nodes_not_ready_long", 240, |n| n >= 1.0);
    vec![
        Proposal::new(
            Action::ForceDeleteLostPods,
            Mode::Approve,
            "lets pods on the lost node start elsewhere; the Hub's pod first, one at a time",
        )
        .guard("the node has not been ready for 10 minutes", for_ten)
        .guard("the node is confirmed powered off or deleted: two Hubs on one database destroy it", None)
        .guard("somebody has typed the name of the node", None)
        .cap("one pod at a time")
        .effect("the Hub starts on another node within minutes, as soon as its volume is free"),
        cordon(scene, Mode::Auto, "nothing starts there should it come back by halves")
            .guard("the node has not been ready for 5 minutes", for_five),
        Proposal::new(Action::AddNodes, Mode::Advise, "replaces the room that is lost"),
    ]
}
