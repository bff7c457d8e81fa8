//! `binder-launch`: ask a BinderHub for a server as a user does, use it, give it back.

mod follow;
mod page;
mod run;
#[cfg(test)]
mod tests;
mod watch;

use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::hub::{ClusterSettings, Errand, Span};
use crate::{Cadence, Kind, Refused, Spec, Stage};

pub(super) const KIND: Kind = Kind::of::<Settings>(
    "binder-launch",
    "Launches a repository on a BinderHub end to end: admission, image, server, kernel, teardown.",
    &[
        Stage::Token,
        Stage::Resolve,
        Stage::Build,
        Stage::Push,
        Stage::Launch,
        Stage::Server,
        Stage::Kernel,
        Stage::Teardown,
    ],
    Cadence { every: Duration::from_secs(120), deadline: Duration::from_secs(120) },
    "spec: gh/binder-examples/requirements/50533eb\n",
)
.measuring(&[
    "time_to_result_seconds",
    "kernel_result_seconds",
    "stream_open_seconds",
    "own_pod_scheduled_seconds",
    "own_pod_ready_seconds",
    "own_pod_gone_seconds",
])
.launching();

/// A cached launch is slow after this, unless the settings say otherwise.
const SLOW: Duration = Duration::from_secs(60);
/// Stands for a new random word in each run.
const NONCE: &str = "{nonce}";

/// Whether the image is expected to be there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// The image is in the registry: a build means that it was lost, and the run is at best degraded.
    #[default]
    Cached,
    /// The image must be built: a launch without a build says nothing and counts as unknown.
    Fresh,
}

/// Settings of `binder-launch`.
///
/// A **cached** launch suits `every: 2m` and `deadline: 2m` (the defaults). A **fresh** build wants its own probe,
/// for example `every: 1h` and `deadline: 15m`: it costs a build, and leaves an image in the registry.
///
/// How to have something that was never built: BinderHub names an image after the address of the repository and the
/// commit it resolves to, and builds only if the registry has no such image. So
/// * let CI push a commit (an empty one will do) to a branch more often than the probe runs, and launch the branch:
///   `gh/acme/probe-me/fresh`. A run that meets an old commit finds its image and counts as unknown; or
/// * vary the address and not the commit. With the plain git provider the address may carry a user name, which a
///   public repository over https ignores: `git/https%3A%2F%2F{nonce}%40git.example.org%2Facme%2Fprobe-me/<40-hex commit>`.
///   Each run is then another repository to BinderHub (also to its quotas and its launch statistics), and the full
///   commit is resolved without asking anybody; or
/// * delete the image from the registry before each run, where you may.
///
/// A made-up commit or branch does not do: it is not found, or its build fails. In all three ways somebody has to
/// clear old images out of the registry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// What to launch, as it stands in a launch link after `/v2/`: provider, repository, reference. Used byte for
    /// byte, percent escapes included. `{nonce}` becomes a new random word in each run (only in mode `fresh`).
    spec: String,
    /// Whether the image is expected to be there (`cached`) or must be built (`fresh`).
    #[serde(default)]
    mode: Mode,
    /// Python code for the kernel.
    #[serde(default = "default_code")]
    code: String,
    /// What the code must print, blanks at both ends aside.
    #[serde(default = "default_output")]
    expect_output: String,
    /// How we are admitted. Left out: with a build token from the launch page, as a browser.
    #[serde(default)]
    auth: Option<Auth>,
    /// `Origin` to send, for example `https://mybinder.org`. Left out: none, but when the target sends us on to
    /// another host, that host is told the target's own origin, for which the build token was made.
    #[serde(default)]
    origin: Option<String>,
    /// Slower than this until the kernel has answered counts as degraded. Left out: 60 s for a `cached` launch, no
    /// limit for a `fresh` one.
    #[serde(default)]
    slow_after: Option<Span>,
    /// How long BinderHub's own retry may take after its first failed attempt before the run counts as failed.
    #[serde(default = "default_retry_patience")]
    retry_patience: Span,
    /// How long a launch that was cut off before it was ready is followed, in order to shut its server down.
    #[serde(default = "default_follow_for")]
    follow_for: Span,
    /// The Kubernetes cluster in which the servers are started: with it, the pod of each launch is followed, and a
    /// launch whose pod is ready while the Hub does not notice fails at once. Needs the rights to get, list and watch
    /// pods in their namespace. An API that does not answer changes no verdict.
    #[serde(default)]
    cluster: Option<ClusterSettings>,
}

/// Credentials for a BinderHub with `auth_enabled`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    /// A JupyterHub token whose owner has `access:services!service=binder`. One user can have one server.
    #[schemars(with = "String", extend("format" = "secret"))]
    api_token: SecretString,
}

fn default_code() -> String {
    "print(6*7)".to_owned()
}
fn default_output() -> String {
    "42".to_owned()
}
const fn default_retry_patience() -> Span {
    Span(Duration::from_secs(45))
}
const fn default_follow_for() -> Span {
    Span(Duration::from_secs(25 * 60))
}

/// A probe that launches on one BinderHub.
#[derive(Debug)]
pub(crate) struct BinderLaunch {
    /// Root of the BinderHub with its trailing slash.
    base: String,
    host: String,
    /// Scheme, host and port of the target.
    home: String,
    spec: String,
    mode: Mode,
    errand: Errand,
    api_token: Option<SecretString>,
    origin: Option<String>,
    slow_after: Option<Duration>,
    retry_patience: Duration,
    follow_for: Duration,
    cluster: Option<ClusterSettings>,
}

impl Spec for Settings {
    type Probe = BinderLaunch;

    fn build(self, target: &Url) -> Result<BinderLaunch, Vec<Refused>> {
        let mut refused = Vec::new();
        check_spec(&self.spec, self.mode, &mut refused);
        if !matches!(target.scheme(), "http" | "https") || target.host_str().is_none() {
            refused.push(Refused::new("", "the target of a launch must be an http or https URL", ""));
        }
        if self.origin.as_deref().is_some_and(|o| !is_origin(o)) {
            let hint = "write it as in `https://mybinder.org`";
            refused.push(Refused::new("origin", "an origin is scheme, host and port, nothing more", hint));
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
        let mut base = target.clone();
        base.set_query(None);
        base.set_fragment(None);
        Ok(BinderLaunch {
            base: format!("{}/", base.as_str().trim_end_matches('/')),
            host: target.host_str().unwrap_or_default().to_owned(),
            home: target.origin().ascii_serialization(),
            spec: self.spec,
            mode: self.mode,
            errand: Errand { code: self.code, expect: self.expect_output },
            api_token: self.auth.map(|a| a.api_token),
            origin: self.origin,
            slow_after: self.slow_after.map(|s| s.0).or((self.mode == Mode::Cached).then_some(SLOW)),
            retry_patience: self.retry_patience.0,
            follow_for: self.follow_for.0,
            cluster: self.cluster,
        })
    }
}

fn check_spec(spec: &str, mode: Mode, refused: &mut Vec<Refused>) {
    let hint =
        "write it as in `gh/binder-examples/requirements/HEAD`: what stands after `/v2/` in a launch link";
    let mut refuse = |what: &str| refused.push(Refused::new("spec", what, hint));
    if spec.contains("://") || spec.starts_with('/') || spec.starts_with("v2/") {
        refuse("the spec is only what comes after `/v2/`");
    } else if spec.split('/').filter(|part| !part.is_empty()).count() < 2 {
        refuse("the spec must name a provider and a repository");
    } else if spec.replace(NONCE, "x").contains(['?', '#', '{', '}', ' ', '"', '<', '>', '\\', '^', '`', '|'])
        || !spec.is_ascii()
    {
        refuse("the spec holds characters that a path may not hold; write them percent-encoded");
    }
    if mode == Mode::Cached && spec.contains(NONCE) {
        refuse(
            "`{nonce}` makes a new repository of each run, whose image is never there: use it with `mode: fresh`",
        );
    }
}

fn is_origin(text: &str) -> bool {
    Url::parse(text)
        .is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.origin().ascii_serialization() == text)
}
