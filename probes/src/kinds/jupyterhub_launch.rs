//! `jupyterhub-launch`: start a server through a JupyterHub's API, use it, stop it.

mod hub;
mod run;
#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::hub::{ClusterSettings, Errand, Span};
use crate::{Cadence, Kind, Refused, Spec, Stage};

pub(super) const KIND: Kind = Kind::of::<Settings>(
    "jupyterhub-launch",
    "Starts a server on a JupyterHub end to end: user, server, kernel, teardown.",
    &[Stage::User, Stage::Launch, Stage::Server, Stage::Kernel, Stage::Teardown],
    Cadence { every: Duration::from_secs(120), deadline: Duration::from_secs(120) },
    "api_token: env:JUPYTERHUB_TOKEN\n",
)
.measuring(&[
    "launch_seconds",
    "time_to_result_seconds",
    "kernel_result_seconds",
    "own_pod_scheduled_seconds",
    "own_pod_ready_seconds",
    "own_pod_gone_seconds",
])
.launching();

/// Settings of `jupyterhub-launch`.
///
/// The token is best that of a service of the Hub's own configuration. With a temporary user (the default) its role
/// needs the scopes `admin:users`, `delete:users`, `servers` (JupyterHub 6: `start:servers` and `delete:servers`),
/// `read:servers`, and `tokens` (or `access:servers`); with a user of the probe's own, all but the first two, each
/// of which may then be narrowed with `!user=NAME`.
///
/// `every: 2m` and `deadline: 2m` (the defaults) suit images that are on the nodes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// A token of the Hub with the scopes named above.
    #[schemars(with = "String", extend("format" = "secret"))]
    api_token: SecretString,
    /// A user of the probe's own: whatever server it has under `server_name` is stopped by each run. Left out: a
    /// temporary user `launchwatch-<random>` is made for each run and deleted after it.
    #[serde(default)]
    user: Option<String>,
    /// Name of the server; empty for the default one.
    #[serde(default)]
    server_name: String,
    /// What the Hub's spawn form would send, as the spawner wants it.
    #[serde(default)]
    user_options: Map<String, Value>,
    /// Short for `user_options: {profile: …}`: a profile of KubeSpawner's list by its slug.
    #[serde(default)]
    profile: Option<String>,
    /// Python code for the kernel.
    #[serde(default = "default_code")]
    code: String,
    /// What the code must print, blanks at both ends aside.
    #[serde(default = "default_output")]
    expect_output: String,
    /// Slower than this until the kernel has answered counts as degraded.
    #[serde(default = "default_slow_after")]
    slow_after: Span,
    /// The Kubernetes cluster in which the servers are started: with it, the pod of each launch is followed, and a
    /// launch whose pod is ready while the Hub does not notice fails at once. Needs the rights to get, list and watch
    /// pods in their namespace. An API that does not answer changes no verdict.
    #[serde(default)]
    cluster: Option<ClusterSettings>,
}

fn default_code() -> String {
    "print(6*7)".to_owned()
}
fn default_output() -> String {
    "42".to_owned()
}
const fn default_slow_after() -> Span {
    Span(Duration::from_secs(60))
}

/// A probe that launches on one JupyterHub.
#[derive(Debug)]
pub(crate) struct HubLaunch {
    /// Root of the API with its trailing slash.
    api: String,
    api_token: SecretString,
    user: Option<String>,
    server_name: String,
    user_options: Map<String, Value>,
    errand: Errand,
    slow_after: Duration,
    cluster: Option<ClusterSettings>,
}

impl Spec for Settings {
    type Probe = HubLaunch;

    fn build(self, target: &Url) -> Result<HubLaunch, Vec<Refused>> {
        let mut refused = Vec::new();
        if !matches!(target.scheme(), "http" | "https") || target.host_str().is_none() {
            refused.push(Refused::new("", "the target of a launch must be an http or https URL", ""));
        }
        if self.user.as_deref().is_some_and(|u| u.trim().is_empty() || u.contains('/')) {
            let hint = "leave `user` out for a temporary user in each run";
            refused.push(Refused::new("user", "the name of a user cannot be empty or hold a slash", hint));
        }
        let mut user_options = self.user_options;
        if let Some(profile) = self.profile {
            if user_options.contains_key("profile") {
                refused.push(Refused::new("profile", "the profile is named twice", "also in `user_options`"));
            }
            user_options.insert("profile".to_owned(), Value::String(profile));
        }
        if self.code.trim().is_empty() {
            refused.push(Refused::new(
                "code",
                "there is nothing to run",
                "leave `code` out for a simple sum",
            ));
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(HubLaunch {
            api: api_root(target),
            api_token: self.api_token,
            user: self.user,
            server_name: self.server_name,
            user_options,
            errand: Errand { code: self.code, expect: self.expect_output },
            slow_after: self.slow_after.0,
            cluster: self.cluster,
        })
    }
}

/// `…/hub/api/`, whether the target names the root, the Hub or its API.
pub(super) fn api_root(target: &Url) -> String {
    let mut root = target.clone();
    root.set_query(None);
    root.set_fragment(None);
    let root = root.as_str().trim_end_matches('/');
    let root = root.strip_suffix("/hub/api").or_else(|| root.strip_suffix("/hub")).unwrap_or(root);
    format!("{root}/hub/api/")
}
