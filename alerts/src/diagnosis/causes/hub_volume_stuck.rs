//! A new Hub cannot start because its volume hangs on another node.

use super::super::remedies::held_for;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "hub-volume-stuck",
    title: "the Hub cannot start: its volume is still held by another node",
    runbook: include_str!("../runbooks/hub-volume-stuck.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "the next Hub waits for the same volume"),
        (
            Action::RestartHubAndProxy,
            "the next Hub waits for the same volume, and the proxy forgets its routes",
        ),
        (Action::DeleteLostPods, "a plain delete waits for a node that does not answer"),
        (Action::DeleteUserPods, "running servers go on without the Hub"),
    ],
    explains: &["hub-unreachable", "hub-overloaded", "binder-hub-connection-stuck"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let away = scene.value("component_hub_unavailable_seconds").filter(|s| *s > 0.0);
    let away = away.or_else(|| scene.value("component_hub_ready").filter(|n| *n < 1.0).map(|_| 0.0));
    let hub = scene.fact("events_volume_on").filter(|on| on.to_lowercase().contains("hub"));
    let volume = scene
        .lately("events_volume", 1.0, |n| format!("a volume cannot be attached or mounted ({n:.0} times)"));
    let reason = scene.fact("component_hub_reason").map(str::to_lowercase);
    let waits = reason.filter(|r| {
        ["containercreating", "failedattachvolume", "failedmount", "multi-attach"]
            .iter()
            .any(|w| r.contains(w))
    });
    Case::new()
        .sign(0.65, volume.filter(|_| away.is_some()))
        .sign(0.4, hub.filter(|_| away.is_some()).map(|on| format!("it is the Hub's: {}", crate::text::one_line(on, 80))))
        .sign(0.3, waits.filter(|_| away.is_some()).map(|r| format!("the new Hub does not get beyond {}", crate::text::one_line(&r, 60))))
        .sign(
            0.1,
            scene.when("component_hub_unavailable_seconds", 60.0, |s| format!("no Hub has been ready for {s:.0} s")),
        )
        .ask("`kubectl describe pod -l component=hub`: the last event names the volume and the node that holds it")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let gone = held_for(scene, "nodes_not_ready_long", 540, |n| n >= 1.0);
    vec![
        Proposal::new(
            Action::ForceDeleteLostPods,
            Mode::Approve,
            "frees the volume that a pod on a lost node still holds; the Hub's pod first, one at a time",
        )
        .guard("the node has not been ready for 10 minutes", gone)
        .guard("the node is confirmed powered off or deleted: two Hubs on one database destroy it", None)
        .guard("somebody has typed the name of the pod", None)
        .cap("one pod at a time, typed by name")
        .effect("the volume is attached to the new node, and the Hub is ready within 10 minutes"),
        Proposal::new(
            Action::ResetNode,
            Mode::Advise,
            "a node that is off for certain gives the volume back",
        ),
    ]
}
