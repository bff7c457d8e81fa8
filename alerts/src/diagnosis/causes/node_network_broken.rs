//! Pods on one node run, and nobody reaches them.

use super::super::remedies::cordon;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

/// What the Hub says of a pod that runs and does not answer.
const DEAF: [&str; 3] = ["didn't respond in", "never showed up at", "did not respond in"];

pub(super) const CAUSE: Cause = Cause {
    label: "node-network-broken",
    title: "the network of a node is broken: pods start there and nobody reaches them",
    runbook: include_str!("../runbooks/node-network-broken.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "a Hub that starts without pod network stops every server that it cannot reach"),
        (Action::RestartProxy, "it drops everybody's connections and mends no node"),
        (Action::DrainNode, "it ends work that may still go on"),
        (Action::DeleteUserPods, "those on other nodes work"),
    ],
    explains: &["server-unusable-after-ready"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let deaf = scene.mostly_said(&DEAF);
    let node = scene.worst_node().filter(|(.., elsewhere)| *elsewhere > 0);
    let unreachable = scene.value("drift_unreachable").filter(|n| *n >= 1.0);
    let log = scene.value("log_hub_unreachable").filter(|n| *n >= 1.0);
    let one_node = node.map(|(n, bad, good)| {
        format!("{bad} test launches failed on {n} and none worked there; {good} worked elsewhere")
    });
    Case::new()
        .sign(
            0.5,
            deaf.map(|(such, of)| format!("{such} of {of} test servers ran and did not answer the Hub")),
        )
        .sign(
            0.4,
            unreachable.map(|n| {
                format!("{n:.0} servers failed although their pods were ready: the Hub did not reach them")
            }),
        )
        .sign(
            0.35,
            log.map(|n| {
                format!("the Hub's log: servers that do not answer after they started ({n:.0} lines)")
            }),
        )
        .sign(0.45, one_node)
        .counter(
            0.5,
            scene.when("hub_latency_seconds", 5.0, |s| {
                format!("the Hub is slow ({s:.1} s) and may miss answers")
            }),
        )
        .counter(0.8, scene.when("nodes_disk_pressure", 1.0, |_| "a node has no disk left".into()))
        .counter(0.8, scene.when("nodes_readonly", 1.0, |_| "a node's file system is read-only".into()))
        .counter(
            0.5,
            scene.when("nodes_not_ready_long", 1.0, |_| "a node is gone, not only its network".into()),
        )
        .counter(
            0.6,
            scene
                .mostly_because(&["no_capacity"])
                .map(|_| "pods find no room: they do not even start".into()),
        )
        .ask(
            "launch on the node in question and on another one, and ask both servers from within the cluster",
        )
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let node = scene.worst_node().map_or("that node", |(n, ..)| n);
    let why = format!(
        "new servers start where they can be reached, and not on {}",
        crate::text::one_line(node, 80)
    );
    let three = scene.worst_node().map(|(_, bad, _)| bad >= 3);
    vec![
        cordon(scene, Mode::Approve, &why).guard("3 launches failed on it and none worked there", three),
        Proposal::new(
            Action::ResetNode,
            Mode::Advise,
            "a node whose network is broken mostly needs a reboot; people on it lose their work",
        ),
    ]
}
