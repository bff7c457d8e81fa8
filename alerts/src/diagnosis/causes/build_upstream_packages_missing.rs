//! Builds fail because packages that the base image asks for are no longer to be had.

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

/// What package managers say when what they look for is gone.
const GONE: [&str; 9] = [
    "unable to locate package",
    "404 not found",
    "404  not found",
    "ign http",
    "ign:",
    "no longer has a release file",
    "has no installation candidate",
    "failed to fetch",
    "packagesnotfounderror",
];

pub(super) const CAUSE: Cause = Cause {
    label: "build-upstream-packages-missing",
    title: "builds fail because packages that every image needs are no longer to be had",
    runbook: include_str!("../runbooks/build-upstream-packages-missing.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartBinder, "nothing in the cluster is broken: what builds fetch is gone"),
        (Action::RestartHub, "nothing in the cluster is broken: what builds fetch is gone"),
        (Action::DeleteUserPods, "servers of images that are there work"),
        (Action::CordonNode, "builds fail on every node alike"),
    ],
    explains: &["build-queue-starved"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let failing = scene.failing_builds();
    let such = failing.iter().filter(|l| l.reason.as_deref() == Some("build_failed")).count();
    let alone = such >= 1 && scene.cached_works() == Some(true);
    let ratio = scene.value("real_build_success_ratio").filter(|r| *r < 0.3);
    Case::new()
        .sign(
            0.6,
            scene
                .build_said(&GONE)
                .map(|line| format!("a build said: “{}”", crate::text::one_line(line, 120))),
        )
        .sign(
            0.5,
            scene.when("log_build_missing", 3.0, |n| {
                format!("builds miss packages ({n:.0} lines in their logs)")
            }),
        )
        .sign(
            0.35,
            alone.then(|| format!("{such} test builds in a row failed, while images that are there launch")),
        )
        .sign(0.25, ratio.map(|r| format!("of real builds {:.0} % succeed", r * 100.0)))
        .sign(
            0.2,
            scene
                .when("build_pods_failed", 5.0, |n| format!("{n:.0} build pods have failed"))
                .filter(|_| such >= 1),
        )
        .counter(0.7, pushing(scene))
        .counter(
            0.3,
            (scene.cached_works() == Some(false)).then(|| "launches without a build fail as well".into()),
        )
        .counter(
            0.5,
            scene.below("logs_readable", 0.5, |_| {
                "pod logs cannot be read, so builds cannot be followed".into()
            }),
        )
        .ask("build another repository: if it fails at the same packages it is the base image")
}

fn pushing(scene: &Scene<'_>) -> Option<String> {
    let pushes = |l: &&crate::diagnosis::Look| l.reason.as_deref() == Some("push_failed");
    let such = scene.failing_builds().iter().filter(|l| pushes(l)).count();
    (such > 0).then(|| format!("{such} images were built and could not be stored"))
}

fn remedy(_: &Scene<'_>) -> Vec<Proposal> {
    vec![
        Proposal::new(
            Action::FixBaseImage,
            Mode::Advise,
            "builds need a base image whose packages are still to be had; nothing in the cluster helps",
        )
        .guard("a repository that was not changed fails at the same packages", None)
        .effect("the next test build succeeds"),
    ]
}
