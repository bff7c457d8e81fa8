//! For every cause a scene that looks like it and is not: there it is not named.

use super::stage::{Stage, ago, look, stage};
use super::*;
use crate::Health;

fn named(scene: &Stage, label: &str) -> bool {
    scene.diagnose().iter().any(|d| d.label == label)
}

fn full() -> Stage {
    stage()
        .hub(0.03)
        .binder_well()
        .fail(3, "no_capacity", "launch", "0/9 nodes are available")
        .cluster(&[("waiting_for_room", 30.0), ("nodes_at_limit", 1.0), ("user_pods", 400.0)])
        .drift(&[("drift_stuck", 0.0), ("drift_orphans", 2.0), ("drift_orphans_ratio", 0.01)])
}

fn stale() -> Stage {
    stage()
        .hub(0.03)
        .binder_well()
        .fail(4, "unseen", "launch", "[Normal] Started container notebook")
        .drift(&[
            ("drift_stuck", 9.0),
            ("drift_orphans", 300.0),
            ("drift_orphans_ratio", 0.6),
            ("drift_ghosts", 20.0),
        ])
        .cluster(&[("waiting_for_room", 30.0), ("nodes_at_limit", 1.0)])
}

fn hanging() -> Stage {
    stage()
        .hub(0.03)
        .binder_well()
        .fail(4, "stalled", "launch", "Launching server...")
        .drift(&[("drift_stuck", 6.0)])
}

fn proxy() -> Stage {
    stage()
        .hub_dead("http_status")
        .bad("binderhub-health", "unhealthy", Some(("check_jupyterhub_api_ok", 0.0)))
        .fail(3, "hub_unavailable", "launch", "Launching server...")
        .cluster(&[("component_proxy_crashlooping", 1.0), ("component_proxy_unavailable_seconds", 90.0)])
}

fn builds_fail() -> Stage {
    stage().hub(0.03).worked(60).build(100, ("build_failed", "build", "a line of somebody's own build"))
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<(&'static str, Stage)> {
    vec![
        ("hub-pod-reflector-stale", full().logs(&[("log_hub_start_timeout", 20.0)])),
        ("hub-pod-reflector-stale", hanging().logs(&[("log_binder_too_long", 3.0)])),
        // All pods deleted by hand: servers without pods for a while, and a log full of time-outs.
        (
            "hub-pod-reflector-stale",
            stage()
                .hub(0.03)
                .drift(&[("drift_ghosts", 290.0), ("drift_stuck", 0.0)])
                .logs(&[("log_hub_start_timeout", 20.0)]),
        ),
        ("orphan-pods", stage().drift(&[("drift_orphans", 4.0), ("drift_orphans_ratio", 0.2)])),
        (
            "orphan-pods",
            stage().drift(&[("drift_orphans", 90.0), ("drift_orphans_ratio", 1.0), ("drift_matched", 0.0)]),
        ),
        ("orphan-pods", stale()),
        ("cluster-full", stale()),
        (
            "cluster-full",
            stage().cluster(&[
                ("user_pods_unscheduled", 6.0),
                ("waiting_for_room", 0.0),
                ("nodes_at_limit", 0.0),
                ("events_failed_scheduling", 9.0),
            ]),
        ),
        (
            "traffic-surge",
            stale().cluster_ago(2000, &[("user_pods", 100.0)], &[]).cluster_ago(
                10,
                &[("user_pods", 500.0)],
                &[],
            ),
        ),
        ("server-unusable-after-ready", proxy()),
        ("regression-after-deploy", full().seen("binderhub-health", 900, &[], &[("binderhub", "0.1")])),
        (
            "regression-after-deploy",
            stage().worked(60).seen("binderhub-health", 900, &[], &[("binderhub", "1")]).seen(
                "binderhub-health",
                60,
                &[],
                &[("binderhub", "2")],
            ),
        ),
        (
            "proxy-crashloop",
            stage().hub_dead("connect").cluster(&[
                ("component_proxy_ready", 1.0),
                ("component_proxy_restarts", 9.0),
                ("component_proxy_crashlooping", 0.0),
            ]),
        ),
        // User pods reach their own limit every day.
        ("node-oom", stage().cluster(&[("events_oom", 4.0), ("components_crashlooping", 0.0)])),
        (
            "deploy-failed-no-user-impact",
            stage().fail(1, "spawn_failed", "launch", "").seen("ci", 60, &[], &[("deploy_result", "failed")]),
        ),
        ("deploy-failed-no-user-impact", stage().worked(60)),
        ("build-upstream-packages-missing", builds_fail()),
        ("build-queue-starved", builds_fail().alert("build-backlog")),
        (
            "hot-repo-build",
            stage().cluster(&[("build_pods_running", 20.0), ("build_pods_repos", 20.0)]).seen(
                "metrics",
                30,
                &[("inprogress_builds", 40.0)],
                &[],
            ),
        ),
        ("node-network-broken", full()),
        (
            "culler-stalled",
            stage()
                .cluster(&[("user_pods_overdue", 40.0)])
                .drift(&[("drift_orphans", 60.0), ("drift_orphans_ratio", 0.2)]),
        ),
        ("tls-expiring", stage().seen("tls", 60, &[("certificate_left_seconds", 2_500_000.0)], &[])),
        ("launch-hang-unknown", proxy()),
        ("launch-hang-unknown", hanging().bad("binderhub-health", "timeout", None)),
        ("binder-hub-connection-stuck", proxy()),
        ("binder-hub-connection-stuck", proxy().hub(0.02)),
        (
            "hub-overloaded",
            full().seen(
                "jupyterhub-servers",
                10,
                &[("pending_spawn", 64.0), ("hub_latency_seconds", 0.03)],
                &[],
            ),
        ),
        ("hub-unreachable", proxy()),
        ("hub-unreachable", stage().hub(0.05).fail(3, "hub_unavailable", "launch", "")),
        (
            "hub-volume-stuck",
            stage().cluster(&[
                ("events_volume", 4.0),
                ("component_hub_ready", 1.0),
                ("component_hub_unavailable_seconds", 0.0),
            ]),
        ),
        (
            "ingress-down",
            stage()
                .hub(0.03)
                .bad("binderhub-health", "timeout", None)
                .cluster(&[("component_ingress_ready", 1.0)]),
        ),
        (
            "ingress-cordoned",
            stage().bad("http", "connect", None).cluster(&[
                ("component_ingress_pods", 2.0),
                ("component_ingress_on_cordoned", 1.0),
                ("nodes_cordoned", 1.0),
            ]),
        ),
        (
            "node-lost",
            stage().cluster(&[("nodes", 5.0), ("nodes_ready", 4.0), ("nodes_not_ready_long", 0.0)]),
        ),
        ("node-disk-full", stage().cluster(&[("events_disk_full", 1.0), ("nodes_disk_pressure", 0.0)])),
        (
            "node-filesystem-readonly",
            stage().cluster(&[("nodes_readonly", 0.0)]).fail(3, "spawn_failed", "launch", "did not start"),
        ),
        (
            "node-addresses-missing",
            stage().cluster(&[("nodes_without_address", 0.0)]).logs(&[("logs_readable", 0.0)]),
        ),
        (
            "log-stream-broken",
            stage().logs(&[("logs_readable", 1.0)]).build(100, ("build_failed", "build", "unhandled")),
        ),
        (
            "binder-overloaded",
            stage()
                .hub_dead("timeout")
                .bad("binderhub-health", "timeout", None)
                .cluster(&[("component_ingress_ready", 0.0)]),
        ),
        (
            "federation-prime-version-stale",
            stage().seen(
                "federation",
                30,
                &[
                    ("members", 3.0),
                    ("versions_distinct", 2.0),
                    ("versions_apart_seconds", 600.0),
                    ("prime_stale", 0.0),
                ],
                &[],
            ),
        ),
        (
            "federation-member-unhealthy",
            stage().seen(
                "federation",
                30,
                &[
                    ("members", 3.0),
                    ("members_healthy", 3.0),
                    ("members_active", 2.0),
                    ("members_missing", 0.0),
                ],
                &[],
            ),
        ),
        (
            "namespace-quota-exceeded",
            full().cluster_ago(10, &[("quota_pods_used_ratio", 0.96), ("quota_blocked", 0.0)], &[]),
        ),
        (
            "quota-object-corrupt",
            stage().cluster(&[
                ("quota_pods_used", 200.0),
                ("quota_pods_used_ratio", 0.98),
                ("user_pods", 180.0),
            ]),
        ),
    ]
}

#[test]
fn no_cause_is_named_for_what_only_looks_like_it() {
    let mut missing: BTreeSet<_> = CAUSES.iter().map(|c| c.label).collect();
    for (label, scene) in rows() {
        let found: Vec<_> =
            scene.diagnose().into_iter().map(|d| (d.label, d.confidence, d.evidence)).collect();
        assert!(!named(&scene, label), "{label}: {found:#?}");
        missing.remove(label);
    }
    assert!(missing.is_empty(), "no look-alike of {missing:?}");
}

#[test]
fn a_gap_in_what_is_seen_names_nothing() {
    assert_eq!(stage().diagnose(), []);
    // The last look at the cluster is an hour old, or could not read anything.
    let old = stage().cluster_ago(
        3600,
        &[("waiting_for_room", 30.0), ("nodes_at_limit", 1.0), ("nodes_disk_pressure", 2.0)],
        &[],
    );
    assert_eq!(old.diagnose(), []);
    let mut empty = look(ago(20), Health::Unknown);
    empty.reason = Some("half_answer".into());
    assert_eq!(
        stage().cluster_ago(60, &[("nodes_disk_pressure", 1.0)], &[]).cluster_ago(20, &[], &[]).diagnose(),
        []
    );
}
