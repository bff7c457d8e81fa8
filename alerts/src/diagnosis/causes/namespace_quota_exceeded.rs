//! A quota of the namespace refuses every new pod.

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "namespace-quota-exceeded",
    title: "a quota of the namespace refuses every new pod",
    runbook: include_str!("../runbooks/namespace-quota-exceeded.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "a new Hub pod is refused as well: then nothing works at all"),
        (Action::RestartBinder, "a new pod is refused as well: then nothing works at all"),
        (Action::RestartProxy, "a new pod is refused as well: then nothing works at all"),
        (Action::RestartIngress, "a new pod may be refused as well"),
        (Action::DeleteUserPods, "what is counted is not what is there"),
        (Action::DrainNode, "pods that are moved are refused as well"),
    ],
    explains: &[
        "cluster-full",
        "hub-pod-reflector-stale",
        "hub-overloaded",
        "hub-unreachable",
        "launch-hang-unknown",
        "binder-hub-connection-stuck",
        "regression-after-deploy",
        "build-queue-starved",
        "hub-volume-stuck",
        "traffic-surge",
        "federation-member-unhealthy",
        "orphan-pods",
    ],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let because = scene.mostly_because(&["resource_quota"]);
    let told = because.or_else(|| scene.mostly_said(&["exceeded quota"]));
    let figures = scene.value("quota_pods_used").zip(scene.value("quota_pods_hard"));
    let full = scene.at_least("quota_blocked", 1.0) == Some(true);
    let name = scene.fact("quota_name").or_else(|| scene.fact("events_quota_name"));
    let name = name
        .map_or_else(|| "the quota".to_owned(), |n| format!("the quota {}", crate::text::one_line(n, 80)));
    let used =
        figures.filter(|_| full).map(|(used, hard)| format!("{name} says {used:.0} of {hard:.0} pods"));
    Case::new()
        .sign(
            0.75,
            told.map(|(such, of)| {
                format!("in {such} of {of} test launches the pod was refused: exceeded quota")
            }),
        )
        .sign(0.65, used.or_else(|| full.then(|| format!("{name} is used up"))))
        .sign(
            0.5,
            scene.when("events_quota_refused", 1.0, |n| format!("pods were refused {n:.0} times in 5 min")),
        )
        .sign(
            0.3,
            scene.when("log_hub_quota", 1.0, |n| format!("the Hub's log: exceeded quota ({n:.0} lines)")),
        )
        .ask("`kubectl describe resourcequota`: how many pods does it count, and how many are there?")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let real = scene.real_pods().zip(scene.value("quota_pods_used"));
    let wrong = real.map(|(real, used)| real < used * 0.2);
    let mut out = Vec::new();
    if wrong != Some(false) {
        out.push(
            Proposal::new(
                Action::DeleteResourcequota,
                Mode::Approve,
                "its count is wrong; whoever provides it makes it anew, with the right count",
            )
            .guard(
                "at least 90 % of the quota are used",
                scene.value("quota_pods_used_ratio").map(|r| r >= 0.9),
            )
            .guard("pods that are really there are less than 20 % of what it counts", wrong)
            .guard("the object is one that the provider makes anew (a list in the configuration)", None)
            .guard("the object is saved first, and put back if no pod can be made within a minute", None)
            .effect("pods can be made within 60 s"),
        );
    } else {
        out.push(
            Proposal::new(Action::DeleteEvictedPods, Mode::Approve, "pods that have ended count as well")
                .guard("only pods that have ended, without a server, older than 10 minutes", None)
                .cap("50 an hour"),
        );
    }
    if scene.others_launch() != Some(false) {
        out.push(
            Proposal::new(
                Action::RemoveFederationMember,
                Mode::Advise,
                "in a federation: send people to the other members meanwhile",
            )
            .guard("launches work elsewhere", scene.others_launch())
            .guard("it is not the prime member", None),
        );
    }
    out
}
