//! More people than usual, all at once.

use jiff::SignedDuration;

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "traffic-surge",
    title: "many more people than usual start servers at once",
    runbook: include_str!("../runbooks/traffic-surge.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "everybody who waits comes again at once"),
        (Action::RestartBinder, "everybody who waits comes again at once"),
        (Action::RaiseRepoQuota, "it lets still more in while there is no room"),
        (Action::DeleteUserPods, "those are the people for whom this is run"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let usual = |name: &str, times: f64, least: f64| {
        let (_, high) = scene.before(name)?;
        let now = scene.value(name).filter(|v| *v >= least && *v >= high * times)?;
        Some((now, high))
    };
    let top = scene.value("user_pods_top_repo").zip(scene.value("user_pods_top_repo_ratio"));
    Case::new()
        .sign(0.45, grown(scene))
        .sign(
            0.4,
            usual("inprogress_launches", 3.0, 20.0)
                .map(|(now, high)| format!("{now:.0} launches at once, at most {high:.0} before")),
        )
        .sign(
            0.4,
            usual("real_launches", 2.0, 20.0).map(|(now, high)| {
                format!("{now:.0} launches in the last interval, at most {high:.0} before")
            }),
        )
        .sign(
            0.35,
            usual("pending_spawn", 3.0, 20.0)
                .filter(|_| scene.value("drift_stuck").is_some_and(|n| n < 2.0))
                .map(|(now, _)| format!("the Hub is starting {now:.0} servers at once")),
        )
        .sign(
            0.4,
            top.filter(|(n, ratio)| *n >= 30.0 && *ratio >= 0.4)
                .map(|(n, ratio)| format!("{n:.0} servers ({:.0} %) run the same repository", ratio * 100.0)),
        )
        .sign(
            0.3,
            scene.fires("repo-surge").then(|| "one repository is started far more often than usual".into()),
        )
        .sign(0.25, placeholders(scene))
        .counter(
            0.8,
            scene.when("drift_orphans_ratio", 0.2, |r| {
                format!("{:.0} % of the user pods belong to nobody", r * 100.0)
            }),
        )
        .counter(
            0.8,
            scene.when("drift_stuck", 2.0, |n| {
                format!("{n:.0} servers wait although their pods are ready: what piles up is no demand")
            }),
        )
        .counter(0.6, scene.mute().map(|_| "launches hang: what piles up is no demand".into()))
        .counter(0.7, broken(scene))
        .counter(0.6, scene.hub_dead())
        .counter(
            0.6,
            scene
                .binder_silent()
                .map(|_| "binder does not answer: what piles up may be one and the same".into()),
        )
}

/// Launches fail, and not for want of room: what piles up are their remains.
fn broken(scene: &Scene<'_>) -> Option<String> {
    let (room, of) = scene.share_because(&["no_capacity", "waits_for_node"]);
    (of >= 3 && room * 2 < of).then(|| format!("{of} launches in a row failed, and not for want of room"))
}

/// Pods have become more, and the Hub knows of them.
fn grown(scene: &Scene<'_>) -> Option<String> {
    let within = SignedDuration::from_mins(45);
    let (pods, more) = (scene.value("user_pods")?, scene.change("user_pods", within)?);
    let known = scene.change("servers_active", within).is_none_or(|n| n >= more * 0.6);
    (more >= 20.0 && more >= (pods - more) * 0.3 && known)
        .then(|| format!("{more:.0} more user pods than within the last 45 min, now {pods:.0}"))
}

/// Room kept free for rushes is used up.
fn placeholders(scene: &Scene<'_>) -> Option<String> {
    let running = scene.value("placeholders_running").filter(|n| *n < 1.0);
    running.and(scene.when("placeholders_pending", 5.0, |n| {
        format!("the room kept free for rushes is used up ({n:.0} placeholders pushed out)")
    }))
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let repo =
        scene.fact("top_repo").map_or_else(String::new, |r| format!(" ({})", crate::text::one_line(r, 100)));
    let mut out = Vec::new();
    if scene.value("user_pods_top_repo_ratio").is_some_and(|r| r >= 0.4) {
        out.push(Proposal::new(
            Action::LowerRepoQuota,
            Mode::Advise,
            format!("one repository{repo} takes most of the room; a lower quota keeps some for the others"),
        ));
    }
    out.push(
        Proposal::new(Action::RaiseNodeLimit, Mode::Advise, "people are welcome; more room lets them in")
            .guard("the nodes are at their limit", scene.value("nodes_at_limit").map(|n| n >= 1.0)),
    );
    out.push(Proposal::new(Action::None, Mode::Advise, "a rush passes, mostly within the hour"));
    out
}
