//! Scenario: a file that says what every source of observations would have shown, second by second, read and judged.
//!
//! Only what can be seen from outside is read: clock, deployment and channels. What the file expects of a monitor,
//! and the verdicts it puts on outcomes, are never looked at. What people did is [`Hindsight`], read separately.
//! All times are seconds relative to `t0`; intervals are half open.

mod check;
mod cluster;
mod desk;
mod hindsight;
mod prober;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use crate::config::Problem;
use crate::config::source::{self, Source};
use desk::{At, Desk};

pub use cluster::{ClusterEvent, Component, Nodes, PodCounts, Quota, Snapshot};
pub use hindsight::{Deed, Hindsight};
pub use prober::{
    Fate, HttpAnswer, Kind, Line, NoAnswer, Outcome, OwnPod, Prober, Segment, ServerUse, StreamEnd,
};
pub use sources::{Check, Gauge, Health, HubPoint, LogLine, Redirect, Tls};

/// The schema that is understood.
pub const SCHEMA: &str = "incident-scenario/1";

/// What the deployment is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deployment {
    /// `single-cluster`, `two-targets`, `federation` or anything else, as written.
    pub kind: String,
    /// Names of the members, at least one. The first is the prime one unless the file says otherwise.
    pub members: Vec<String>,
    /// The member that facts without a member are about.
    pub prime: String,
    /// Most nodes the cluster may have.
    pub node_limit: Option<f64>,
    /// Pod quota by member, where one is written.
    pub pod_quota: BTreeMap<String, f64>,
}

/// A scenario, ready to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub id: String,
    /// One line for people; empty if none is written.
    pub title: String,
    /// The instant of second 0.
    pub t0: Timestamp,
    /// First second with data.
    pub start: f64,
    /// End of the data, seconds.
    pub end: f64,
    /// What the deployment is.
    pub deployment: Deployment,
    /// What launch requests meet.
    pub prober: Prober,
    /// What health pages say, in the order of the file.
    pub health: Vec<Health>,
    /// What the cluster shows, by time; each complete, with what earlier ones said.
    pub snapshots: Vec<Snapshot>,
    /// Kubernetes events.
    pub events: Vec<ClusterEvent>,
    /// What the Hub's API shows, by time; each complete.
    pub hub_api: Vec<HubPoint>,
    /// Lines of pod logs.
    pub logs: Vec<LogLine>,
    /// Figures of metrics pages.
    pub metrics: Vec<Gauge>,
    /// What the redirector of a federation does, by time.
    pub federation: Vec<Redirect>,
    /// Certificates.
    pub tls: Vec<Tls>,
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or everything that is wrong with it, each with its place.
    pub fn open(path: &Path) -> Result<Self, Vec<Problem>> {
        let (sources, problems) = source::open(path);
        match sources.as_slice() {
            [source] => Self::of(source),
            _ if problems.is_empty() => Self::read(&path.display().to_string(), ""),
            _ => Err(problems),
        }
    }

    /// Reads a text; `name` stands for it in problems.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn read(name: &str, text: &str) -> Result<Self, Vec<Problem>> {
        Self::of(&Source { name: name.to_owned(), text: text.to_owned() })
    }

    fn of(source: &Source) -> Result<Self, Vec<Problem>> {
        let mut desk = Desk::new(source);
        let tree = desk.tree();
        let scenario = tree.as_ref().and_then(|tree| scenario(&At::root(tree), &mut desk));
        match scenario {
            Some(scenario) if desk.problems.is_empty() => Ok(scenario),
            _ => Err(desk.finish()),
        }
    }

    /// Whether a fact about `whom` (a member, `all` or `any`) concerns `member`.
    #[must_use]
    pub fn concerns(whom: &str, member: &str) -> bool {
        matches!(whom, "all" | "any" | "*") || whom == member
    }
}

fn scenario(root: &At<'_>, desk: &mut Desk<'_>) -> Option<Scenario> {
    match root.get("schema") {
        None => desk.error(root, "`schema` is missing", &format!("write `schema: {SCHEMA}`")),
        Some(at) if at.text() != Some(SCHEMA) => {
            desk.error(&at, "this schema is not understood", &format!("`{SCHEMA}` is"));
        }
        Some(_) => {}
    }
    let clock = clock(root, desk);
    let mut deployment = deployment(root, desk);
    let channels = root.get("channels");
    let prober = channels.as_ref().and_then(|c| c.get("prober"));
    let prober = prober.map(|at| prober::read(&at, desk)).unwrap_or_default();
    let told = channels.map(|c| Told::read(&c, &deployment.prime, desk)).unwrap_or_default();
    let (t0, start, end) = clock?;
    check::members(&mut deployment, &prober, &told);
    Some(Scenario {
        id: root.get("id").and_then(|a| a.text()).unwrap_or("scenario").to_owned(),
        title: root.get("title").and_then(|a| a.text()).unwrap_or_default().to_owned(),
        t0,
        start,
        end,
        deployment,
        prober,
        health: told.health,
        snapshots: told.snapshots,
        events: told.events,
        hub_api: told.hub_api,
        logs: told.logs,
        metrics: told.metrics,
        federation: told.federation,
        tls: told.tls,
    })
}

/// The channels beside the prober's.
#[derive(Default)]
struct Told {
    health: Vec<Health>,
    snapshots: Vec<Snapshot>,
    events: Vec<ClusterEvent>,
    hub_api: Vec<HubPoint>,
    logs: Vec<LogLine>,
    metrics: Vec<Gauge>,
    federation: Vec<Redirect>,
    tls: Vec<Tls>,
}

impl Told {
    fn read(channels: &At<'_>, prime: &str, desk: &mut Desk<'_>) -> Self {
        let cluster = channels.get("kubernetes");
        let of_cluster = |key: &str| cluster.as_ref().and_then(|c| c.get(key));
        Self {
            health: sources::health(channels.get("health"), prime, desk),
            snapshots: cluster::snapshots(of_cluster("snapshots"), prime, desk),
            events: cluster::events(of_cluster("events"), prime, desk),
            hub_api: sources::hub_api(channels.get("hub_api"), prime, desk),
            logs: sources::logs(channels.get("logs"), prime, desk),
            metrics: sources::metrics(channels.get("metrics"), prime, desk),
            federation: sources::federation(channels.get("federation"), desk),
            tls: sources::tls(channels.get("tls"), desk),
        }
    }
}

fn clock(root: &At<'_>, desk: &mut Desk<'_>) -> Option<(Timestamp, f64, f64)> {
    let Some(clock) = root.get("clock") else {
        desk.error(
            root,
            "`clock` is missing",
            "it needs `t0`, an instant with offset, and `replay: {start, end}`",
        );
        return None;
    };
    let t0 = match clock.get("t0") {
        None => {
            desk.error(&clock, "`t0` is missing", "such as t0: '2026-03-01T12:00:00Z'");
            None
        }
        Some(at) => match at.text().and_then(|t| t.parse::<Timestamp>().ok()) {
            Some(t0) => Some(t0),
            None => {
                desk.error(&at, "not an instant with offset", "such as '2026-03-01T12:00:00+01:00'");
                None
            }
        },
    };
    let Some(replay) = clock.get("replay") else {
        desk.error(&clock, "`replay` is missing", "write replay: {start: -1800, end: 7200}");
        return None;
    };
    let (start, end) = (desk.need(&replay, "start"), desk.need(&replay, "end"));
    let (t0, start, end) = (t0?, start?, end?);
    if start >= end {
        desk.error(&replay, "`end` is not after `start`", "both are seconds relative to `t0`");
    }
    if end - start > MOST_SECONDS {
        desk.error(&replay, "longer than 31 days", "both are seconds relative to `t0`");
    }
    Some((t0, start, end))
}

/// Longest replay: 31 days.
const MOST_SECONDS: f64 = 31.0 * 86_400.0;

fn deployment(root: &At<'_>, desk: &mut Desk<'_>) -> Deployment {
    let at = root.get("deployment");
    let get = |key: &str| at.as_ref().and_then(|a| a.get(key));
    let mut members: Vec<String> = Vec::new();
    for item in get("members").map(|m| m.items()).unwrap_or_default() {
        let name = item.text().map(str::to_owned).or_else(|| item.get("name")?.text().map(str::to_owned));
        match name {
            Some(name) if !name.is_empty() => members.push(name),
            _ => desk.error(&item, "not the name of a member", ""),
        }
    }
    for (name, _) in get("members").map(|m| m.entries()).unwrap_or_default() {
        members.push(name.to_owned());
    }
    if members.is_empty() {
        members.push("prod".to_owned());
    }
    let first = members.first().cloned().unwrap_or_default();
    let prime = get("prime").and_then(|p| p.text().map(str::to_owned)).unwrap_or(first);
    let quota = get("pod_quota");
    let mut pod_quota = BTreeMap::new();
    if let Some(quota) = &quota {
        if quota.is_number() {
            pod_quota.extend(desk.number(quota).map(|n| (prime.clone(), n)));
        } else {
            for (name, at) in quota.entries() {
                pod_quota.extend(desk.number(&at).map(|n| (name.to_owned(), n)));
            }
        }
    }
    Deployment {
        kind: get("kind")
            .and_then(|k| k.text().map(str::to_owned))
            .unwrap_or_else(|| "single-cluster".to_owned()),
        node_limit: get("node_limit").and_then(|n| desk.number(&n)),
        members,
        prime,
        pod_quota,
    }
}
