//! THE REGISTRY: one file and one line a channel.

use crate::channel::Kind;

/// Makes a module and a row of [`CHANNELS`] of each entry.
macro_rules! registry {
    ($($module:ident,)*) => {
        $(mod $module;)*
        /// Every channel, in the order of the reference.
        pub const CHANNELS: &[Kind] = &[$($module::KIND,)*];
    };
}

registry! {
    slack,
    email,
    matrix,
    gitter,
    zulip,
    mattermost,
    discord,
    teams,
    google_chat,
    telegram,
    ntfy,
    webhook,
    pagerduty,
    opsgenie,
    incident_io,
    alertmanager,
    github,
    command,
}

pub use email::{Mail, Relay};

/// The channel of this name.
pub fn channel(name: &str) -> Option<&'static Kind> {
    CHANNELS.iter().find(|k| k.name == name)
}
