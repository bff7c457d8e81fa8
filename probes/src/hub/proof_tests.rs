//! Each row of the table of proofs is reached by a line as it is met in the wild.

use super::*;

/// (line, reason, whose, the row it must hit)
const MET: &[(&str, Reason, Whose, &str)] = &[
    (
        "Spawn failed: (403) Reason: Forbidden HTTP response body: exceeded quota: user-pods, used: pods=300",
        Reason::ResourceQuota,
        Whose::Target,
        "exceeded quota",
    ),
    ("2026-01-01 [Warning] FailedScheduling", Reason::NoCapacity, Whose::Target, "failedscheduling"),
    (
        "[Warning] 0/9 nodes are available: 9 too many pods",
        Reason::NoCapacity,
        Whose::Target,
        "nodes are available",
    ),
    ("[Warning] Insufficient cpu", Reason::NoCapacity, Whose::Target, "insufficient cpu"),
    ("[Warning] 3 Insufficient memory.", Reason::NoCapacity, Whose::Target, "insufficient memory"),
    ("[Warning] 3 Insufficient pods.", Reason::NoCapacity, Whose::Target, "insufficient pods"),
    (
        "[Warning] Failed to schedule pod, no pool fits",
        Reason::NoCapacity,
        Whose::Target,
        "failed to schedule pod",
    ),
    ("[Warning] Evicted: the node was low on resource", Reason::NoCapacity, Whose::Target, "evicted"),
    ("[Warning] Error: ErrImagePull", Reason::PushFailed, Whose::Target, "errimagepull"),
    ("[Warning] Error: ImagePullBackOff", Reason::PushFailed, Whose::Target, "imagepullbackoff"),
    (
        "[Warning] Failed to pull image \"r/x:1\": not found",
        Reason::PushFailed,
        Whose::Target,
        "failed to pull image",
    ),
    (
        "[Normal] Back-off pulling image \"r/x:1\"",
        Reason::PushFailed,
        Whose::Target,
        "back-off pulling image",
    ),
    ("Spawn failed: ", Reason::SpawnFailed, Whose::Target, "spawn failed"),
    ("Spawn cancelled", Reason::SpawnFailed, Whose::Target, "spawn cancelled"),
    (
        "pod prod/jupyter-x did not start in 300 seconds!",
        Reason::SpawnFailed,
        Whose::Target,
        "did not start in",
    ),
    (
        "Server at http://10.0.0.9:8888/user/x/api didn't respond in 30 seconds",
        Reason::SpawnFailed,
        Whose::Target,
        "didn't respond in",
    ),
    (
        "Image r/x:1 for user x-1 took too long to launch",
        Reason::SpawnFailed,
        Whose::Target,
        "took too long to launch",
    ),
    ("Image r/x:1 for user x-1 failed to launch", Reason::SpawnFailed, Whose::Target, "failed to launch"),
    ("Failed to launch image r/x:1", Reason::SpawnFailed, Whose::Target, "failed to launch"),
    (
        "Failed to create temporary user for r/x:1",
        Reason::HubUnavailable,
        Whose::Target,
        "failed to create temporary user",
    ),
    (
        "Too many users on this BinderHub! Try again soon.",
        Reason::Quota,
        Whose::Policy,
        "too many users on this",
    ),
    (
        "Too many users running https://git.example.org/a/b!",
        Reason::Quota,
        Whose::Policy,
        "too many users running",
    ),
    (
        "Error resolving ref for gh:a/b/HEAD: GitHub rate limit exceeded. Try again in 60 minutes.",
        Reason::Dependency,
        Whose::Elsewhere,
        "github rate limit",
    ),
    (
        "Rate limit exceeded. Try again in 3600 seconds.",
        Reason::RateLimited,
        Whose::Policy,
        "rate limit exceeded",
    ),
    (
        "Sorry, a/b/HEAD is not allowed to launch. Please contact admins for more info!",
        Reason::Banned,
        Whose::Policy,
        "is not allowed to launch",
    ),
    ("Requests from that-cloud are not allowed", Reason::Banned, Whose::Policy, "are not allowed"),
    (
        "Could not resolve ref for gh:a/b/HEAD. Double check your URL",
        Reason::NotFound,
        Whose::Ours,
        "could not resolve ref",
    ),
    ("No provider found for prefix zz", Reason::NotFound, Whose::Ours, "no provider found"),
    ("Spec is not of the form \"user/repo/ref\"", Reason::NotFound, Whose::Ours, "spec is not of the form"),
    (
        "Error resolving ref for gh:a/b/HEAD: HTTP 500: Internal Server Error",
        Reason::Dependency,
        Whose::Elsewhere,
        "error resolving ref",
    ),
    (
        "Unable to run git ls-remote to get the `resolved_ref`: no",
        Reason::Dependency,
        Whose::Elsewhere,
        "unable to run git ls-remote",
    ),
    ("Invalid build token", Reason::ProbeAuth, Whose::Ours, "invalid build token"),
    ("User probe already has a running server.", Reason::Prober, Whose::Ours, "already has a running server"),
    ("User x already has the maximum of 2 named servers.", Reason::Quota, Whose::Policy, "maximum of"),
    ("Missing Accept header: text/event-stream", Reason::Prober, Whose::Ours, "missing accept header"),
    ("Method Not Allowed", Reason::Prober, Whose::Ours, "method not allowed"),
    (
        "Building but not launching is not permitted",
        Reason::Prober,
        Whose::Ours,
        "building but not launching",
    ),
    (
        "Unhandled error watching for build events. Please try again.",
        Reason::BuildFailed,
        Whose::Target,
        "unhandled error watching for build",
    ),
    ("Internal Server Error", Reason::HubUnavailable, Whose::Target, "internal server error"),
    ("Forbidden", Reason::ProbeAuth, Whose::Ours, "forbidden"),
];

#[test]
fn each_line_hits_its_row() {
    for (line, reason, whose, text) in MET {
        let proof = prove(line).unwrap_or_else(|| panic!("nothing proves {line}"));
        assert_eq!((proof.reason, proof.whose, proof.text), (*reason, *whose, *text), "{line}");
    }
}

#[test]
fn no_row_is_without_a_line() {
    for row in ROWS {
        assert!(MET.iter().any(|(_, _, _, text)| *text == row.text), "nothing tests `{}`", row.text);
    }
}

#[test]
fn good_lines_prove_nothing() {
    for line in [
        "Launching server...",
        "Server requested",
        "2026-01-01T10:00:00Z [Normal] Successfully assigned prod/jupyter-x to node-7",
        "[Normal] Container image \"r/x:1\" already present on machine",
        "[Normal] Pulling image \"r/x:1\"",
        "Server ready at /user/x/",
        "Server launch is taking longer than expected…",
    ] {
        assert_eq!(prove(line), None, "{line}");
    }
}
