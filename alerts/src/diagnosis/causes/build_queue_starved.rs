//! Builds do not begin: their slots are taken.

use super::super::remedies::{ban, restart_binder};
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "build-queue-starved",
    title: "builds do not begin: all places for builds are taken by requests that wait",
    runbook: include_str!("../runbooks/build-queue-starved.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "the Hub has no part in builds"),
        (Action::DeleteUserPods, "running servers are well"),
        (Action::RaiseNodeLimit, "builds wait for binder, not for nodes"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let builds = scene.failing_builds();
    let waiting = |l: &&&crate::diagnosis::Look| {
        let last = l.evidence.last().map(|e| e.to_lowercase()).unwrap_or_default();
        matches!(l.reason.as_deref(), Some("stalled" | "timeout"))
            && (last.contains("waiting for build to start")
                || l.summary.to_lowercase().contains("waiting for build to start"))
    };
    let stuck = builds.iter().filter(waiting).count();
    let (inside, running) = (scene.value("inprogress_builds"), scene.value("build_pods_running"));
    let starved = inside.zip(running).filter(|(n, running)| *n >= 20.0 && *n > running * 3.0);
    let queued = scene.value("build_pods_pending").filter(|n| *n >= 5.0);
    let backlog = scene.fires("build-backlog").then(|| "requests for builds pile up".into());
    Case::new()
        .sign(
            0.55,
            (stuck > 0)
                .then(|| format!("{stuck} test builds never got beyond `Waiting for build to start...`")),
        )
        .sign(
            0.4,
            starved.map(|(n, r)| format!("{n:.0} requests wait for builds, and {r:.0} build pods run")),
        )
        .sign(0.35, queued.map(|n| format!("{n:.0} build pods wait for a place")))
        .sign(0.25, backlog)
        .sign(
            0.15,
            (stuck > 0 && scene.cached_works() == Some(true)).then(|| "images that are there launch".into()),
        )
        .counter(
            0.7,
            scene.when("log_build_missing", 3.0, |_| "builds begin, and fail for missing packages".into()),
        )
        .counter(0.7, failed(scene))
        .counter(
            0.6,
            scene.when("nodes_without_address", 1.0, |_| "a node has no address: builds run unseen".into()),
        )
        .counter(
            0.5,
            scene.below("logs_readable", 0.5, |_| "logs cannot be read: builds may run unseen".into()),
        )
        .ask("compare the number of build pods with what binder may run at once")
}

/// Builds that began and failed are not starved.
fn failed(scene: &Scene<'_>) -> Option<String> {
    let builds = scene.failing_builds();
    let such = builds.iter().filter(|l| l.reason.as_deref() == Some("build_failed")).count();
    (such > 0 && such * 2 > builds.len()).then(|| format!("{such} test builds began and failed"))
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let mut out = Vec::new();
    let old = scene.value("build_pods_oldest_seconds");
    if old.is_none_or(|s| s >= 1200.0) {
        out.push(
            Proposal::new(
                Action::DeleteBuildPod,
                Mode::Approve,
                "the oldest build holds places; everybody who waits for it is told",
            )
            .guard("one build, by its uid, older than 20 minutes", old.map(|s| s >= 1200.0))
            .cap("one build")
            .effect("waiting builds begin within a minute"),
        );
    }
    out.push(restart_binder(
        scene,
        Mode::Approve,
        "gives all places back; those who wait must ask again, builds go on",
    ));
    out.push(ban(scene, "if one repository takes the places"));
    out
}
