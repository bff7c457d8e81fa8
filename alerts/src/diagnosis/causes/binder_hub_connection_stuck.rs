//! The Hub is well, and BinderHub does not get through to it.

use super::super::remedies::restart_binder;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "binder-hub-connection-stuck",
    title: "BinderHub does not get through to the Hub, which is well",
    runbook: include_str!("../runbooks/binder-hub-connection-stuck.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "the Hub answers everybody but binder"),
        (Action::RestartHubAndProxy, "the Hub answers everybody but binder"),
        (Action::DeleteUserPods, "running servers are well"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    // All of it means nothing unless the Hub is seen to be well from elsewhere.
    let well = scene.hub_well() == Some(true);
    let of_well = |words: Option<String>| words.filter(|_| well);
    let mute = scene
        .mute()
        .filter(|(_, of)| *of >= 2)
        .filter(|_| scene.value("drift_stuck").is_some_and(|n| n < 1.0));
    let fails = scene.mute().or_else(|| scene.mostly_because(&["hub_unavailable"]));
    let alone = scene.hub_launch();
    Case::new()
        .sign(
            0.6,
            fails.filter(|_| alone == Some(true)).map(|(such, of)| {
                format!("a launch through the Hub alone works, and {such} of {of} through BinderHub do not")
            }),
        )
        .sign(
            0.55,
            of_well(scene.below("check_jupyterhub_api_ok", 0.5, |_| {
                "BinderHub says that it cannot use the Hub".into()
            })),
        )
        .sign(
            0.4,
            of_well(scene.mostly_because(&["hub_unavailable"]).map(|(such, of)| {
                format!("in {such} of {of} test launches BinderHub could not get the Hub to make a user")
            })),
        )
        .sign(0.2, of_well(scene.hub_fast()).filter(|_| scene.binder_well() == Some(false)))
        .sign(
            0.3,
            of_well(scene.when("log_binder_no_user", 1.0, |n| {
                format!("binder's log: it could not make users ({n:.0} lines)")
            })),
        )
        .sign(
            0.3,
            of_well(scene.when("log_binder_too_long", 1.0, |n| {
                format!("binder's log: launches took too long ({n:.0} lines)")
            })),
        )
        .sign(
            0.35,
            of_well(mute.map(|(such, of)| {
                format!("{such} of {of} test launches hang, and the Hub has no server that waits")
            })),
        )
        .counter(
            0.7,
            alone.filter(|works| !works).map(|_| "a launch through the Hub alone fails as well".into()),
        )
        .counter(0.9, scene.when("component_proxy_unavailable_seconds", 1.0, |_| "no proxy is ready".into()))
        .counter(0.9, scene.when("component_proxy_crashlooping", 1.0, |_| "the proxy crashes".into()))
        .counter(0.8, scene.when("quota_blocked", 1.0, |_| "a quota refuses pods".into()))
        .counter(0.6, scene.when("nodes_disk_pressure", 1.0, |_| "a node has no disk left".into()))
        .counter(
            0.6,
            scene.below("component_hub_age_seconds", 120.0, |s| format!("the Hub started only {s:.0} s ago")),
        )
        .counter(0.7, scene.binder_silent())
        .ask("ask the Hub's health page from binder's pod and from outside: only the first one hangs")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![
        restart_binder(scene, Mode::Approve, "a new binder makes new connections; builds go on, streams end")
            .guard("the Hub answers from outside within 2 s", scene.hub_well()),
    ]
}
