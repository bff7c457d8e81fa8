//! A deployment failed, and nobody is without service.

use jiff::SignedDuration;

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};
use crate::Health;

pub(super) const CAUSE: Cause = Cause {
    label: "deploy-failed-no-user-impact",
    title: "a deployment failed, and nobody is without service",
    runbook: include_str!("../runbooks/deploy-failed-no-user-impact.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RollbackDeploy, "what people use still runs the version before"),
        (Action::RestartHub, "nothing that people use is broken"),
        (Action::RestartBinder, "nothing that people use is broken"),
        (Action::CordonNode, "nothing that people use is broken"),
        (Action::DeleteUserPods, "nothing that people use is broken"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let failed = scene.fact("deploy_result").filter(|r| r.to_lowercase().starts_with("fail"));
    let launches = scene.launches(false, SignedDuration::from_mins(10));
    let works =
        launches.first().is_some_and(|l| l.health == Health::Good) && scene.failing_builds().is_empty();
    let fails = launches.iter().filter(|l| l.health == Health::Bad).count();
    let to = scene
        .fact("deploy_target")
        .map_or_else(String::new, |t| format!(" to {}", crate::text::one_line(t, 60)));
    Case::new()
        .sign(
            0.8,
            failed.filter(|_| works).map(|_| format!("the deployment{to} failed, and test launches succeed")),
        )
        .counter(1.0, (fails > 0).then(|| format!("{fails} test launches failed")))
        .counter(1.0, scene.hub_dead())
}

fn remedy(_: &Scene<'_>) -> Vec<Proposal> {
    vec![Proposal::new(
        Action::None,
        Mode::Advise,
        "nobody is without service: whoever deployed looks at the log in their own time",
    )]
}
