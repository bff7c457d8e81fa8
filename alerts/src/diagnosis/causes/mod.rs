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
    hub_pod_reflector_stale,
}
