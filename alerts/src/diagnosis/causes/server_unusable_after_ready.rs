//! Servers are announced as ready, and then cannot be used.

use super::super::remedies::roll_back;
use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

pub(super) const CAUSE: Cause = Cause {
    label: "server-unusable-after-ready",
    title: "servers are announced as ready, but nobody can use them",
    runbook: include_str!("../runbooks/server-unusable-after-ready.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "the Hub starts servers as it should; what comes after is broken"),
        (Action::DeleteUserPods, "the next servers are as unusable as these"),
        (Action::DrainNode, "it is no matter of one node"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let unusable = scene.mostly_because(&["server_unusable", "kernel_failed", "wrong_output"]);
    let refused = scene.share_said(&["403", "404", "503", "forbidden"]).0;
    let (unusable, refused) = match unusable {
        Some((such, of)) => (Some((such, of)), refused),
        None => (None, 0),
    };
    Case::new()
        .sign(
            0.75,
            unusable
                .map(|(such, of)| format!("{such} of {of} test launches became ready and could not be used")),
        )
        .sign(
            0.3,
            (refused > 0)
                .then(|| format!("{refused} test servers refused their own token or were not found")),
        )
        .sign(0.2, unusable.and(scene.hub_fast()))
        .counter(
            0.6,
            scene
                .worst_node()
                .filter(|(.., elsewhere)| *elsewhere > 0)
                .map(|(node, bad, _)| format!("only on {node} ({bad} launches): elsewhere servers work")),
        )
        .counter(
            0.6,
            scene.when("component_proxy_crashlooping", 1.0, |_| "the proxy crashes again and again".into()),
        )
        .ask("open a server by hand with the token of a launch, and read the status and body of the answer")
}

fn remedy(scene: &Scene<'_>) -> Vec<Proposal> {
    let mut out = Vec::new();
    if scene.deployed().is_some() {
        out.push(roll_back(scene, "it began with a deployment"));
    } else {
        out.push(
            roll_back(
                scene,
                "what makes a server unusable comes with a version; go back to the last one that worked",
            )
            .guard("something was deployed before it began", None),
        );
    }
    out.push(Proposal::new(
        Action::CodeFix,
        Mode::Advise,
        "nothing in the cluster can be restarted to help: versions of Hub, image and proxy settings must fit",
    ));
    out
}
