//! Pods without a server: the Hub has forgotten them, and they take room.

use super::super::remedies::delete_orphans;
use super::super::{Action, Case, Cause, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "orphan-pods",
    title: "user pods that the Hub knows nothing of take up room",
    runbook: include_str!("../runbooks/orphan-pods.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::DeleteAllPods, "it takes hub, proxy and everybody's work as well"),
        (Action::DeleteUserPods, "only some of them are orphans"),
        (Action::DeleteAgedUserPodsBeforeDiagnosis, "age does not tell an orphan from somebody's work"),
        (Action::DeleteStuckPendingPods, "the Hub makes them again"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let orphans = scene.value("drift_orphans").filter(|n| *n >= 5.0);
    let ratio = scene.value("drift_orphans_ratio").filter(|_| orphans.is_some());
    let percent = |r: f64| r * 100.0;
    Case::new()
        .sign(
            0.55,
            orphans
                .zip(ratio)
                .filter(|(_, r)| *r >= 0.1)
                .map(|(n, r)| format!("{n:.0} user pods without a server, {:.0} % of all", percent(r))),
        )
        .sign(
            0.25,
            ratio
                .filter(|r| *r >= 0.3)
                .map(|_| "that is far more than stopping and starting leaves behind".into()),
        )
        .sign(
            0.1,
            scene.when("log_hub_no_pod", 1.0, |n| {
                format!("the Hub's log: no pod to delete, assuming it is gone ({n:.0} lines)")
            }),
        )
        .counter(
            0.6,
            scene.below("component_hub_age_seconds", 300.0, |s| {
                format!("the Hub started {s:.0} s ago and may not know all of its servers yet")
            }),
        )
        .counter(
            0.9,
            scene.below("drift_matched", 1.0, |_| {
                "not one pod has a server: the Hub's database may be lost".into()
            }),
        )
        .ask("look whether the number of orphans grows: then the Hub still loses pods")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![delete_orphans(scene, "frees room and takes nothing from anybody: the Hub has no server for them")]
}
