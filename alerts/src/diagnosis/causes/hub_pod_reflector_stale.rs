//! The Hub no longer hears of its pods: they start and run, and it waits for them.

use jiff::SignedDuration;

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "hub-pod-reflector-stale",
    title: "the Hub no longer sees its pods: servers start and run, but the Hub waits for them",
    runbook: include_str!("../runbooks/hub-pod-reflector-stale.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::DeleteAgedUserPodsBeforeDiagnosis, "it hides the cause and ends work that people still do"),
        (Action::RaiseNodeLimit, "more room only holds more pods that nobody uses"),
        (Action::DeleteAllPods, "most of these pods are in use"),
    ],
    explains: &["orphan-pods", "cluster-full", "traffic-surge"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let stuck = scene.value("drift_stuck").filter(|n| *n >= 2.0);
    let ghosts = scene.value("drift_ghosts").filter(|n| *n >= 5.0);
    let (unseen, of) = scene.share_because(&["unseen"]);
    let log = scene.value("log_hub_reflector").filter(|n| *n > 0.0);
    let waits = scene.value("log_hub_start_timeout").unwrap_or(0.0)
        + scene.value("log_hub_stop_timeout").unwrap_or(0.0);
    Case::new()
        .sign(
            0.8,
            stuck.map(|n| format!("{n:.0} servers wait for pods that have been ready for more than 75 s")),
        )
        .sign(
            0.7,
            (unseen >= 1).then(|| {
                format!("{unseen} of {of} test launches: the pod was ready and the Hub did not notice")
            }),
        )
        .sign(0.35, ghosts.map(|n| format!("the Hub keeps {n:.0} servers whose pods are long gone")))
        .sign(0.5, log.map(|n| format!("the Hub's log tells of a watch on pods that failed ({n:.0} lines)")))
        .sign(
            0.2,
            (waits > 0.0).then(|| {
                format!("the Hub's log: pods `did not start` or `did not disappear` ({waits:.0} lines)")
            }),
        )
        .counter(
            0.6,
            scene
                .value("hub_latency_seconds")
                .filter(|s| *s > 5.0)
                .map(|s| format!("the Hub itself is slow ({s:.1} s)")),
        )
        .counter(
            // What is dead then is more than the eye for pods.
            0.5,
            scene.mute().map(|(mute, of)| format!("{mute} of {of} launches heard not a word from the Hub")),
        )
        .counter(
            0.6,
            // With servers stuck beside ready pods, want of room is what came of it.
            scene
                .mostly_because(&["no_capacity"])
                .filter(|_| stuck.is_none())
                .map(|_| "pods find no room: they are not ready either".into()),
        )
        .counter(
            0.6,
            scene.hub_launch().filter(|works| *works).map(|_| "a launch through the Hub alone works".into()),
        )
        .counter(0.8, scene.when("quota_blocked", 1.0, |_| "a quota refuses pods".into()))
        .ask("look whether the Hub's log has `watching for pods` after the last `Error when watching`")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let stuck = scene.value("drift_stuck");
    let young = scene.value("component_hub_age_seconds");
    let orphans = scene.value("drift_orphans").unwrap_or(0.0);
    let hub = Proposal::new(
        Action::RestartHub,
        Mode::Auto,
        "a new Hub watches its pods anew; running servers survive it",
    )
    .guard("three launches in a row failed", Some(scene.failing_launches().len() >= 3))
    .guard("at least 2 servers wait for pods that are ready", stuck.map(|n| n >= 2.0))
    .guard(
        "no quota keeps a new Hub pod from being made",
        scene.value("quota_pods_used_ratio").map(|r| r < 0.95),
    )
    .guard("the Hub was not restarted within the last 15 minutes", young.map(|s| s >= 900.0))
    .effect("the first launch succeeds within 2 minutes after the Hub is ready");
    let grew = scene.change("drift_orphans", SignedDuration::from_mins(30)).unwrap_or(0.0);
    let why = if orphans > 0.0 || grew > 0.0 {
        "removes what was left behind"
    } else {
        "removes what is left behind, if anything is"
    };
    let orphans = Proposal::new(
        Action::DeleteOrphanPods,
        Mode::Approve,
        format!("{why}; after the restart, never before"),
    )
    .guard("the Hub has been up for 5 minutes", young.map(|s| s >= 300.0))
    .guard("two samples 2 minutes apart agree, and the list of users is complete", None)
    .guard("at least 5 user pods have a server", scene.at_least("drift_matched", 5.0))
    .cap("pods older than 15 minutes; 25 % of user pods at once, 100 an hour")
    .effect("the cluster can shrink");
    vec![hub, orphans]
}
