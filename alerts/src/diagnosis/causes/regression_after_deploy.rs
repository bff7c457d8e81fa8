//! It began with a new version.

use jiff::SignedDuration;

use super::super::remedies::roll_back;
use super::super::{Action, Case, Cause, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "regression-after-deploy",
    title: "it began with a new version: the last deployment brought it",
    runbook: include_str!("../runbooks/regression-after-deploy.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "a restarted version is the same version; it fails again"),
        (Action::RestartBinder, "a restarted version is the same version"),
        (Action::DeleteUserPods, "people use them, and the version stays"),
        (Action::UpgradeCluster, "one change at a time: undo the last one first"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let deployed = scene.deployed();
    let began = scene.began();
    let fails = fails(scene);
    let soon = deployed.as_ref().is_some_and(|d| began.duration_since(d.at) <= SignedDuration::from_mins(20));
    let told = deployed.map(|d| {
        let minutes = began.duration_since(d.at).as_mins().max(0);
        format!("{} changed from {} to {} {minutes} min before", d.what, d.from, d.to)
    });
    // A new version alone is no trouble.
    let told = told.filter(|_| fails.is_some());
    let known = told.is_some();
    let restarted = scene.value("component_hub_age_seconds").filter(|s| {
        known
            && scene.now.duration_since(began).as_secs_f64() > s + 180.0
            && !scene.failing_launches().is_empty()
    });
    Case::new()
        .sign(if soon { 0.55 } else { 0.35 }, told)
        .sign(0.3, fails.filter(|_| known))
        .sign(
            0.35,
            restarted
                .map(|s| format!("the Hub was restarted {:.0} min ago, and it fails as before", s / 60.0)),
        )
        .counter(0.7, elsewhere(scene))
        .counter(
            0.3,
            scene.others_launch().filter(|works| !works).map(|_| "other targets fail as well".into()),
        )
        .ask("compare what the versions page says with what ran before, and read what the deployment changed")
}

/// What fails clearly enough to ask for its cause.
fn fails(scene: &Scene<'_>) -> Option<String> {
    let (launches, builds) = (scene.failing_launches().len(), scene.failing_builds().len());
    if launches >= 3 {
        return Some(format!("{launches} test launches in a row fail since"));
    }
    if builds >= 2 {
        return Some(format!("{builds} test builds in a row fail since"));
    }
    scene.hub_dead()
}

/// Trouble that no version makes.
fn elsewhere(scene: &Scene<'_>) -> Option<String> {
    let first = |name: &str, what: &str| scene.when(name, 1.0, |n| format!("{what} ({n:.0})"));
    first("waiting_for_room", "pods wait for room")
        .or_else(|| first("quota_blocked", "a quota is used up"))
        .or_else(|| first("nodes_disk_pressure", "a node has no disk left"))
        .or_else(|| first("nodes_not_ready_long", "nodes are not ready"))
        .or_else(|| first("nodes_readonly", "a node's file system is read-only"))
        .or_else(|| first("events_oom", "a node ran out of memory"))
        .or_else(|| {
            scene.when("drift_stuck", 2.0, |n| format!("the Hub does not see {n:.0} pods that are ready"))
        })
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![
        roll_back(scene, "it began with this change; if its fault is not found in ten minutes, undo it")
            .guard("the version before is known", Some(scene.deployed().is_some())),
    ]
}
