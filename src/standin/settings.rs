//! Settings: what a stand-in is built from, and its three doors to the outside.

use std::sync::Arc;

use futures::future::BoxFuture;

/// Says what time it is.
pub type Now = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// Starts a named task that goes on by itself.
pub type Spawner = Arc<dyn Fn(&'static str, BoxFuture<'static, ()>) + Send + Sync>;

/// The doors to the outside: the date, tasks and chance. Waiting goes through `tokio::time`.
#[derive(Clone)]
pub struct Edges {
    /// The date, for time stamps, expiry of build tokens and the rate limit's window.
    pub now: Now,
    /// For what goes on after the client left: starts of servers and builds.
    pub spawn: Spawner,
    /// Two stand-ins with one seed, asked the same, answer the same bytes.
    pub seed: u64,
}

/// One BinderHub of a federation.
#[derive(Debug, Clone)]
pub struct Member {
    /// Short name, as in `/active_hosts`.
    pub name: String,
    /// Its origin with a trailing slash; empty: this stand-in plays it under `/member/<name>/`.
    pub url: String,
    /// Its share of the launches.
    pub weight: u64,
}

/// How the stand-in behaves when nothing is wrong. Has no `Debug`: it holds tokens.
#[derive(Clone)]
pub struct Settings {
    /// Public base URL of the hub with a trailing slash, as in the `url` of `ready`; none: from the `Host` header.
    pub public_url: Option<String>,
    /// All waits are divided by this; 60 plays a minute in a second. Must be above 0.
    pub speed: f64,
    /// Median seconds from asking the hub for a server to `ready`, give or take 20 %.
    pub launch_seconds: f64,
    /// Seconds of an image build, give or take 20 %.
    pub build_seconds: f64,
    /// The hub's patience with a started server that does not answer, seconds.
    pub http_timeout_seconds: f64,
    /// The hub's patience with a pod that does not start, seconds.
    pub start_timeout_seconds: f64,
    /// How often a slow launch is slower than a usual one (`Fault::SlowLaunch`).
    pub slow_factor: f64,
    /// Launches per hour and client address without build token; `None` switches the limit off.
    pub rate_limit: Option<u32>,
    /// Prefixes of `<provider>/<spec>` whose image must be built first; the rest is cached from the start.
    pub uncached: Vec<String>,
    /// Tokens that open the hub's API. Empty: nobody gets in.
    pub hub_tokens: Vec<String>,
    /// BinderHub's total quota of user pods.
    pub total_quota: Option<usize>,
    /// The hub's limit of active servers; above it a start is refused with 429.
    pub server_limit: Option<usize>,
    /// Idle seconds after which the culler removes a server and its user.
    pub cull_seconds: f64,
    /// Secret that signs build tokens; members of one federation share it.
    pub token_secret: String,
    /// API-only mode: no pages, and `build_only=true` is allowed.
    pub api_only: bool,
    /// Not empty: `/build` answers 307 to one of these.
    pub members: Vec<Member>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            speed: 1.0,
            launch_seconds: 4.0,
            build_seconds: 20.0,
            http_timeout_seconds: 30.0,
            start_timeout_seconds: 300.0,
            slow_factor: 8.0,
            rate_limit: Some(10),
            uncached: Vec::new(),
            hub_tokens: Vec::new(),
            total_quota: None,
            server_limit: None,
            cull_seconds: 600.0,
            token_secret: "stand-in".to_owned(),
            api_only: false,
            members: Vec::new(),
        }
    }
}
