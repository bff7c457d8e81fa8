//! BinderHub has no processor left, and the Hub behind it is idle.

use super::super::remedies::{ban, held_for, restart_binder};
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "binder-overloaded",
    title: "BinderHub is overloaded: its pages hang while the Hub behind it is idle",
    runbook: include_str!("../runbooks/binder-overloaded.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "the Hub is fast and idle"),
        (Action::RestartHubAndProxy, "the Hub is fast and idle"),
        (Action::DeleteUserPods, "running servers are well"),
        (Action::RaiseNodeLimit, "the nodes are idle"),
        (Action::RaiseRepoQuota, "it lets still more in"),
        (Action::DeleteEvictedPods, "it changes nothing for binder"),
    ],
    explains: &["binder-hub-connection-stuck", "launch-hang-unknown", "build-queue-starved", "traffic-surge"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let cores = scene.value("component_binder_cpu_cores");
    let limit = scene.value("component_binder_cpu_limit_cores");
    let busy = cores.filter(|c| *c >= 0.9 || limit.is_some_and(|l| l > 0.0 && *c >= l * 0.9));
    let (builds, running) = (scene.value("inprogress_builds"), scene.value("build_pods_running"));
    let watchers = builds.zip(running).filter(|(b, r)| *b >= 20.0 && *b >= r * 3.0);
    let hub = scene.hub_fast();
    let late = scene.binder_silent();
    Case::new()
        .sign(0.55, busy.map(|c| format!("binder uses {c:.2} cores{}", of_limit(limit))))
        .sign(if hub.is_some() { 0.5 } else { 0.3 }, late.clone())
        .sign(if hub.is_some() { 0.4 } else { 0.2 }, scene.binder_late())
        .sign(
            0.35,
            watchers.map(|(b, r)| format!("{b:.0} requests wait for builds, and {r:.0} build pods run")),
        )
        .sign(0.25, hub.filter(|_| busy.is_some() || late.is_some()))
        .counter(0.7, scene.hub_dead())
        .counter(
            0.6,
            scene.when("hub_latency_seconds", 5.0, |s| format!("the Hub is slow as well ({s:.1} s)")),
        )
        .counter(0.8, scene.below("component_ingress_ready", 1.0, |_| "no ingress pod is ready".into()))
        .counter(0.8, scene.when("component_proxy_crashlooping", 1.0, |_| "the proxy crashes".into()))
        .counter(0.6, scene.when("waiting_for_room", 1.0, |n| format!("{n:.0} pods wait for room")))
        .counter(
            0.5,
            cores.filter(|c| *c < 0.4).map(|c| format!("binder's processor is idle ({c:.2} cores)")),
        )
        .ask("`kubectl top pod -l component=binder`, and which repository its log names most")
}

fn of_limit(limit: Option<f64>) -> String {
    limit.filter(|l| *l > 0.0).map_or_else(String::new, |l| format!(" of {l:.1}"))
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let limit = scene.value("component_binder_cpu_limit_cores").filter(|l| *l > 0.0).unwrap_or(1.0).min(1.0);
    let held = held_for(scene, "component_binder_cpu_cores", 150, |c| c >= limit * 0.9);
    let slow = scene.newest("binderhub-health").map(|_| scene.binder_silent().is_some());
    vec![
        restart_binder(scene, Mode::Auto, "buys about an hour: the cause is what so many wait for")
            .guard("binder's processor has been at its limit for 3 minutes", held)
            .guard("binder's pages are slow", slow),
        ban(scene, "what everybody waits for is the cause; keeping it out needs a change of configuration"),
    ]
}
