//! The two closed vocabularies of an outcome: why it is not `passed`, and where in the run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes a closed enum with a stable name and a stable one-byte code (the code is what the store writes).
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every value, in the order of the codes.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The name used in config, metrics, pages and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The code in the store. Never reused, never renumbered.
            pub const fn code(self) -> u8 {
                match self { $($name::$variant => $code,)* }
            }

            /// The value with this code; `None` for a code from a newer version.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some($name::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.as_str()) }
        }
    };
}

vocabulary! {
    /// Why an outcome is not `passed`.
    Reason {
        /// The name does not resolve.
        Dns = 1 "dns",
        /// No connection: refused, reset or no answer to the handshake.
        Connect = 2 "connect",
        /// The TLS handshake or the certificate is at fault.
        Tls = 3 "tls",
        /// An HTTP status that the probe does not accept.
        HttpStatus = 4 "http_status",
        /// The stream or body ended before its end.
        StreamCut = 5 "stream_cut",
        /// Nothing new for longer than the stage allows.
        Stalled = 6 "stalled",
        /// The deadline passed.
        Timeout = 7 "timeout",
        /// The image could not be built.
        BuildFailed = 8 "build_failed",
        /// The image could not be pushed to, or found in, the registry.
        PushFailed = 9 "push_failed",
        /// The Hub could not start the server.
        SpawnFailed = 10 "spawn_failed",
        /// The cluster or the Hub has no room for one more server.
        NoCapacity = 11 "no_capacity",
        /// The server was announced as ready but cannot be used.
        ServerUnusable = 12 "server_unusable",
        /// The kernel does not start, dies or does not answer.
        KernelFailed = 13 "kernel_failed",
        /// The kernel ran the code and printed something else.
        WrongOutput = 14 "wrong_output",
        /// The server is still there after it was told to stop.
        TeardownFailed = 15 "teardown_failed",
        /// A policy of the target: too many users, of the site or of this repository.
        Quota = 16 "quota",
        /// A policy of the target: too many requests from us.
        RateLimited = 17 "rate_limited",
        /// Our credentials are missing, expired or lack a right.
        ProbeAuth = 18 "probe_auth",
        /// The repository, reference or page that we were told to ask for is not there.
        NotFound = 19 "not_found",
        /// Our own network is cut off.
        ProberIsolated = 20 "prober_isolated",
        /// The answer cannot be understood.
        Garbled = 21 "garbled",
        /// A condition on status, header, body or JSON does not hold.
        Condition = 22 "condition",
        /// It works, but slower than the limit.
        Slow = 23 "slow",
        /// It works, but only after the target's own retry.
        Retried = 24 "retried",
        /// A certificate that ends soon.
        CertificateExpiring = 25 "certificate_expiring",
        /// A policy of the target: this repository or network is banned.
        Banned = 26 "banned",
        /// Something that the target depends on is at fault, such as the repository provider.
        Dependency = 27 "dependency",
        /// Redirects in a circle, or too many.
        Redirects = 28 "redirects",
        /// The answer is larger than the bound.
        TooLarge = 29 "too_large",
        /// The target reports one of its own hard checks as failing.
        Unhealthy = 30 "unhealthy",
        /// The run was cut off because launchwatch stopped.
        Aborted = 31 "aborted",
        /// The slot passed without a run, for example because the previous run was still going.
        Missed = 32 "missed",
        /// A fault of our own: files, memory, file descriptors, the ledger.
        Prober = 33 "prober",
        /// The Hub does not answer, or answers with errors, when asked to launch.
        HubUnavailable = 34 "hub_unavailable",
        /// Our own pod runs and is ready, but the Hub does not notice.
        Unseen = 35 "unseen",
        /// A ResourceQuota of the namespace refuses pods.
        ResourceQuota = 36 "resource_quota",
        /// What the Hub believes and what the cluster runs are not the same.
        Drift = 37 "drift",
        /// The pod waits for a node, and the cluster is making one.
        WaitsForNode = 38 "waits_for_node",
        /// Only some of the sources could be read, or they contradict each other: nothing can be said.
        HalfAnswer = 39 "half_answer",
        /// Nothing was heard of a job, or of an alert that always fires, when it was due.
        Silent = 40 "silent",
        /// Others say that it fails: the job itself, or an alert of theirs.
        Reported = 41 "reported",
        /// A job said that it has begun, and not yet how it ended.
        Running = 42 "running",
    }
}

vocabulary! {
    /// A named step of a run.
    Stage {
        /// Name resolution, or, in a launch, resolving the repository's reference.
        Resolve = 1 "resolve",
        /// TCP connection.
        Connect = 2 "connect",
        /// TLS handshake.
        Tls = 3 "tls",
        /// From the request to the first byte of the answer.
        FirstByte = 4 "first_byte",
        /// From the first byte to the last.
        Body = 5 "body",
        /// Fetching a build token, or asking for admission.
        Token = 6 "token",
        /// Building the image (or waiting for the build).
        Build = 7 "build",
        /// Pushing the image.
        Push = 8 "push",
        /// From the launch request to a server that is ready.
        Launch = 9 "launch",
        /// First use of the server with its token.
        Server = 10 "server",
        /// Starting a kernel and running code in it.
        Kernel = 11 "kernel",
        /// Shutting the server down and seeing it gone.
        Teardown = 12 "teardown",
        /// Creating the temporary user.
        User = 13 "user",
        /// One question and its answer, such as a DNS query.
        Query = 14 "query",
        /// A job of somebody else, from the moment it said that it begins to its end.
        Job = 15 "job",
    }
}
