//! A member of the federation gets no users.

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "federation-member-unhealthy",
    title: "a member of the federation is not well, or is left out",
    runbook: include_str!("../runbooks/federation-member-unhealthy.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "look at that member first: which part is not well?"),
        (Action::DeleteUserPods, "running servers are well"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let all = scene.value("members").filter(|n| *n >= 2.0);
    let sick = all.zip(scene.value("members_healthy")).filter(|(all, well)| well < all);
    let absent = all.zip(scene.value("members_active")).filter(|(all, active)| active < all);
    let missing = scene.value("members_missing").filter(|n| *n >= 1.0);
    let names = scene
        .fact("members_missing_names")
        .map_or_else(String::new, |n| format!(": {}", crate::text::one_line(n, 100)));
    Case::new()
        .sign(
            0.45,
            sick.map(|(all, well)| format!("{well:.0} of {all:.0} members are well when asked directly")),
        )
        .sign(0.5, missing.map(|n| format!("{n:.0} members are well and get no users{names}")))
        .sign(0.2, absent.map(|(all, active)| format!("users are sent to {active:.0} of {all:.0} members")))
        .counter(
            0.8,
            scene.when("prime_stale", 1.0, |_| {
                "the prime member has an old version: the others are well".into()
            }),
        )
        .ask("ask the health page of that member directly, and test it with a launch of its own")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let mut out = Vec::new();
    if scene.value("members_missing").is_some_and(|n| n >= 1.0) {
        out.push(
            Proposal::new(
                Action::RestartFederationRedirect,
                Mode::Approve,
                "the member is well; a new redirector looks at it anew",
            )
            .guard("one replica at a time", None)
            .effect("the member is active within 2 minutes"),
        );
    }
    out.push(
        Proposal::new(
            Action::RemoveFederationMember,
            Mode::Advise,
            "no users are sent to it until it is well; its quota to 0 takes effect within seconds",
        )
        .guard("it is not the prime member", None)
        .guard("another member is well by our own launches", scene.others_launch())
        .effect("redirects go to the other members"),
    );
    out
}
