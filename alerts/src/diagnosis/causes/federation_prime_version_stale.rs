//! The member that the others are compared with has an old version, so the others are left out.

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "federation-prime-version-stale",
    title: "the redirector compares with an old version of the prime member and leaves the others out",
    runbook: include_str!("../runbooks/federation-prime-version-stale.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RemoveFederationMember, "the members that are left out are well"),
        (Action::RestartHub, "the members are well"),
        (Action::RestartBinder, "the members are well"),
        (Action::RollbackDeploy, "the new version is the right one"),
    ],
    explains: &["federation-member-unhealthy", "traffic-surge"],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let names = scene
        .fact("members_missing_names")
        .map_or_else(String::new, |n| format!(": {}", crate::text::one_line(n, 100)));
    let stale = scene.value("prime_stale").filter(|n| *n >= 1.0);
    let missing = scene.value("members_missing").filter(|n| *n >= 1.0);
    Case::new()
        .sign(
            0.7,
            stale.map(|_| {
                "the prime member has another version than all the others, for more than half an hour".into()
            }),
        )
        .sign(0.3, stale.and(missing).map(|n| format!("{n:.0} members are well and get no users{names}")))
        .sign(
            0.3,
            stale.and(scene.when("versions_apart_seconds", 1800.0, |s| {
                format!("versions have been apart for {:.0} min", s / 60.0)
            })),
        )
        .ask("compare the versions page of each member with what the redirector shows for it")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    vec![
        Proposal::new(
            Action::RestartFederationRedirect,
            Mode::Approve,
            "a new redirector reads the prime member's version anew",
        )
        .guard("one replica at a time", None)
        .guard("another member is well", scene.value("members_healthy").map(|n| n >= 2.0))
        .effect("all members are active again within 2 minutes"),
        Proposal::new(
            Action::Deploy,
            Mode::Advise,
            "if the prime member itself still runs the old version: finish its deployment",
        ),
    ]
}
