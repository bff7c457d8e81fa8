//! THE REGISTRY: one file and one line a kind.

use crate::Kind;

/// Makes a module and a row of [`KINDS`] of each entry.
macro_rules! registry {
    ($($module:ident,)*) => {
        $(mod $module;)*
        /// Every probe kind, in the order of the reference.
        pub const KINDS: &[Kind] = &[$($module::KIND,)*];
    };
}

registry! {
    binder_launch,
    jupyterhub_launch,
    binderhub_health,
    jupyterhub_servers,
    hub_drift,
    kubernetes,
    kubernetes_logs,
    federation,
    metrics,
    prometheus,
    http,
    tls,
    dns,
    tcp,
    heartbeat,
    alertmanager,
}

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.name == name)
}
