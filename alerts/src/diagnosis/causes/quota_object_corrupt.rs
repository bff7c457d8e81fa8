//! A quota counts pods that are not there.

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "quota-object-corrupt",
    title: "a quota counts far more pods than there are: its count is wrong",
    runbook: include_str!("../runbooks/quota-object-corrupt.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::DeleteUserPods, "what is counted is not what is there"),
        (Action::RestartHub, "a new Hub pod is refused as well"),
        (Action::RestartBinder, "a new pod is refused as well"),
        (Action::DeleteAllPods, "what is counted is not what is there, and none could be made again"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let ratio = scene.value("quota_pods_used_ratio").filter(|r| *r >= 0.9);
    let real = scene.real_pods().zip(scene.value("quota_pods_used"));
    let wrong = ratio.and(real).filter(|(real, used)| *real < used * 0.2);
    let far = wrong.filter(|(real, used)| *real < used * 0.05);
    Case::new()
        .sign(
            0.6,
            wrong.map(|(real, used)| format!("the quota counts {used:.0} pods, and {real:.0} are there")),
        )
        .sign(0.2, far.map(|(real, used)| format!("that is {:.1} % of what it counts", real / used * 100.0)))
        .counter(
            0.3,
            wrong
                .map(|_| "the quota may count pods of other namespaces, which are not seen here".into())
                .filter(|_| scene.value("user_pods").is_some_and(|n| n >= 100.0)),
        )
        .ask("count all pods of the namespace, those that have ended as well")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![
        Proposal::new(
            Action::DeleteResourcequota,
            Mode::Approve,
            "whoever provides it makes it anew, with the right count",
        )
        .guard("at least 90 % of the quota are used", scene.value("quota_pods_used_ratio").map(|r| r >= 0.9))
        .guard("the object is one that the provider makes anew (a list in the configuration)", None)
        .guard("the object is saved first, and put back if no pod can be made within a minute", None)
        .effect("pods can be made within 60 s"),
    ]
}
