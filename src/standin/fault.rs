//! Fault: everything that can be made to go wrong, with the one line the demo page shows for it.

use serde::{Deserialize, Serialize};

/// Writes the enum, its names and its descriptions from one table, so they cannot drift apart.
macro_rules! faults {
    ($none:ident $none_name:literal $none_what:literal $($variant:ident $name:literal $what:literal)*) => {
        /// One thing that is wrong with the stand-in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
        pub enum Fault {
            #[doc = $none_what] #[serde(rename = $none_name)] #[default] $none,
            $(#[doc = $what] #[serde(rename = $name)] $variant,)*
        }
        impl Fault {
            /// Every fault, `none` first.
            pub const ALL: &'static [Fault] = &[Fault::$none, $(Fault::$variant),*];
            /// The name used in configuration and on the demo page.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { Fault::$none => $none_name, $(Fault::$variant => $name,)* }
            }
            /// One line for people: what is wrong.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self { Fault::$none => $none_what, $(Fault::$variant => $what,)* }
            }
        }
    };
}

faults! {
    None "none" "all is well"
    HubDown "hub-down" "the hub refuses every call: launches fail after 140 s, running servers live on"
    HubHangs "hub-hangs" "the hub accepts calls and never answers: launches fail after 460 s"
    ProxyDown "proxy-down" "the proxy is gone: neither the hub nor any user server can be reached"
    SpawnerRaises "spawner-raises" "the spawner raises at once: four attempts in 30 s, then failed"
    NeverReady "never-ready" "pods start but the server inside never answers the hub"
    Unschedulable "unschedulable" "no node has room for the pod: warnings, then a time-out of 300 s per attempt"
    NodeComing "node-coming" "the cluster is full and adds a node: each launch waits three minutes for it, and works"
    PodQuota "pod-quota" "the cluster's resource quota forbids new pods (403 from Kubernetes)"
    SlowLaunch "slow-launch" "launches work but take several times as long as usual"
    LaunchRetriesOnce "launch-retries-once" "the first attempt of each launch fails, the second one works"
    BuildFails "build-fails" "the image build fails; the stream stays open"
    BuildHangs "build-hangs" "the image build stops half-way and never ends"
    PushFails "push-fails" "the image is built but the registry refuses the push"
    RegistryDown "registry-down" "the registry answers errors: cached images are taken as missing and built again"
    TotalQuota "total-quota" "BinderHub has reached its quota of users"
    RepoQuota "repo-quota" "this repository has reached its quota of users"
    RateLimited "rate-limited" "BinderHub refuses every launch with 429, inside a 200"
    Banned "banned" "this repository may not be launched"
    RefNotFound "ref-not-found" "the repository or its ref does not exist"
    GithubRateLimit "github-rate-limit" "GitHub refuses to resolve refs for BinderHub"
    TokenRefused "token-refused" "build tokens and hub tokens are refused"
    StreamCut "stream-cut" "the connection is cut in the middle of a launch"
    Silent "silent" "the launch stream carries keep-alives and nothing else"
    NoFirstByte "no-first-byte" "the connection is accepted and nothing is ever answered"
    Server503 "server-503" "the launch succeeds but the user server answers 503"
    ServerLoginRedirect "server-login-redirect" "the launch succeeds but the proxy has lost the server's route: redirects to a login page"
    KernelDies "kernel-dies" "kernels die at birth: the websocket handshake never completes"
    KernelHangs "kernel-hangs" "kernels accept code and never answer"
    WrongOutput "wrong-output" "kernels answer, but wrongly"
    TeardownStuck "teardown-stuck" "shutdown is accepted but the server stays"
    Garbage "garbage" "the launch stream is random bytes"
    Html "html" "the launch URL answers a web page"
    EndlessFlood "endless-flood" "the launch stream sends events as fast as it can, for ever"
    HugeLine "huge-line" "the launch stream sends one line of 100 MB"
    RedirectLoop "redirect-loop" "the launch URL redirects to itself"
    InternalError "internal-error" "BinderHub trips over an unexpected exception"
    FederationBadMember "federation-bad-member" "one member of the federation answers 502 to every launch"
}

impl std::str::FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        Self::ALL.iter().copied().find(|f| f.name() == name).ok_or_else(|| UnknownFault(name.to_owned()))
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no fault has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFault(String);

impl std::fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no fault is called {:?}", self.0)
    }
}

impl std::error::Error for UnknownFault {}
