//! No room for one more pod, and no more nodes to come.

use super::super::remedies::delete_orphans;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "cluster-full",
    title: "the cluster is full: new servers wait for room, and no more nodes come",
    runbook: include_str!("../runbooks/cluster-full.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::DeleteAllPods, "it ends everybody's work, and hub and proxy with it"),
        (Action::DeleteUserPods, "people use them"),
        (Action::RestartHub, "the Hub is well; a restart only loses the launches that wait"),
        (Action::RestartBinder, "binder is well; a restart only loses the launches that wait"),
        (Action::DeleteStuckPendingPods, "the Hub makes them again within minutes"),
    ],
    explains: &["hub-overloaded"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let room = scene.mostly_because(&["no_capacity"]);
    let waits = waits_for_node(scene);
    let limit = scene.at_least("nodes_at_limit", 1.0).unwrap_or(false);
    let waiting = scene.value("waiting_for_room").filter(|n| *n >= 1.0);
    let pressed = waiting.is_some() || room.is_some();
    Case::new()
        .sign(0.5, waiting.map(|n| format!("{n:.0} pods wait longer than 2 min for a node with room")))
        .sign(0.5, room.map(|(such, of)| format!("{such} of {of} test launches found no room for their pod")))
        .sign(0.6, (pressed && limit).then(|| nodes(scene)))
        .sign(
            0.4,
            scene.when("events_scale_up_refused", 1.0, |n| {
                format!("no more nodes are made ({n:.0} refusals)")
            }),
        )
        .sign(0.35, placeholders(scene))
        .sign(0.3, (waits >= 2).then(|| format!("{waits} test launches had to wait for a new node")))
        .sign(
            0.1,
            scene.when("events_failed_scheduling", 5.0, |n| {
                format!("pods that no node takes ({n:.0} times in 5 min)")
            }),
        )
        .counter(
            0.9,
            scene.when("quota_blocked", 1.0, |_| "pods are refused by a quota, not by the nodes".into()),
        )
        .counter(
            0.6,
            scene.when("drift_stuck", 2.0, |n| {
                format!("{n:.0} servers wait although their pods are ready: not for room")
            }),
        )
        .counter(0.4, growing(scene))
        .ask("look why a pod that waits is not scheduled: its events name what is short")
}

fn nodes(scene: &Scene<'_>) -> String {
    match scene.value("nodes").zip(scene.value("node_limit")) {
        Some((nodes, limit)) => format!("{nodes:.0} nodes, and the limit is {limit:.0}"),
        None => "the nodes are at their limit".to_owned(),
    }
}

/// Launches of the last quarter of an hour that waited for a node.
fn waits_for_node(scene: &Scene<'_>) -> usize {
    let all = scene.launches(false, jiff::SignedDuration::from_mins(15));
    all.iter().filter(|l| l.reason.as_deref() == Some("waits_for_node")).count()
}

fn placeholders(scene: &Scene<'_>) -> Option<String> {
    let running = scene.value("placeholders_running")?;
    let pending = scene.value("placeholders_pending").filter(|n| running < 1.0 && *n >= 1.0)?;
    Some(format!("all {pending:.0} placeholders have given up their place"))
}

/// Nodes are being made and none is refused.
fn growing(scene: &Scene<'_>) -> Option<String> {
    let room = scene.value("nodes_at_limit").is_some_and(|n| n < 1.0);
    let refused = scene.at_least("events_scale_up_refused", 1.0) == Some(true);
    (room && !refused)
        .then(|| scene.when("events_scale_up", 1.0, |_| "nodes are being added".into()))
        .flatten()
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let mut out = Vec::new();
    let orphans = scene.value("drift_orphans").zip(scene.value("drift_orphans_ratio"));
    if let Some((n, ratio)) = orphans.filter(|(n, ratio)| *n >= 5.0 && *ratio > 0.3) {
        let why = format!(
            "{n:.0} user pods ({:.0} %) belong to no server: room without taking anything from anybody",
            ratio * 100.0
        );
        out.push(delete_orphans(scene, why));
    }
    let limited = Proposal::new(
        Action::RaiseNodeLimit,
        Mode::Advise,
        "the limit is what keeps the cluster from growing; it costs money",
    )
    .guard("the nodes are at their limit", scene.value("nodes_at_limit").map(|n| n >= 1.0))
    .effect("pods that wait are scheduled when the new nodes are ready, in 3 to 10 minutes");
    out.push(limited);
    if scene.value("user_pods_top_repo_ratio").is_some_and(|r| r >= 0.5) {
        out.push(Proposal::new(
            Action::LowerRepoQuota,
            Mode::Advise,
            "one repository holds more than half of the servers",
        ));
    }
    out
}
