//! What BinderHub, JupyterHub, KubeSpawner, the proxy and builds write when something is wrong.

use std::collections::BTreeMap;

use super::PatternSpec;

/// The components of the charts, and the usual ingresses.
pub(super) fn sources() -> BTreeMap<String, String> {
    [
        ("hub", "component in (hub, culler)"),
        ("binder", "app=binder,component=binder"),
        ("proxy", "component=proxy"),
        ("ingress", "app.kubernetes.io/name in (traefik, ingress-nginx)"),
        ("build", "component=binderhub-build"),
    ]
    .map(|(name, selector)| (name.to_owned(), selector.to_owned()))
    .into()
}

const PATTERNS: [(&str, &str, &[&str]); 18] = [
    (
        "hub_reflector",
        "hub",
        &[
            "Error when watching pods",
            "Error when watching resources",
            "never recovered, giving up",
            "reflector failed, halting Hub",
            "Reflector with key * fail",
            "never showed up in reflector",
            "did not disappear, restarting pod reflector",
            "Initial list of * failed",
            "An error occurred when calling Kubernetes API",
            "after connection broken by * /api/v1/",
        ],
    ),
    ("hub_start_timeout", "hub", &["did not start in * seconds", "failed to start in * seconds, giving up"]),
    ("hub_stop_timeout", "hub", &["did not disappear in * seconds"]),
    ("hub_no_pod", "hub", &["No pod * to delete"]),
    ("hub_quota", "hub", &["exceeded quota"]),
    ("hub_unreachable", "hub", &["never showed up at", "didn't respond in"]),
    ("hub_consecutive", "hub", &["consecutive spawns failed", "consecutive spawn failures"]),
    ("hub_loop", "hub", &["Event loop was unresponsive"]),
    ("hub_proxy", "hub", &["Failed to add * to proxy"]),
    ("hub_stopping", "hub", &["400 DELETE", "in the process of stopping"]),
    ("binder_no_user", "binder", &["Error creating user", "No such user"]),
    ("binder_too_long", "binder", &["took too long to launch"]),
    (
        "binder_registry",
        "binder",
        &["HTTP 599", "Failed to get image manifest", "rror*registry", "egistry*rror", "registry*refused"],
    ),
    ("binder_retry", "binder", &["Retrying launch of"]),
    // The culler mostly runs beside the Hub and writes to the same log.
    ("culler_errors", "hub", &["cull*rror", "cull*Traceback", "rror*cull", "cull*Failed", "cull*imed out"]),
    ("proxy_errors", "proxy", &["error:", "ECONNREFUSED", "EMFILE", "uncaughtException"]),
    ("ingress_errors", "ingress", &["level=error", "\"level\":\"error\"", "[error]", "[crit]", " ERR "]),
    ("build_missing", "build", &["404  Not Found", "Unable to locate package", "Ign:", "Ign "]),
];

/// The patterns.
pub(super) fn patterns() -> BTreeMap<String, PatternSpec> {
    let spec = |from: &str, lines: &[&str]| PatternSpec {
        from: from.to_owned(),
        lines: lines.iter().map(|l| (*l).to_owned()).collect(),
    };
    PATTERNS.iter().map(|(name, from, lines)| ((*name).to_owned(), spec(from, lines))).collect()
}
