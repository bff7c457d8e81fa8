//! Everybody waits for the build of one repository.

use super::super::remedies::ban;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "hot-repo-build",
    title: "very many people wait for the build of one repository",
    runbook: include_str!("../runbooks/hot-repo-build.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "the Hub has no part in builds"),
        (Action::RaiseRepoQuota, "it lets still more wait for the same build"),
        (Action::DeleteUserPods, "running servers are well"),
        (Action::RaiseNodeLimit, "it is one build, not too few nodes"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let waiting = scene.value("inprogress_builds").filter(|n| *n >= 20.0);
    let few =
        waiting.zip(scene.value("build_pods_running")).filter(|(n, running)| *n >= running.max(1.0) * 10.0);
    let one = waiting.zip(scene.value("build_pods_repos")).filter(|(_, repos)| *repos <= 1.0);
    let old = waiting.and(scene.value("build_pods_oldest_seconds")).filter(|s| *s >= 1200.0);
    Case::new()
        .sign(0.55, few.map(|(n, running)| format!("{n:.0} requests wait for {running:.0} running builds")))
        .sign(0.3, one.map(|_| "all of them for the same repository".into()))
        .sign(0.2, old.map(|s| format!("a build has been running for {:.0} min", s / 60.0)))
        .sign(
            0.3,
            waiting.and(
                scene
                    .fires("repo-surge")
                    .then(|| "one repository is started far more often than usual".into()),
            ),
        )
        .counter(0.5, scene.when("build_pods_repos", 5.0, |n| format!("{n:.0} repositories are being built")))
        .counter(
            0.5,
            scene.when("log_build_missing", 3.0, |_| {
                "builds fail for missing packages and are asked for again".into()
            }),
        )
        .ask("count the repositories in binder's log of the last minutes")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![
        ban(scene, "nobody waits for what is refused; it needs a change of configuration"),
        Proposal::new(
            Action::DeleteBuildPod,
            Mode::Approve,
            "ends the build that everybody waits for; the next request starts it again, so ban first",
        )
        .guard("one build, by its uid, older than 20 minutes", old_build(scene))
        .cap("one build")
        .effect("slots are free within a minute"),
    ]
}

fn old_build(scene: &Scene<'_>) -> Option<bool> {
    scene.value("build_pods_oldest_seconds").map(|s| s >= 1200.0)
}
