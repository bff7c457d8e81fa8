//! Proposals that several causes make, with the guards that operators keep to.

use jiff::SignedDuration;

use super::{Action, Mode, Proposal, Scene};

/// A Hub is made anew within this share of a quota of pods.
const ROOM: f64 = 0.95;

/// Ends the Hub's process; `why` says what for.
pub(super) fn restart_hub(scene: &Scene<'_>, mode: Mode, why: &str) -> Proposal {
    let young = scene.value("component_hub_age_seconds");
    Proposal::new(Action::RestartHub, mode, why)
        .guard("three launches in a row failed", Some(scene.failing_launches().len() >= 3))
        .guard(
            "no quota keeps a new Hub pod from being made",
            scene.value("quota_pods_used_ratio").map(|r| r < ROOM),
        )
        .guard("the Hub was not restarted within the last 15 minutes", young.map(|s| s >= 900.0))
        .guard("Kubernetes answers and its nodes are well", nodes_well(scene))
}

/// Replaces BinderHub's pods.
pub(super) fn restart_binder(scene: &Scene<'_>, mode: Mode, why: &str) -> Proposal {
    Proposal::new(Action::RestartBinder, mode, why)
        .guard(
            "no quota keeps new pods from being made",
            scene.value("quota_pods_used_ratio").map(|r| r < ROOM),
        )
        .guard("one replica at a time, the next one when the first is ready", None)
        .cap("at most 2 in 2 hours")
        .effect("the first launch succeeds within 90 s")
}

/// No new pods on the node in trouble.
pub(super) fn cordon(scene: &Scene<'_>, mode: Mode, why: &str) -> Proposal {
    let cordoned = scene.value("nodes_cordoned").zip(scene.value("nodes"));
    Proposal::new(Action::CordonNode, mode, why)
        .guard(
            "at least 2 other nodes take pods, with room",
            scene.value("nodes_schedulable").map(|n| n >= others_needed(scene)),
        )
        .guard("less than half of the nodes are cordoned", cordoned.map(|(c, n)| c * 2.0 < n))
        .guard("hub, proxy, binder and ingress keep a node that takes pods", None)
        .cap("1 node an hour, at most 25 % of the nodes")
        .effect("no new pod starts there; existing ones stay")
}

/// A node that is not ready is not among those that take pods.
fn others_needed(scene: &Scene<'_>) -> f64 {
    let away = scene.value("nodes_not_ready_long").is_some_and(|n| n >= 1.0);
    if away { 2.0 } else { 3.0 }
}

/// Removes pods that the Hub knows nothing of.
pub(super) fn delete_orphans(scene: &Scene<'_>, why: impl Into<String>) -> Proposal {
    let up = scene.value("component_hub_age_seconds").map(|s| s >= 300.0);
    Proposal::new(Action::DeleteOrphanPods, Mode::Approve, why)
        .guard("the Hub has been up for 5 minutes", up)
        .guard("two samples 2 minutes apart agree, and the list of users is complete", None)
        .guard("at least 5 user pods have a server", scene.at_least("drift_matched", 5.0))
        .guard(
            "not more than 90 % of the user pods are orphans",
            scene.value("drift_orphans_ratio").map(|r| r <= 0.9),
        )
        .cap("pods older than 15 minutes; 25 % of user pods at once, 100 an hour")
        .effect("pods that wait are scheduled within 2 minutes, and the cluster can shrink")
}

/// The last deployment undone.
pub(super) fn roll_back(scene: &Scene<'_>, why: &str) -> Proposal {
    let why = match scene.deployed() {
        Some(d) => format!("{why}: {} went from {} to {}", d.what, d.from, d.to),
        None => why.to_owned(),
    };
    Proposal::new(Action::RollbackDeploy, Mode::Advise, why)
        .effect("launches succeed with the version before")
}

/// One repository's users take their share and not more.
pub(super) fn ban(scene: &Scene<'_>, why: &str) -> Proposal {
    let why = match scene.fact("top_repo") {
        Some(repo) => format!("{why}; most used now: {}", crate::text::one_line(repo, 100)),
        None => why.to_owned(),
    };
    Proposal::new(Action::BanRepo, Mode::Advise, why).effect("requests fall within minutes of the deployment")
}

/// Whether every node is there, as far as one can see.
pub(super) fn nodes_well(scene: &Scene<'_>) -> Option<bool> {
    scene.value("nodes_not_ready_long").map(|n| n < 1.0)
}

/// Whether a number has been such for at least so many seconds.
pub(super) fn held_for(
    scene: &Scene<'_>,
    name: &str,
    seconds: i64,
    such: impl Fn(f64) -> bool,
) -> Option<bool> {
    let known = scene.value(name)?;
    Some(such(known) && scene.held(name, such).is_some_and(|t| t >= SignedDuration::from_secs(seconds)))
}
