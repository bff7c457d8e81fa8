//! The log: one line a happening, text for a terminal, JSON for a collector.
//!
//! A target that is down is `info`; `error` means that a person must act on launchwatch itself.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error. `filter` is a `tracing` filter such as `info` or `launchwatch=debug`.
pub fn start(filter: &str, json: bool) {
    let mut chosen = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // To them every 5xx of a cluster is an error, every redirect of a federation a warning; here that is what was
    // seen, and told as such.
    for (name, quiet) in [("kube", "kube_client=off"), ("eventsource", "eventsource_client=off")] {
        if let (false, Ok(quiet)) = (filter.contains(name), quiet.parse()) {
            chosen = chosen.add_directive(quiet);
        }
    }
    let to_stderr = tracing_subscriber::fmt().with_env_filter(chosen).with_writer(std::io::stderr);
    // A second start (in tests) leaves the first one as it is.
    let _ = if json {
        to_stderr.json().with_target(false).try_init()
    } else {
        to_stderr.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init()
    };
}
