//! The Hub has more to do than it can.

use super::super::remedies::{ban, restart_hub};
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "hub-overloaded",
    title: "the Hub is overloaded: it answers, but far too slowly",
    runbook: include_str!("../runbooks/hub-overloaded.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RaiseRepoQuota, "it lets still more in"),
        (Action::RaiseNodeLimit, "the Hub is one process; nodes do not help it"),
        (Action::RestartProxy, "it drops everybody's connections, and all come back to the same Hub"),
        (Action::RestartHubAndProxy, "all routes are lost on top of the load"),
        (Action::DeleteUserPods, "each one gone is more work for the Hub"),
    ],
    explains: &["hub-unreachable", "launch-hang-unknown", "binder-hub-connection-stuck"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let slow = scene.value("hub_latency_seconds").filter(|s| *s >= 2.0);
    let cpu = scene.value("component_hub_cpu_cores").filter(|c| *c >= 0.7);
    let idle = scene.value("waiting_for_room").is_none_or(|n| n < 1.0)
        && scene.value("drift_stuck").is_none_or(|n| n < 2.0)
        && scene.value("quota_blocked").is_none_or(|n| n < 1.0);
    let pending = scene.value("pending_spawn").filter(|n| *n >= 50.0 && idle);
    let throttled = scene.share_said(&["too many pending spawns", "throttl", "error 429", "http 429"]).0;
    let strong = |v: Option<f64>, bound: f64, low: f64, high: f64| match v {
        Some(v) if v >= bound => high,
        _ => low,
    };
    Case::new()
        .sign(
            strong(slow, 5.0, 0.45, 0.6),
            slow.map(|s| format!("the Hub takes {s:.1} s to answer a question that needs no work")),
        )
        .sign(strong(cpu, 0.95, 0.4, 0.55), cpu.map(|c| format!("the Hub uses {c:.2} cores, and can use one")))
        .sign(
            0.5,
            scene.when("hub_event_loop_p99_seconds", 0.5, |s| format!("the Hub's event loop stands still for {s:.1} s")),
        )
        .sign(0.45, scene.when("log_hub_loop", 1.0, |n| format!("the Hub's log: unresponsive event loop ({n:.0} lines)")))
        .sign(0.35, pending.map(|n| format!("{n:.0} servers are starting at once; the Hub takes 64")))
        .sign(0.3, (throttled > 0).then(|| format!("{throttled} test launches were put off by the Hub")))
        .counter(0.7, scene.when("nodes_disk_pressure", 1.0, |_| "a node has no disk left".into()))
        .counter(0.7, scene.when("nodes_readonly", 1.0, |_| "a node's file system is read-only".into()))
        .counter(0.7, scene.when("component_proxy_crashlooping", 1.0, |_| "the proxy crashes".into()))
        .counter(0.5, scene.when("nodes_not_ready_long", 1.0, |_| "a node is gone".into()))
        .counter(
            0.4,
            scene.below("component_hub_cpu_cores", 0.4, |c| format!("the Hub's processor is idle ({c:.2} cores)")),
        )
        .counter(0.4, recent(scene))
        .ask("look at what the Hub does: `kubectl top pod -l component=hub`, and how many requests of which kind")
}

/// A slow Hub that came with a version has another cause.
fn recent(scene: &Scene<'_>) -> Option<String> {
    let d = scene.deployed()?;
    Some(format!("{} had changed just before", d.what))
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let repo = scene.value("user_pods_top_repo_ratio").is_some_and(|r| r >= 0.4) || scene.fires("repo-surge");
    let less = Proposal::new(
        Action::LowerRepoQuota,
        Mode::Advise,
        "fewer servers at once of what is started most keep the Hub alive for all",
    )
    .effect("the Hub answers within a second again");
    let mut out = vec![less];
    if repo {
        out.push(ban(scene, "one repository makes most of the load"));
    }
    out.push(
        restart_hub(
            scene,
            Mode::Approve,
            "clears what is pending; if the load stays it is as slow again within minutes",
        )
        .guard("the load has gone down, or is kept down", None)
        .cap("2 in 3 hours; a relapse means that the cause is another")
        .effect("the Hub answers within a second"),
    );
    out
}
