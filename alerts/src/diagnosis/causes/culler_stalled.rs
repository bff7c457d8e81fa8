//! Nothing stops servers that nobody uses any more.

use super::super::remedies::restart_hub;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "culler-stalled",
    title: "servers that nobody uses are no longer stopped: the culler does not do its work",
    runbook: include_str!("../runbooks/culler-stalled.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::DeleteAgedUserPodsBeforeDiagnosis, "it hides why they were not stopped"),
        (Action::RaiseNodeLimit, "more room only holds more servers that nobody uses"),
        (Action::DeleteAllPods, "most of these pods are in use"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let overdue = scene.value("user_pods_overdue").filter(|n| *n >= 3.0);
    let orphans = scene.value("drift_orphans").zip(overdue).filter(|(o, n)| *o >= n * 0.7);
    let oldest = scene.value("user_pods_oldest_seconds").map(|s| s / 3600.0);
    Case::new()
        .sign(
            0.55,
            overdue.map(|n| match oldest {
                Some(hours) => format!("{n:.0} servers are older than they may be, the oldest {hours:.1} h"),
                None => format!("{n:.0} servers are older than they may be"),
            }),
        )
        .sign(
            0.5,
            scene.when("log_culler_errors", 1.0, |n| format!("the culler's log tells of {n:.0} errors")),
        )
        .sign(
            0.4,
            scene.when("component_culler_unavailable_seconds", 60.0, |s| {
                format!("no culler has run for {s:.0} s")
            }),
        )
        .sign(0.2, scene.fires("culler-stalled").then(|| "servers grow older than they may".into()))
        .counter(
            0.7,
            orphans.map(|(n, _)| format!("{n:.0} of these pods have no server: the culler cannot know them")),
        )
        .counter(
            0.5,
            scene.when("drift_stuck", 2.0, |_| "the Hub does not see its pods, and so stops nothing".into()),
        )
        .ask("look whether the culler says anything in the Hub's log within its interval (10 minutes)")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![
        restart_hub(scene, Mode::Approve, "the culler is a service of the Hub and starts anew with it")
            .effect("the culler writes to the log, and the oldest servers end within 15 minutes"),
        Proposal::new(
            Action::DeleteAgedUserPods,
            Mode::Approve,
            "stops, through the Hub, what the culler should have stopped; oldest first",
        )
        .guard("the culler's fault is known", None)
        .guard("only servers beyond the longest age and half an hour", None)
        .cap("25 % of user pods at once")
        .effect("no server is older than it may be"),
    ]
}
