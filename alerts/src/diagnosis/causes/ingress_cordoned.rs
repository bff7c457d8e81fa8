//! All ingress pods sit on nodes that take no pods, and no traffic either.

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "ingress-cordoned",
    title: "every ingress pod sits on a cordoned node, to which no traffic is sent any more",
    runbook: include_str!("../runbooks/ingress-cordoned.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::DrainNode, "it ends everything on those nodes at once, the ingress among it"),
        (Action::RestartHub, "the Hub is well; nobody gets through to it"),
        (Action::RestartBinder, "binder is well; nobody gets through to it"),
        (Action::DeleteUserPods, "running servers are well"),
    ],
    explains: &[
        "ingress-down",
        "hub-unreachable",
        "binder-hub-connection-stuck",
        "federation-member-unhealthy",
        "launch-hang-unknown",
    ],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let pods = scene.value("component_ingress_pods").filter(|n| *n >= 1.0);
    let on = scene.value("component_ingress_on_cordoned").zip(pods).filter(|(on, pods)| on >= pods);
    let out = scene.unreachable() == Some(true);
    let fresh = scene.change("nodes_cordoned", jiff::SignedDuration::from_mins(30)).filter(|n| *n >= 1.0);
    Case::new()
        .sign(0.45, on.map(|(on, _)| format!("all {on:.0} ingress pods are on nodes that take no pods")))
        .sign(0.6, on.filter(|_| out).map(|_| "not one public page of the target can be reached".into()))
        .sign(0.3, on.and(fresh).map(|n| format!("{n:.0} nodes were cordoned within half an hour")))
        .ask("look at the load balancer: which nodes does it send to, and does it find them healthy?")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let elsewhere = scene.value("nodes_schedulable").map(|n| n >= 1.0);
    vec![
        Proposal::new(
            Action::UncordonNode,
            Mode::Approve,
            "the shortest way back: traffic goes to that node again until the ingress has moved",
        )
        .guard("the node itself is ready", scene.value("nodes_not_ready_long").map(|n| n < 1.0))
        .effect("pages answer within a minute"),
        Proposal::new(
            Action::RestartIngress,
            Mode::Auto,
            "new ingress pods start on nodes that take pods; no connection is lost that is not lost already",
        )
        .guard("all public pages fail", scene.unreachable())
        .guard("a node takes pods, with room", elsewhere)
        .guard("one pod at a time, the next one when the first is ready", None)
        .cap("1 round in 15 minutes"),
        Proposal::new(
            Action::ScaleIngress,
            Mode::Advise,
            "one more ingress pod starts on a node that takes pods, before any node is cordoned",
        ),
    ]
}
