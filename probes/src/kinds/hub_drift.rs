//! `hub-drift`: what a Hub believes of its servers against what the cluster runs.

mod compare;
mod memory;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use self::compare::{Drift, compare};
use self::memory::Memory;
use super::jupyterhub_servers::hub_api;
use crate::cluster::{self, Cluster};
use crate::hub::{Trouble, Users};
use crate::net::ClusterAccess;
use crate::{Cadence, Cx, Kind, Outcome, Probe, Reason, Refused, Spec, Stage, Verdict};

pub(super) const KIND: Kind = Kind::of::<Settings>(
    "hub-drift",
    "Compares the servers in a JupyterHub's books with the pods in its cluster: orphans, ghosts, starts that nobody notices.",
    &[Stage::Query],
    Cadence { every: Duration::from_secs(30), deadline: Duration::from_secs(25) },
    "api_token: env:JUPYTERHUB_TOKEN\nnamespace: binder\n",
)
.measuring(&[
    "drift_pods",
    "drift_servers",
    "drift_matched",
    "drift_orphans",
    "drift_orphans_ratio",
    "drift_leftovers",
    "drift_stuck",
    "drift_ghosts",
    "drift_unreachable",
    "drift_waiting_room",
    "drift_waiting_node",
]);

/// The label of the pods in which users' servers run.
const USER_PODS: &str = "component=singleuser-server";
/// A Hub that takes longer than this for a page is overloaded: then waiting servers prove nothing else.
const SLOW_PAGE: Duration = Duration::from_secs(5);
/// Names told at most of each kind of trouble.
const NAMED: usize = 5;

/// Settings of `hub-drift`.
///
/// Needs the right to list pods in the namespace, and a token of the Hub whose role has the scopes `list:users` and
/// `read:servers`. When one of the two cannot be read whole, or when they do not fit together at all, the verdict is
/// `unknown`: half a list would make every pod an orphan. A pod counts as an orphan when it is older than ten minutes
/// and had no server at two looks at least two minutes apart; a restart forgets what was seen and begins anew.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// A token of the Hub with the scopes named above.
    #[schemars(with = "String", extend("format" = "secret"))]
    api_token: SecretString,
    /// Where the Hub is, when it is not where the target is: for a target that is a BinderHub, or for an address
    /// inside the cluster such as `http://hub:8081`.
    #[serde(default)]
    hub_url: Option<String>,
    /// How the cluster is reached. Left out: as the pod we run in, else by the usual kubeconfig.
    #[serde(default)]
    access: ClusterAccess,
    /// Where the users' pods are. Left out: the namespace of the context, or of the pod we run in.
    #[serde(default)]
    namespace: Option<String>,
    /// From where on it is too much.
    #[serde(default)]
    bounds: Bounds,
}

/// From which numbers on a Hub and its cluster count as drifted apart.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Bounds {
    /// Servers that the Hub still waits for although their pods have been ready for more than 75 s.
    stuck: u32,
    /// Pods without a server. Both this and `orphans_ratio` must be reached.
    orphans: u32,
    /// Share of pods without a server among all that have not ended.
    orphans_ratio: f64,
    /// Servers without a pod for more than two minutes.
    ghosts: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { stuck: 2, orphans: 5, orphans_ratio: 0.1, ghosts: 10 }
    }
}

impl Bounds {
    fn refused(&self) -> Vec<Refused> {
        let mut refused = Vec::new();
        for (name, bound) in [("stuck", self.stuck), ("orphans", self.orphans), ("ghosts", self.ghosts)] {
            if bound == 0 {
                let hint = "write 1 or more; a bound of 1 fails at the first";
                refused.push(Refused::new(format!("bounds.{name}"), "0 is always reached", hint));
            }
        }
        if !(0.0..=1.0).contains(&self.orphans_ratio) {
            let what = format!("{} is not a share", self.orphans_ratio);
            refused.push(Refused::new("bounds.orphans_ratio", what, "write a number from 0 to 1"));
        }
        refused
    }
}

impl Spec for Settings {
    type Probe = HubDrift;

    fn build(self, target: &Url) -> Result<HubDrift, Vec<Refused>> {
        let mut refused = self.bounds.refused();
        if let Some(namespace) = self.namespace.as_deref().filter(|n| !cluster::is_name(n)) {
            let what = format!("{namespace:?} cannot be the name of a namespace");
            refused.push(Refused::new("namespace", what, ""));
        }
        let api = hub_api(self.hub_url.as_deref(), target);
        match api {
            Ok(api) if refused.is_empty() => Ok(HubDrift {
                api,
                api_token: self.api_token,
                access: self.access,
                namespace: self.namespace,
                bounds: self.bounds,
                memory: Mutex::default(),
            }),
            Ok(_) => Err(refused),
            Err(more) => {
                refused.extend(more);
                Err(refused)
            }
        }
    }
}

/// A probe that compares one Hub with its cluster.
#[derive(Debug)]
pub(crate) struct HubDrift {
    /// Root of the Hub's API with its trailing slash.
    api: String,
    api_token: SecretString,
    access: ClusterAccess,
    namespace: Option<String>,
    bounds: Bounds,
    memory: Mutex<Memory>,
}

#[async_trait]
impl Probe for HubDrift {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        cx.hide(self.api_token.expose_secret());
        cx.stage(Stage::Query);
        match self.look(cx).await {
            Ok((drift, slowest)) => self.judge(cx, &drift, slowest),
            // Whatever keeps us from looking is told by other probes; here it only means that nothing is known.
            Err(trouble) => Trouble { verdict: Verdict::Unknown, ..trouble }.into_outcome(cx),
        }
    }
}

impl HubDrift {
    /// Pods first: a server is in the Hub's books before its pod is made, so a pod without one is no start under way.
    async fn look(&self, cx: &mut Cx) -> Result<(Drift, Duration), Trouble> {
        let cluster = Cluster::open(cx, &self.access).await?;
        let namespace = self.namespace.as_deref().unwrap_or(cluster.namespace());
        let pods = cluster::pods(&cluster, namespace, USER_PODS).await?;
        let now = cluster.now(cx.now() + cx.elapsed());
        let listing = Users::new(cx, &self.api, self.api_token.clone())?.servers().await?;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let drift = compare(&pods, &listing.servers, &mut memory, now)
            .map_err(|what| Trouble::unknown(Reason::HalfAnswer, what))?;
        Ok((drift, listing.slowest))
    }

    fn judge(&self, cx: &mut Cx, drift: &Drift, slowest: Duration) -> Outcome {
        for (name, value) in drift.numbers() {
            cx.measure(name, value);
        }
        let named = |what: &str, names: &[String]| -> Vec<String> {
            names.iter().take(NAMED).map(|name| format!("{what}: {name}")).collect()
        };
        let lines = [("no server for", &drift.orphans), ("ready, but the Hub waits", &drift.stuck)];
        for line in lines.iter().flat_map(|(what, names)| named(what, names)) {
            cx.line(&line);
        }
        if !drift.unreachable_on.is_empty() {
            let nodes: Vec<_> =
                drift.unreachable_on.iter().map(|(node, n)| format!("{node} ({n})")).collect();
            cx.fact("drift_unreachable_on", &nodes.join(", "));
        }
        let stuck = reached(drift.stuck.len(), self.bounds.stuck);
        let orphans = reached(drift.orphans.len(), self.bounds.orphans)
            && drift.orphans_ratio() >= self.bounds.orphans_ratio;
        if orphans || reached(drift.ghosts, self.bounds.ghosts) || (stuck && slowest <= SLOW_PAGE) {
            return cx.failed(Reason::Drift, drift.words());
        }
        if stuck {
            let slow = slowest.as_secs_f64();
            let text =
                format!("{}, but the Hub takes {slow:.1} s for an answer: it is overloaded", drift.words());
            return cx.degraded(Reason::Slow, text);
        }
        cx.passed()
    }
}

fn reached(count: usize, bound: u32) -> bool {
    count >= bound as usize
}

#[cfg(test)]
mod tests;
