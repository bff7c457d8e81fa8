//! Launches hang without a word, and every part says that it is well.

use super::super::remedies::{restart_binder, restart_hub};
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "launch-hang-unknown",
    title: "launches hang without a word although Hub and BinderHub say that they are well",
    runbook: include_str!("../runbooks/launch-hang-unknown.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::DeleteUserPods, "running servers are well"),
        (Action::DrainNode, "it is no matter of one node"),
        (Action::RestartHubAndProxy, "step by step: everybody's connections need not drop"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let mute = scene.mute().filter(|(_, of)| *of >= 2);
    let hub = scene.hub_fast().filter(|_| mute.is_some());
    let binder = scene.binder_well().filter(|well| *well && mute.is_some());
    let pod = scene.value("own_pod_ready_seconds").filter(|_| mute.is_some());
    Case::new()
        .sign(
            0.6,
            mute.map(|(such, of)| {
                format!("{such} of {of} test launches heard not a word after `Launching server...`")
            }),
        )
        .sign(0.35, hub)
        .sign(0.3, binder.map(|_| "BinderHub's own checks are all well".into()))
        .sign(0.2, pod.map(|s| format!("the test pod was there and ready after {s:.0} s all the same")))
        .sign(
            0.2,
            scene
                .when("log_binder_too_long", 1.0, |n| {
                    format!("binder's log: launches took too long ({n:.0} lines)")
                })
                .filter(|_| mute.is_some()),
        )
        .counter(0.9, scene.hub_dead())
        .counter(
            0.7,
            scene.hub_launch().filter(|works| *works).map(|_| "a launch through the Hub alone works".into()),
        )
        .counter(0.7, scene.when("hub_latency_seconds", 2.0, |s| format!("the Hub is slow ({s:.1} s)")))
        .counter(0.9, scene.binder_silent())
        .counter(0.8, scene.binder_late())
        .counter(0.7, cpu(scene))
        .counter(0.8, scene.when("quota_blocked", 1.0, |_| "a quota refuses pods".into()))
        .counter(0.7, scene.when("waiting_for_room", 1.0, |n| format!("{n:.0} pods wait for room")))
        .counter(0.8, scene.when("component_proxy_crashlooping", 1.0, |_| "the proxy crashes".into()))
        .ask("launch through the Hub alone: if that works, BinderHub's connection to it is what hangs")
}

fn cpu(scene: &Scene<'_>) -> Option<String> {
    scene
        .when("component_binder_cpu_cores", 0.9, |c| format!("binder uses {c:.1} cores: it may only be slow"))
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let ready = scene.value("drift_stuck").map(|n| n >= 2.0);
    let ready = ready.or_else(|| scene.value("own_pod_ready_seconds").map(|_| true));
    vec![
        restart_hub(
            scene,
            Mode::Auto,
            "costs least: running servers survive it; if the Hub is at fault that mends it",
        )
        .guard("test pods are ready while their servers wait", ready)
        .effect("if the Hub is at fault, launches succeed within 2 minutes"),
        restart_binder(
            scene,
            Mode::Auto,
            "second step: when launches still hang 180 s after the new Hub is ready",
        )
        .guard(
            "the Hub was restarted, has been ready for 180 s, and it did not help",
            scene.value("component_hub_age_seconds").map(|s| (180.0..1800.0).contains(&s)),
        ),
    ]
}
