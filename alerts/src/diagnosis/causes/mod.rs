//! THE REGISTRY of causes: one file and one line each, and a runbook of the same name.

use super::Cause;

/// Makes a module and a row of [`CAUSES`] of each entry.
macro_rules! registry {
    ($($module:ident,)*) => {
        $(mod $module;)*
        /// Every cause that can be named. Of causes that are as likely, the first here is told first.
        pub const CAUSES: &[Cause] = &[$($module::CAUSE,)*];
    };
}

registry! {
    namespace_quota_exceeded,
    quota_object_corrupt,
    ingress_cordoned,
    ingress_down,
    proxy_crashloop,
    node_oom,
    hub_pod_reflector_stale,
    cluster_full,
    orphan_pods,
    traffic_surge,
    node_disk_full,
    node_filesystem_readonly,
    node_lost,
    hub_volume_stuck,
    node_network_broken,
    node_addresses_missing,
    log_stream_broken,
    binder_overloaded,
    hot_repo_build,
    build_upstream_packages_missing,
    build_queue_starved,
    server_unusable_after_ready,
    regression_after_deploy,
    launch_hang_unknown,
    binder_hub_connection_stuck,
    hub_overloaded,
    culler_stalled,
    federation_prime_version_stale,
    federation_member_unhealthy,
    tls_expiring,
    deploy_failed_no_user_impact,
    hub_unreachable,
}
