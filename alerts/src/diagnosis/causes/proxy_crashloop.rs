//! The proxy crashes again and again: nobody reaches the Hub or a server.

use jiff::SignedDuration;

use super::super::remedies::cordon;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "proxy-crashloop",
    title: "the proxy crashes again and again, so nobody reaches the Hub or a server",
    runbook: include_str!("../runbooks/proxy-crashloop.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "the Hub is well behind a proxy that is not; its restart helps nobody"),
        (Action::RestartHubAndProxy, "the Hub is well; both at once is twice the way back"),
        (Action::DeleteUserPods, "they run on, and work again when the proxy does"),
        (Action::DrainNode, "it ends everybody's work on that node"),
    ],
    explains: &[
        "hub-unreachable",
        "ingress-down",
        "binder-hub-connection-stuck",
        "hub-overloaded",
        "launch-hang-unknown",
        "server-unusable-after-ready",
    ],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let away = scene.value("component_proxy_unavailable_seconds").filter(|s| *s > 0.0);
    let again = scene.change("component_proxy_restarts", SignedDuration::from_mins(15)).filter(|n| *n >= 2.0);
    let crashes = scene.value("component_proxy_crashlooping").filter(|n| *n >= 1.0);
    let proxy_out = crashes.is_some() || away.is_some() || again.is_some();
    Case::new()
        .sign(0.8, crashes.map(|_| format!("the proxy crashes again and again{}", reason(scene))))
        .sign(0.5, again.map(|n| format!("the proxy was restarted {n:.0} times within 15 min")))
        .sign(0.35, away.map(|s| format!("no proxy has been ready for {s:.0} s")))
        .sign(
            0.4,
            scene.lately("component_proxy_oom_killed", 1.0, |_| {
                "the proxy was killed for want of memory".into()
            }),
        )
        .sign(
            0.2,
            proxy_out
                .then(|| {
                    scene
                        .lately("events_oom", 1.0, |_| "a node ran out of memory within the last hour".into())
                })
                .flatten(),
        )
        .sign(
            0.2,
            proxy_out
                .then(|| {
                    scene.below("check_jupyterhub_api_ok", 0.5, |_| "BinderHub cannot reach the Hub".into())
                })
                .flatten(),
        )
        .sign(
            0.2,
            scene.mostly_because(&["hub_unavailable"]).filter(|_| proxy_out).map(|(such, of)| {
                format!("{such} of {of} test launches could not get the Hub to make a user")
            }),
        )
        .ask("read why the proxy's last container ended: `kubectl describe pod -l component=proxy`")
}

fn reason(scene: &Scene<'_>) -> String {
    scene
        .fact("component_proxy_reason")
        .map_or_else(String::new, |r| format!(" ({})", crate::text::one_line(r, 60)))
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let mut out = Vec::new();
    let starved = scene.lately("events_oom", 1.0, |_| String::new()).is_some()
        || scene.lately("component_proxy_oom_killed", 1.0, |_| String::new()).is_some()
        || scene.at_least("nodes_memory_pressure", 1.0) == Some(true);
    if starved {
        let node = scene.fact("events_oom_on").or_else(|| scene.fact("component_proxy_nodes"));
        let node = node.map_or_else(|| "the node".to_owned(), |n| crate::text::one_line(n, 80));
        let why = format!("keeps the new proxy off {node}, which runs out of memory");
        out.push(cordon(scene, Mode::Approve, &why));
    }
    out.push(
        Proposal::new(
            Action::RestartProxy,
            Mode::Approve,
            "a new proxy starts on another node; all open connections drop, so ask first",
        )
        .guard(
            "the proxy has not been ready for 2 minutes, or crashes again and again",
            scene
                .value("component_proxy_unavailable_seconds")
                .map(|s| s >= 120.0 || scene.at_least("component_proxy_crashlooping", 1.0) == Some(true)),
        )
        .guard("another node takes pods, with room", scene.value("nodes_schedulable").map(|n| n >= 2.0))
        .guard(
            "no quota keeps a new pod from being made",
            scene.value("quota_pods_used_ratio").map(|r| r < 0.95),
        )
        .effect("the Hub answers within 90 s, and puts the routes back within a minute more"),
    );
    out
}
