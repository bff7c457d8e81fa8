//! For every cause a scene with its own signs.

use super::stage::{Stage, stage};
use crate::Health;

const SILENT: &str = "Launching server...";
const STARTED: &str = "[Normal] Started container notebook";

/// A node that fails three times while others work.
fn one_node(said: &str) -> Stage {
    let scene = (0..3).fold(stage().cluster(&[("nodes", 6.0), ("nodes_schedulable", 6.0)]), |s, n| {
        s.launch(90 + 120 * n, Health::Bad, ("spawn_failed", "launch", said), "node-a")
    });
    (0..3).fold(scene, |s, n| s.launch(30 + 120 * n, Health::Good, ("", "", ""), "node-b"))
}

fn quiet() -> Stage {
    stage()
        .hub(0.03)
        .binder_well()
        .drift(&[("drift_stuck", 0.0), ("drift_orphans", 0.0), ("drift_orphans_ratio", 0.0)])
        .cluster(&[("nodes", 6.0), ("nodes_schedulable", 6.0), ("waiting_for_room", 0.0)])
}

pub(super) fn overloaded_binder() -> Stage {
    let cpu = |s: Stage, t| {
        s.cluster_ago(t, &[("component_binder_cpu_cores", 1.0), ("build_pods_running", 1.0)], &[])
    };
    let scene = (0..10).rev().fold(stage(), |s, n| cpu(s, 10 + 30 * n));
    scene.hub(0.03).bad("binderhub-health", "timeout", None).fail(3, "timeout", "first_byte", "").seen(
        "metrics",
        30,
        &[("inprogress_builds", 280.0)],
        &[],
    )
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn rows() -> Vec<(&'static str, Stage)> {
    vec![
        (
            "hub-pod-reflector-stale",
            quiet().fail(3, "unseen", "launch", STARTED).drift(&[("drift_stuck", 8.0)]),
        ),
        ("hub-pod-reflector-stale", quiet().drift(&[("drift_stuck", 4.0), ("drift_ghosts", 12.0)])),
        (
            "server-unusable-after-ready",
            quiet().worked(600).fail(4, "server_unusable", "server", "GET api/status answered 403 Forbidden"),
        ),
        (
            "regression-after-deploy",
            stage()
                .seen("binderhub-health", 3000, &[], &[("binderhub", "0.1")])
                .seen("binderhub-health", 700, &[], &[("binderhub", "0.2")])
                .seen("binderhub-health", 20, &[], &[("binderhub", "0.2")])
                .fail(4, "spawn_failed", "launch", "Internal Server Error"),
        ),
        (
            "orphan-pods",
            quiet().drift(&[("drift_orphans", 60.0), ("drift_orphans_ratio", 0.35), ("drift_stuck", 0.0)]),
        ),
        (
            "cluster-full",
            quiet()
                .fail(3, "no_capacity", "launch", "0/12 nodes are available: insufficient memory")
                .cluster(&[
                    ("waiting_for_room", 40.0),
                    ("nodes_at_limit", 1.0),
                    ("nodes", 12.0),
                    ("node_limit", 12.0),
                ])
                .drift(&[("drift_orphans", 90.0), ("drift_orphans_ratio", 0.4), ("drift_stuck", 0.0)]),
        ),
        (
            "traffic-surge",
            quiet().cluster_ago(2400, &[("user_pods", 100.0)], &[]).cluster_ago(
                15,
                &[("user_pods", 190.0), ("user_pods_top_repo", 110.0), ("user_pods_top_repo_ratio", 0.58)],
                &[],
            ),
        ),
        (
            "proxy-crashloop",
            stage()
                .hub_dead("http_status")
                .bad("binderhub-health", "unhealthy", Some(("check_jupyterhub_api_ok", 0.0)))
                .cluster_ago(1500, &[("events_oom", 1.0)], &[])
                .cluster(&[
                    ("component_proxy_crashlooping", 1.0),
                    ("component_ingress_ready", 0.0),
                    ("component_ingress_crashlooping", 1.0),
                    ("components_crashlooping", 2.0),
                ])
                .fail(3, "hub_unavailable", "launch", "Launch attempt 1 failed, retrying..."),
        ),
        ("node-oom", quiet().cluster(&[("events_oom", 3.0), ("nodes_memory_pressure", 1.0)])),
        (
            "deploy-failed-no-user-impact",
            quiet().worked(60).seen(
                "ci",
                60,
                &[],
                &[("deploy_result", "failed"), ("deploy_target", "staging")],
            ),
        ),
        (
            "build-upstream-packages-missing",
            quiet()
                .worked(60)
                .build(1900, ("build_failed", "build", "E: Unable to locate package zesty"))
                .build(100, ("build_failed", "build", "Err 404 Not Found"))
                .logs(&[("log_build_missing", 12.0)]),
        ),
        (
            "node-network-broken",
            one_node("Server didn't respond in 30 seconds").logs(&[("log_hub_unreachable", 4.0)]),
        ),
        (
            "culler-stalled",
            quiet()
                .cluster(&[("user_pods_overdue", 40.0), ("user_pods_oldest_seconds", 50_000.0)])
                .logs(&[("log_culler_errors", 4.0)]),
        ),
        ("tls-expiring", quiet().seen("tls", 60, &[("certificate_left_seconds", 400_000.0)], &[])),
        ("launch-hang-unknown", quiet().fail(3, "unseen", "launch", SILENT).drift(&[("drift_stuck", 9.0)])),
        (
            "binder-hub-connection-stuck",
            stage()
                .hub(0.02)
                .bad("binderhub-health", "unhealthy", Some(("check_jupyterhub_api_ok", 0.0)))
                .fail(3, "hub_unavailable", "launch", "Failed to create temporary user")
                .cluster(&[("component_proxy_ready", 1.0), ("component_hub_age_seconds", 90_000.0)]),
        ),
        (
            "hub-overloaded",
            stage()
                .hub(7.0)
                .binder_well()
                .cluster(&[("component_hub_cpu_cores", 0.98), ("waiting_for_room", 0.0)])
                .logs(&[("log_hub_loop", 9.0)])
                .fail(3, "timeout", "launch", "Server requested"),
        ),
        ("hub-unreachable", stage().hub_dead("connect").fail(3, "hub_unavailable", "launch", "")),
        (
            "hub-volume-stuck",
            stage().hub_dead("connect").fail(3, "hub_unavailable", "launch", "").cluster_ago(
                20,
                &[
                    ("events_volume", 3.0),
                    ("component_hub_ready", 0.0),
                    ("component_hub_unavailable_seconds", 400.0),
                ],
                &[("events_volume_on", "pod/hub-7d")],
            ),
        ),
        (
            "ingress-down",
            stage()
                .hub_dead("connect")
                .bad("binderhub-health", "connect", None)
                .bad("http", "connect", None)
                .fail(3, "connect", "connect", "")
                .cluster(&[
                    ("component_ingress_ready", 0.0),
                    ("component_ingress_pods", 2.0),
                    ("component_ingress_on_cordoned", 0.0),
                    ("component_ingress_unavailable_seconds", 90.0),
                    ("component_hub_ready", 1.0),
                    ("component_binder_ready", 1.0),
                ]),
        ),
        (
            "ingress-cordoned",
            stage()
                .hub_dead("timeout")
                .bad("binderhub-health", "timeout", None)
                .bad("http", "timeout", None)
                .cluster_ago(900, &[("nodes_cordoned", 0.0)], &[])
                .cluster(&[
                    ("component_ingress_ready", 2.0),
                    ("component_ingress_pods", 2.0),
                    ("component_ingress_on_cordoned", 2.0),
                    ("nodes_cordoned", 3.0),
                ]),
        ),
        (
            "node-lost",
            stage().hub_dead("timeout").cluster(&[
                ("nodes_not_ready_long", 1.0),
                ("user_pods_unknown", 14.0),
                ("component_hub_unavailable_seconds", 200.0),
            ]),
        ),
        (
            "node-disk-full",
            stage()
                .hub_dead("http_status")
                .bad("binderhub-health", "unhealthy", Some(("check_jupyterhub_api_ok", 0.0)))
                .fail(3, "hub_unavailable", "launch", "")
                .cluster(&[
                    ("nodes_disk_pressure", 1.0),
                    ("events_disk_full", 80.0),
                    ("nodes_not_ready_long", 1.0),
                ]),
        ),
        (
            "node-filesystem-readonly",
            one_node("mkdir: Read-only file system").cluster(&[("nodes_readonly", 1.0)]),
        ),
        (
            "node-addresses-missing",
            quiet().cluster(&[("nodes_without_address", 1.0)]).logs(&[("logs_readable", 0.0)]),
        ),
        ("log-stream-broken", quiet().worked(60).logs(&[("logs_readable", 0.0)]).alert("log-stream-broken")),
        ("binder-overloaded", overloaded_binder()),
        (
            "hot-repo-build",
            quiet()
                .cluster(&[
                    ("build_pods_running", 1.0),
                    ("build_pods_repos", 1.0),
                    ("build_pods_oldest_seconds", 2000.0),
                ])
                .seen("metrics", 30, &[("inprogress_builds", 140.0)], &[]),
        ),
        (
            "build-queue-starved",
            quiet().worked(60).build(700, ("timeout", "build", "Waiting for build to start...")).cluster(&[
                ("build_pods_pending", 9.0),
                ("build_pods_running", 20.0),
                ("build_pods_repos", 20.0),
            ]),
        ),
        (
            "federation-prime-version-stale",
            stage().seen(
                "federation",
                30,
                &[
                    ("members", 3.0),
                    ("members_healthy", 3.0),
                    ("members_active", 1.0),
                    ("members_missing", 2.0),
                    ("prime_stale", 1.0),
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
                    ("members_healthy", 2.0),
                    ("members_active", 2.0),
                    ("members_missing", 0.0),
                    ("prime_stale", 0.0),
                ],
                &[],
            ),
        ),
        ("namespace-quota-exceeded", quota(12.0)),
        (
            "quota-object-corrupt",
            quiet().cluster(&[
                ("quota_pods_used", 950.0),
                ("quota_pods_hard", 1000.0),
                ("quota_pods_used_ratio", 0.95),
                ("user_pods", 20.0),
            ]),
        ),
    ]
}

pub(super) fn quota(pods: f64) -> Stage {
    quiet()
        .fail(
            3,
            "resource_quota",
            "launch",
            "Spawn failed: (403) Forbidden: exceeded quota: gke-resource-quotas",
        )
        .cluster(&[
            ("quota_pods_used", 15_000.0),
            ("quota_pods_hard", 15_000.0),
            ("quota_pods_used_ratio", 1.0),
            ("quota_blocked", 1.0),
            ("user_pods", pods),
            ("nodes_not_ready_long", 0.0),
        ])
        .elsewhere(Health::Good)
}
