//! The texts that prove something: what they mean, and whose matter it is.

use crate::{Reason, Verdict};

/// Whose matter a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The target is at fault: counts as failed.
    Target,
    /// A policy of the target refused us.
    Policy,
    /// Something the target depends on.
    Elsewhere,
    /// Our settings or credentials.
    Ours,
}

/// How much a line proves while the launch goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Only when nothing better follows: a cluster says at once that it is full, and then grows.
    Warning,
    /// The launch counts as failing from now on, unless a server comes after all.
    Proof,
    /// Waiting does not heal it: the run ends here.
    Final,
}

/// One row: a text (lower case, contained in the line) and what it proves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    text: &'static str,
    pub(crate) reason: Reason,
    pub(crate) whose: Whose,
    pub(crate) weight: Weight,
}

impl Proof {
    /// The verdict that follows.
    pub(crate) fn verdict(&self) -> Verdict {
        if self.whose == Whose::Target { Verdict::Failed } else { Verdict::Unknown }
    }
}

/// The first row that the line holds. Only for lines of a launch and for final messages: a build log may say anything.
pub(crate) fn prove(line: &str) -> Option<&'static Proof> {
    let line = line.to_lowercase();
    ROWS.iter().find(|row| line.contains(row.text))
}

const fn row(text: &'static str, reason: Reason, whose: Whose) -> Proof {
    Proof { text, reason, whose, weight: Weight::Proof }
}

/// There is no room at present.
const fn no_room(text: &'static str) -> Proof {
    Proof { text, reason: Reason::NoCapacity, whose: Whose::Target, weight: Weight::Warning }
}

/// In order: the particular before the general.
const ROWS: &[Proof] = &[
    // Nobody may have one more pod, however long one waits.
    Proof {
        text: "exceeded quota",
        reason: Reason::ResourceQuota,
        whose: Whose::Target,
        weight: Weight::Final,
    },
    row("evicted", Reason::NoCapacity, Whose::Target),
    // No room. Scheduling warnings come while a cluster still grows: they prove nothing if a server comes after all.
    no_room("failedscheduling"),
    no_room("nodes are available"),
    no_room("insufficient cpu"),
    no_room("insufficient memory"),
    no_room("insufficient pods"),
    no_room("failed to schedule pod"),
    // The image cannot be had.
    row("errimagepull", Reason::PushFailed, Whose::Target),
    row("imagepullbackoff", Reason::PushFailed, Whose::Target),
    row("failed to pull image", Reason::PushFailed, Whose::Target),
    row("back-off pulling image", Reason::PushFailed, Whose::Target),
    // The Hub gave up on a server.
    row("spawn failed", Reason::SpawnFailed, Whose::Target),
    row("spawn cancelled", Reason::SpawnFailed, Whose::Target),
    row("did not start in", Reason::SpawnFailed, Whose::Target),
    row("didn't respond in", Reason::SpawnFailed, Whose::Target),
    row("took too long to launch", Reason::SpawnFailed, Whose::Target),
    row("failed to launch", Reason::SpawnFailed, Whose::Target),
    // The Hub itself.
    row("failed to create temporary user", Reason::HubUnavailable, Whose::Target),
    // Policies.
    row("too many users on this", Reason::Quota, Whose::Policy),
    row("too many users running", Reason::Quota, Whose::Policy),
    row("github rate limit", Reason::Dependency, Whose::Elsewhere),
    row("rate limit exceeded", Reason::RateLimited, Whose::Policy),
    row("is not allowed to launch", Reason::Banned, Whose::Policy),
    row("are not allowed", Reason::Banned, Whose::Policy),
    // What we asked for.
    row("could not resolve ref", Reason::NotFound, Whose::Ours),
    row("no provider found", Reason::NotFound, Whose::Ours),
    row("spec is not of the form", Reason::NotFound, Whose::Ours),
    row("error resolving ref", Reason::Dependency, Whose::Elsewhere),
    row("unable to run git ls-remote", Reason::Dependency, Whose::Elsewhere),
    row("invalid build token", Reason::ProbeAuth, Whose::Ours),
    row("already has a running server", Reason::Prober, Whose::Ours),
    row("maximum of", Reason::Quota, Whose::Policy),
    row("missing accept header", Reason::Prober, Whose::Ours),
    row("method not allowed", Reason::Prober, Whose::Ours),
    row("building but not launching", Reason::Prober, Whose::Ours),
    // The build.
    row("unhandled error watching for build", Reason::BuildFailed, Whose::Target),
    row("internal server error", Reason::HubUnavailable, Whose::Target),
    // Last: quota refusals of Kubernetes say "Forbidden" as well.
    row("forbidden", Reason::ProbeAuth, Whose::Ours),
];

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
