//! Nothing of the cluster can be reached from outside, because what lets requests in is down.

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "ingress-down",
    title: "the ingress is down: nothing of the cluster can be reached from outside",
    runbook: include_str!("../runbooks/ingress-down.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "the Hub is well; nobody gets through to it"),
        (Action::RestartBinder, "binder is well; nobody gets through to it"),
        (Action::RestartProxy, "it drops connections that are still there"),
        (Action::DeleteUserPods, "running servers are well"),
    ],
    explains: &[
        "hub-unreachable",
        "binder-hub-connection-stuck",
        "hub-overloaded",
        "binder-overloaded",
        "federation-member-unhealthy",
        "launch-hang-unknown",
    ],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let none_ready = scene.value("component_ingress_ready").filter(|n| *n < 1.0);
    let ready = scene.value("component_ingress_ready").filter(|n| *n >= 1.0);
    let out = scene.unreachable() == Some(true);
    let behind = scene.value("component_hub_ready").zip(scene.value("component_binder_ready"));
    let waits = scene.when("component_ingress_unavailable_seconds", 1.0, |s| {
        format!("no ingress pod has been ready for {s:.0} s")
    });
    let waits = waits.or_else(|| none_ready.map(|_| "no ingress pod is ready".into()));
    let gone = none_ready.is_some() || waits.is_some();
    Case::new()
        .sign(0.55, waits.clone())
        .sign(
            0.35,
            scene.when("component_ingress_crashlooping", 1.0, |_| {
                "the ingress crashes again and again".into()
            }),
        )
        .sign(
            if waits.is_some() { 0.4 } else { 0.5 },
            out.then(|| "not one public page of the target can be reached".into())
                .filter(|_| waits.is_some() || refused(scene)),
        )
        .sign(
            0.25,
            behind
                .filter(|(hub, binder)| gone && *hub >= 1.0 && *binder >= 1.0)
                .map(|_| "Hub and binder are ready behind it".into()),
        )
        .sign(
            0.15,
            scene
                .when("events_unhealthy", 3.0, |n| format!("{n:.0} health checks of pods failed in 5 min"))
                .filter(|_| gone),
        )
        .counter(0.8, ready.map(|n| format!("{n:.0} ingress pods are ready")))
        .counter(0.5, scene.when("component_proxy_crashlooping", 1.0, |_| "the proxy crashes as well".into()))
        .counter(0.7, (!gone).then(|| scene.hub_fast()).flatten())
        .ask("ask another name on the same cluster: if it fails alike, it is the ingress")
}

/// Pages are refused or answered by a broken gate, not merely late.
fn refused(scene: &Scene<'_>) -> bool {
    ["http", "tcp", "binderhub-health"].iter().any(|kind| {
        let reason = scene.newest(kind).and_then(|l| l.reason.as_deref());
        matches!(reason, Some("connect" | "tls"))
    }) && !scene.failing_launches().is_empty()
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let away = scene.value("component_ingress_unavailable_seconds");
    let cordoned = scene.value("component_ingress_on_cordoned").zip(scene.value("component_ingress_pods"));
    let all_cordoned = cordoned.map(|(on, pods)| pods >= 1.0 && on >= pods);
    let not_ready = scene.value("component_ingress_ready").map(|n| n < 1.0);
    let due = not_ready.map(|n| n || all_cordoned == Some(true));
    vec![
        Proposal::new(
            Action::RestartIngress,
            Mode::Auto,
            "new ingress pods let people in again; no connection is lost that is not lost already",
        )
        .guard("all public pages have failed for 2 minutes", held(scene))
        .guard("the ingress pods are not ready, or all on nodes that take no pods", due)
        .guard("one pod at a time, the next one when the first is ready", None)
        .guard(
            "no quota keeps a new pod from being made",
            scene.value("quota_pods_used_ratio").map(|r| r < 0.95),
        )
        .guard(
            "not restarted within the last 15 minutes",
            away.and(scene.value("component_ingress_age_seconds")).map(|s| s >= 900.0),
        )
        .cap("1 round in 15 minutes")
        .effect("pages answer within a minute of the first pod that is ready"),
    ]
}

/// Whether everything has been out of reach for two minutes.
fn held(scene: &Scene<'_>) -> Option<bool> {
    let lasts = scene.now.duration_since(scene.began()) >= jiff::SignedDuration::from_mins(2);
    scene.unreachable().map(|out| out && lasts)
}
