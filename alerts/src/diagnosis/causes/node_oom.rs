//! A node runs out of memory and kills what it should not.

use super::super::remedies::cordon;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "node-oom",
    title: "a node runs out of memory and kills parts of the service",
    runbook: include_str!("../runbooks/node-oom.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "memory is short on the node, not in the Hub"),
        (Action::DeleteUserPods, "people use them"),
        (Action::DrainNode, "it ends everybody's work on that node"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let on = scene
        .fact("events_oom_on")
        .map_or_else(String::new, |n| format!(" on {}", crate::text::one_line(n, 80)));
    let oom =
        scene.lately("events_oom", 1.0, |n| format!("{n:.0} kills for want of memory{on} within 5 min"));
    let crash =
        scene.when("components_crashlooping", 1.0, |_| "part of the service crashes again and again".into());
    let killed = ["hub", "proxy", "binder", "ingress"].into_iter().find_map(|c| {
        scene.lately(&format!("component_{c}_oom_killed"), 1.0, |_| {
            format!("the {c} was killed for want of memory")
        })
    });
    // User pods that reach their own limit are killed every day: that is no trouble of a node.
    Case::new()
        .sign(0.35, oom.clone())
        .sign(0.45, killed)
        .sign(
            0.45,
            scene.when("nodes_memory_pressure", 1.0, |n| format!("{n:.0} nodes report memory pressure")),
        )
        .sign(0.3, oom.and(crash))
        .ask("read the node's events and its kernel log for what was killed")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![cordon(scene, Mode::Approve, "keeps new pods off the node that runs out of memory")]
}
