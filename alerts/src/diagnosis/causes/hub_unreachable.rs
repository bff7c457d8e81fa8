//! The Hub does not answer, and nothing else explains why.

use super::super::remedies::restart_hub;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "hub-unreachable",
    title: "the Hub does not answer",
    runbook: include_str!("../runbooks/hub-unreachable.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::DeleteUserPods, "running servers go on without the Hub"),
        (Action::RestartHubAndProxy, "step by step: the proxy keeps people connected to their servers"),
        (Action::DeleteOrphanPods, "without the Hub nobody knows which are orphans"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let dead = scene.hub_dead();
    let binder = scene.below("check_jupyterhub_api_ok", 0.5, |_| "BinderHub cannot use the Hub".into());
    let launches = scene.mostly_because(&["hub_unavailable"]);
    Case::new()
        .sign(0.5, dead)
        .sign(0.3, binder)
        .sign(
            0.35,
            launches.map(|(such, of)| {
                format!("{such} of {of} test launches could not get the Hub to make a user")
            }),
        )
        .sign(
            0.45,
            scene.when("component_hub_unavailable_seconds", 30.0, |s| {
                format!("no Hub has been ready for {s:.0} s")
            }),
        )
        .sign(
            0.35,
            scene.when("component_hub_crashlooping", 1.0, |_| "the Hub crashes again and again".into()),
        )
        .counter(0.8, scene.hub_fast().map(|said| format!("{said} from here")))
        .counter(0.3, scene.when("quota_blocked", 1.0, |_| "a quota refuses pods".into()))
        .ask("look at the Hub's pod first, then at what stands before it: proxy, ingress, certificate")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    // Only for a Hub that Kubernetes takes for well and that hangs behind a proxy that has long been well. Behind a broken gate
    // a restart makes it worse; one that is not ready is being started or cannot start, and another start changes nothing.
    let lasting = |name: &str| scene.at_least(name, 900.0) == Some(true);
    let ready = |name: &str| scene.at_least(name, 1.0) == Some(true);
    let hangs = ready("component_hub_ready") && lasting("component_hub_age_seconds");
    let gate = ready("component_proxy_ready")
        && lasting("component_proxy_age_seconds")
        && scene.value("component_ingress_ready").is_none_or(|n| n >= 1.0);
    if !(hangs && gate) || scene.at_least("quota_blocked", 1.0) == Some(true) {
        return Vec::new();
    }
    vec![
        restart_hub(
            scene,
            Mode::Approve,
            "the proxy is well and the Hub hangs; its servers survive a restart",
        )
        .effect("the Hub answers within 2 minutes"),
    ]
}
