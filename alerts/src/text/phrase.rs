//! Reasons and stages in the words of somebody who does not know the machinery.

/// What each reason means to a reader.
const REASONS: &[(&str, &str)] = &[
    ("dns", "its name cannot be found (DNS)"),
    ("connect", "no connection can be made"),
    ("tls", "the secure connection fails (TLS or its certificate)"),
    ("http_status", "it answers with an error status"),
    ("stream_cut", "the answer broke off in the middle"),
    ("stalled", "it stopped saying anything"),
    ("timeout", "it took longer than allowed"),
    ("build_failed", "the image could not be built"),
    ("push_failed", "the image could not be stored in the registry"),
    ("spawn_failed", "the Hub could not start the server"),
    ("no_capacity", "the cluster has no room for one more server"),
    ("server_unusable", "the server was reported ready but cannot be used"),
    ("kernel_failed", "the kernel does not start or does not answer"),
    ("wrong_output", "the kernel ran the code but gave a wrong answer"),
    ("teardown_failed", "the server is still there after being told to stop"),
    ("quota", "a limit of the site refused one more user"),
    ("rate_limited", "the site says we ask too often"),
    ("probe_auth", "our own credentials are not accepted"),
    ("not_found", "the repository or page we ask for is not there"),
    ("prober_isolated", "our own network is cut off"),
    ("garbled", "the answer cannot be understood"),
    ("condition", "the answer is not what was expected"),
    ("slow", "it works, but too slowly"),
    ("retried", "it works only at the second try"),
    ("certificate_expiring", "its certificate ends soon"),
    ("banned", "the site has banned this repository or network"),
    ("dependency", "something it depends on is at fault"),
    ("redirects", "it sends us round in circles (redirects)"),
    ("too_large", "the answer is far larger than it should be"),
    ("unhealthy", "its own health page reports a failure"),
    ("aborted", "the run was cut off because launchwatch stopped"),
    ("missed", "the run did not take place"),
    ("prober", "launchwatch itself has a fault"),
    ("hub_unavailable", "the Hub does not answer"),
    ("unseen", "the server runs but the Hub does not notice"),
    ("resource_quota", "a quota of the cluster refuses more servers"),
    ("drift", "what should be running and what is running are not the same"),
    ("waits_for_node", "the cluster is still adding a machine for it"),
    ("half_answer", "only part of the answer came, so nothing can be said"),
];

/// Where in a run that was.
const STAGES: &[(&str, &str)] = &[
    ("resolve", "while looking up the name or the repository"),
    ("connect", "while connecting"),
    ("tls", "while securing the connection"),
    ("first_byte", "while waiting for the first byte of the answer"),
    ("body", "while reading the answer"),
    ("token", "while asking to be let in"),
    ("build", "while building the image"),
    ("push", "while storing the image"),
    ("launch", "while starting the server"),
    ("server", "when first using the server"),
    ("kernel", "while running code on the server"),
    ("teardown", "while shutting the server down"),
    ("user", "while creating the user"),
    ("query", "while asking"),
];

/// The reason in words.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    look_up(REASONS, name)
}

/// The stage in words.
pub(super) fn stage(name: &str) -> Option<&'static str> {
    look_up(STAGES, name)
}

fn look_up(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(n, _)| *n == name).map(|(_, words)| *words)
}

/// Whether the reason already says in which stage that was.
pub(super) fn implied(reason: &str, stage: &str) -> bool {
    matches!(
        (reason, stage),
        ("dns", "resolve")
            | ("connect", "connect")
            | ("tls" | "certificate_expiring", "tls")
            | ("build_failed", "build")
            | ("push_failed", "push")
            | ("spawn_failed" | "no_capacity" | "unseen" | "resource_quota" | "waits_for_node", "launch")
            | ("server_unusable", "server")
            | ("kernel_failed" | "wrong_output", "kernel")
            | ("teardown_failed", "teardown")
    )
}

/// What a failing stage takes away from users, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loss {
    /// No server comes up.
    Launch,
    /// A server comes up and cannot be used.
    Use,
    /// No new image can be made.
    Build,
    /// Servers stay behind.
    Teardown,
    /// The address does not answer.
    Reach,
    /// None of these.
    Other,
}

/// What users lose when a run ends in this stage.
pub(super) fn loss(stage: Option<&str>) -> Loss {
    match stage {
        Some("token" | "launch" | "user") => Loss::Launch,
        Some("server" | "kernel") => Loss::Use,
        Some("build" | "push") => Loss::Build,
        Some("teardown") => Loss::Teardown,
        Some("resolve" | "connect" | "tls" | "first_byte") => Loss::Reach,
        _ => Loss::Other,
    }
}
