//! A node has no disk left.

use super::super::remedies::cordon;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "node-disk-full",
    title: "the disk of a node is full: what runs there stands still or is thrown out",
    runbook: include_str!("../runbooks/node-disk-full.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartIngress, "the ingress is well; it is the disk"),
        (Action::DeleteUserPods, "what fills the disk is mostly images, not people's work"),
        (Action::RestartHub, "on the same node it starts into the same full disk: cordon first"),
        (Action::RaiseNodeLimit, "the cluster has room; one disk has not"),
    ],
    explains: &[
        "hub-unreachable",
        "node-lost",
        "node-network-broken",
        "hub-overloaded",
        "binder-hub-connection-stuck",
        "node-oom",
    ],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let on = scene.fact("events_disk_full_on").or_else(|| scene.fact("nodes_troubled"));
    let on = on.map_or_else(String::new, |n| format!(" on {}", crate::text::one_line(n, 80)));
    let pressure = scene.value("nodes_disk_pressure").filter(|n| *n >= 1.0);
    let events = scene.value("events_disk_full").filter(|n| *n >= 2.0);
    let full = pressure.is_some() || events.is_some();
    let hub = scene.fact("component_hub_reason").filter(|r| full && r.to_lowercase().contains("evict"));
    let dead = scene.hub_dead().filter(|_| full);
    Case::new()
        .sign(0.65, pressure.map(|n| format!("{n:.0} nodes report disk pressure{on}")))
        .sign(0.6, events.map(|n| format!("no space left on device{on} ({n:.0} events in 5 min)")))
        .sign(
            0.3,
            scene
                .said(&["no space left on device"])
                .map(|line| format!("a launch said: “{}”", crate::text::one_line(line, 120))),
        )
        .sign(0.3, hub.map(|_| "the Hub was thrown off its node".into()))
        .sign(0.2, dead)
        .sign(
            0.15,
            full.then(|| scene.when("events_evicted", 1.0, |n| format!("{n:.0} pods were thrown out")))
                .flatten(),
        )
        .ask("look what fills it: images, build layers or logs (`kubectl describe node NODE`)")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let pressure = scene.at_least("nodes_disk_pressure", 1.0);
    let mut out = vec![
        cordon(scene, Mode::Approve, "keeps new work off a full disk while the node frees what it can")
            .guard("the node reports disk pressure", pressure),
    ];
    if scene.value("user_pods_finished").is_some_and(|n| n >= 1.0) {
        out.push(
            Proposal::new(
                Action::DeleteEvictedPods,
                Mode::Approve,
                "what was thrown out still counts as a pod",
            )
            .guard("only pods that have ended, without a server, older than 10 minutes", None)
            .cap("50 an hour"),
        );
    }
    out.push(Proposal::new(
        Action::DrainCorePods,
        Mode::Approve,
        "if hub, proxy or binder sit on that node: move them, not the people",
    ));
    out
}
