//! Logs of running pods cannot be read, so builds cannot be followed.

use super::super::remedies::cordon;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "log-stream-broken",
    title: "logs of running pods cannot be read: builds run, and nobody can follow them",
    runbook: include_str!("../runbooks/log-stream-broken.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartBinder, "binder asks Kubernetes for the logs, and Kubernetes cannot give them"),
        (Action::RestartHub, "the Hub is well"),
        (Action::DeleteUserPods, "servers are well"),
        (Action::DeleteBuildPod, "builds go on and finish, unseen"),
    ],
    explains: &["build-queue-starved"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let unreadable = scene.below("logs_readable", 0.5, |_| {
        "the log of a running pod cannot be read, although Kubernetes answers".into()
    });
    let watching = scene.build_said(&["unhandled error watching for build events"]);
    let silent = scene
        .failing_builds()
        .iter()
        .filter(|l| matches!(l.reason.as_deref(), Some("stalled" | "timeout")))
        .count();
    Case::new()
        .sign(0.65, unreadable.clone())
        .sign(0.45, watching.map(|line| format!("a build said: “{}”", crate::text::one_line(line, 100))))
        .sign(0.3, (silent > 0 && unreadable.is_some()).then(|| format!("{silent} test builds fell silent")))
        .sign(
            0.15,
            scene.fires("log-stream-broken").then(|| "logs have not been readable for a while".into()),
        )
        .ask("`kubectl logs` of a pod on each node: does it fail everywhere, or on one node?")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![
        cordon(scene, Mode::Approve, "if it is one node: builds start where their logs can be read"),
        Proposal::new(
            Action::ResetNode,
            Mode::Advise,
            "restarts what serves the logs of that node; on a cluster of one node it stops everything for minutes",
        ),
    ]
}
