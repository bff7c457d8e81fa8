//! Cluster: pods, nodes, components and events as the Kubernetes API would have shown them.

use std::collections::{BTreeMap, BTreeSet};

use super::check;
use super::desk::{At, Desk};

/// Pods by phase. `terminating` ones are beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PodCounts {
    /// Phase Running.
    pub running: f64,
    /// Phase Pending.
    pub pending: f64,
    /// On a lost node.
    pub unknown: f64,
    /// With a deletion timestamp.
    pub terminating: f64,
    /// Phase Succeeded.
    pub succeeded: f64,
    /// Phase Failed.
    pub failed: f64,
}

/// Nodes by state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nodes {
    /// All.
    pub total: f64,
    /// Ready ones, cordoned included.
    pub ready: f64,
    /// Cordoned ones.
    pub cordoned: f64,
    /// Most that the autoscaler makes.
    pub autoscale_max: Option<f64>,
    /// Days since the oldest joined.
    pub oldest_days: Option<f64>,
}

/// What a snapshot says of a component; what it leaves out stays as it was.
#[derive(Debug, Clone, PartialEq, Default)]
struct ComponentChange {
    ready: Option<bool>,
    restarts: Option<f64>,
    reason: Option<String>,
    cpu_cores: Option<f64>,
    cpu_limit: Option<f64>,
    memory_mb: Option<f64>,
    replicas: Option<f64>,
    on_unschedulable: Option<f64>,
    age_s: Option<f64>,
}

/// A component (hub, proxy, binder …).
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Its pods are ready.
    pub ready: bool,
    /// Restarts so far.
    pub restarts: f64,
    /// Why it is not well.
    pub reason: Option<String>,
    /// CPU in use, cores.
    pub cpu_cores: Option<f64>,
    /// Its limit, cores.
    pub cpu_limit: Option<f64>,
    /// Memory in use, MB.
    pub memory_mb: Option<f64>,
    /// Pods.
    pub replicas: f64,
    /// How many of them are on cordoned nodes.
    pub on_unschedulable: f64,
    /// Second at which its containers started.
    pub since: Option<f64>,
}

/// A resource quota's pods.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Name of the object.
    pub name: String,
    /// Counted.
    pub used: f64,
    /// Allowed.
    pub hard: f64,
}

/// The cluster from `t` on, until the next snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Second.
    pub t: f64,
    /// Of whom.
    pub member: String,
    /// Counts of pods and nodes go linearly to the next snapshot.
    pub linear: bool,
    /// Pods of users.
    pub user_pods: PodCounts,
    /// Pods that build.
    pub build_pods: PodCounts,
    /// Pods that keep room free, where there are any.
    pub placeholders: Option<PodCounts>,
    /// Nodes, where known.
    pub nodes: Option<Nodes>,
    /// Components by name.
    pub components: BTreeMap<String, Component>,
    /// Quotas by name.
    pub quotas: Vec<Quota>,
    /// Conditions that are not as they should be, by node.
    pub conditions: BTreeMap<String, BTreeSet<String>>,
    /// Pods of users by repository.
    pub by_repo: BTreeMap<String, f64>,
    /// Build pods by repository.
    pub builds_by_repo: BTreeMap<String, f64>,
    /// Status of reading a pod's log.
    pub log_status: u16,
    /// How many nodes have no address.
    pub addresses_missing: f64,
}

/// A series of Kubernetes events.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterEvent {
    /// First second.
    pub t: f64,
    /// End.
    pub until: f64,
    /// Of whose cluster.
    pub member: String,
    /// `Normal` or `Warning`.
    pub kind: String,
    /// Reason.
    pub reason: String,
    /// `<kind>/<name>`, perhaps with a star.
    pub object: String,
    /// Text.
    pub message: String,
    /// How many, spread evenly.
    pub count: f64,
}

impl Snapshot {
    fn empty(member: &str) -> Self {
        Self {
            t: f64::NEG_INFINITY,
            member: member.to_owned(),
            linear: false,
            user_pods: PodCounts::default(),
            build_pods: PodCounts::default(),
            placeholders: None,
            nodes: None,
            components: BTreeMap::new(),
            quotas: Vec::new(),
            conditions: BTreeMap::new(),
            by_repo: BTreeMap::new(),
            builds_by_repo: BTreeMap::new(),
            log_status: 200,
            addresses_missing: 0.0,
        }
    }
}

pub(super) fn snapshots(at: Option<At<'_>>, prime: &str, desk: &mut Desk<'_>) -> Vec<Snapshot> {
    let mut last: BTreeMap<String, Snapshot> = BTreeMap::new();
    let mut all = Vec::new();
    for at in at.map(|a| a.items()).unwrap_or_default() {
        let Some(t) = desk.need(&at, "t") else { continue };
        let member = check::whom(&at, prime);
        let before = last.get(&member).cloned().unwrap_or_else(|| Snapshot::empty(&member));
        if before.t > t {
            desk.error(&at, "earlier than the one before it", "snapshots stand in the order of time");
        }
        let next = snapshot(&at, t, before, desk);
        last.insert(member, next.clone());
        all.push(next);
    }
    all
}

fn snapshot(at: &At<'_>, t: f64, before: Snapshot, desk: &mut Desk<'_>) -> Snapshot {
    let mut next = Snapshot { t, ..before };
    next.linear = at.get("interp").and_then(|i| i.text()) == Some("linear");
    if let Some(at) = at.get("user_pods") {
        next.user_pods = counts(&at, desk);
    }
    if let Some(at) = at.get("build_pods") {
        next.build_pods = counts(&at, desk);
    }
    if let Some(at) = at.get("placeholders") {
        next.placeholders = Some(counts(&at, desk));
    }
    if let Some(at) = at.get("nodes") {
        next.nodes = Some(nodes(&at, next.nodes, desk));
    }
    if let (Some(days), Some(nodes)) = (desk.count(at, "oldest_node_age_days"), &mut next.nodes) {
        nodes.oldest_days = Some(days);
    }
    for (name, at) in at.get("components").map(|c| c.entries()).unwrap_or_default() {
        let change = change(&at, desk);
        let before = next.components.remove(name);
        next.components.insert(name.to_owned(), change.onto(before, t));
    }
    if let Some(at) = at.get("resource_quota") {
        next.quotas = if at.is_list() { at.items() } else { vec![at] }
            .iter()
            .filter_map(|at| quota(at, desk))
            .collect();
    }
    conditions(at, &mut next);
    if let Some(at) = at.get("by_repo") {
        (next.by_repo, next.builds_by_repo) = repos(&at);
    }
    if let Some(at) = at.get("pods_log_get") {
        next.log_status = log_status(&at, desk);
    }
    if let Some(at) = at.get("addresses_missing") {
        let figure = at.figure().or_else(|| at.flag().map(|f| f64::from(u8::from(f))));
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let named = at.items().len() as f64;
        next.addresses_missing = figure.unwrap_or(if at.text().is_some() { 1.0 } else { named });
    }
    next
}

fn counts(at: &At<'_>, desk: &mut Desk<'_>) -> PodCounts {
    if let Some(running) = at.figure() {
        return PodCounts { running, ..PodCounts::default() };
    }
    let mut of = |key: &str| desk.count(at, key).unwrap_or(0.0);
    PodCounts {
        running: of("running"),
        pending: of("pending"),
        unknown: of("unknown"),
        terminating: of("terminating"),
        succeeded: of("succeeded"),
        failed: of("failed"),
    }
}

fn nodes(at: &At<'_>, before: Option<Nodes>, desk: &mut Desk<'_>) -> Nodes {
    let total = desk.count(at, "total").or(before.map(|b| b.total)).unwrap_or(1.0);
    let ready = desk.count(at, "ready").unwrap_or(total);
    Nodes {
        total,
        ready: ready.min(total),
        cordoned: desk.count(at, "cordoned").or(before.map(|b| b.cordoned)).unwrap_or(0.0).min(total),
        autoscale_max: desk.count(at, "autoscale_max").or(before.and_then(|b| b.autoscale_max)),
        oldest_days: before.and_then(|b| b.oldest_days),
    }
}

fn change(at: &At<'_>, desk: &mut Desk<'_>) -> ComponentChange {
    let ready = at.get("ready").and_then(|r| r.flag().or_else(|| r.figure().map(|n| n > 0.0)));
    ComponentChange {
        ready,
        restarts: desk.count(at, "restarts"),
        reason: at.get("reason").and_then(|r| r.text().map(str::to_owned)),
        cpu_cores: desk.count(at, "cpu_cores"),
        cpu_limit: desk.count(at, "cpu_limit_cores"),
        memory_mb: desk.count(at, "memory_mb"),
        replicas: desk.count(at, "replicas"),
        on_unschedulable: desk.count(at, "on_unschedulable_nodes"),
        age_s: desk.count(at, "age_s"),
    }
}

impl ComponentChange {
    fn onto(self, before: Option<Component>, t: f64) -> Component {
        let known = before.is_some();
        let was = before.unwrap_or(Component {
            ready: true,
            restarts: 0.0,
            reason: None,
            cpu_cores: None,
            cpu_limit: None,
            memory_mb: None,
            replicas: 1.0,
            on_unschedulable: 0.0,
            since: None,
        });
        let ready = self.ready.unwrap_or(was.ready);
        let restarts = self.restarts.unwrap_or(was.restarts);
        // A restart makes containers young, and so does a change of readiness, whether or not the file says how young.
        let turned = ready != was.ready || (known && restarts > was.restarts);
        Component {
            ready,
            restarts,
            reason: self.reason.or(was.reason.filter(|_| !ready)),
            cpu_cores: self.cpu_cores.or(was.cpu_cores),
            cpu_limit: self.cpu_limit.or(was.cpu_limit),
            memory_mb: self.memory_mb.or(was.memory_mb),
            replicas: self.replicas.unwrap_or(was.replicas),
            on_unschedulable: self.on_unschedulable.unwrap_or(was.on_unschedulable),
            since: self.age_s.map(|age| t - age).or(if turned { Some(t) } else { was.since }),
        }
    }
}

fn quota(at: &At<'_>, desk: &mut Desk<'_>) -> Option<Quota> {
    let used = desk.count(at, "used_pods").or_else(|| desk.count(at, "used"))?;
    let hard = desk.count(at, "hard_pods").or_else(|| desk.count(at, "hard"))?;
    Some(Quota { name: at.get("name").and_then(|n| n.text()).unwrap_or("pods").to_owned(), used, hard })
}

/// `node_<name>_<Type>: true` begins a condition, `false` ends it.
fn conditions(at: &At<'_>, into: &mut Snapshot) {
    for (key, at) in at.get("conditions").map(|c| c.entries()).unwrap_or_default() {
        let Some((node, kind)) = key.strip_prefix("node_").and_then(|k| k.rsplit_once('_')) else { continue };
        let said = at.flag().or_else(|| at.figure().map(|n| n > 0.0)).unwrap_or(true);
        // A node is well when `Ready` is true, and when everything else is not.
        let (kind, bad) = if kind == "Ready" { ("NotReady", !said) } else { (kind, said) };
        let node = into.conditions.entry(node.to_owned()).or_default();
        if bad {
            node.insert(kind.to_owned());
        } else {
            node.remove(kind);
        }
    }
    into.conditions.retain(|_, kinds| !kinds.is_empty());
}

/// Pods of users and builds by repository; the files write it in several ways.
fn repos(at: &At<'_>) -> (BTreeMap<String, f64>, BTreeMap<String, f64>) {
    let (mut users, mut builds) = (BTreeMap::new(), BTreeMap::new());
    let rows: Vec<(String, At<'_>)> = if at.is_list() {
        let name = |a: &At<'_>| Some(a.get("repo").or_else(|| a.get("name"))?.text()?.to_owned());
        at.items().into_iter().filter_map(|a| Some((name(&a)?, a))).collect()
    } else {
        at.entries().into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
    };
    for (name, at) in rows {
        let into = if name == "build_pods" { &mut builds } else { &mut users };
        if matches!(name.as_str(), "user_pods" | "build_pods") {
            into.extend(at.entries().into_iter().filter_map(|(k, v)| Some((k.to_owned(), v.figure()?))));
            continue;
        }
        let of = |keys: &[&str]| keys.iter().find_map(|k| at.get(k)?.figure());
        users.extend(
            at.figure().or_else(|| of(&["user_pods", "pods", "running", "count"])).map(|n| (name.clone(), n)),
        );
        builds.extend(of(&["build_pods", "builds"]).map(|n| (name, n)));
    }
    (users, builds)
}

fn log_status(at: &At<'_>, desk: &mut Desk<'_>) -> u16 {
    if let Some(works) = at.flag() {
        return if works { 200 } else { 500 };
    }
    if at.get("status").is_some() {
        return desk.status(at, "status").unwrap_or(200);
    }
    match (at.figure(), at.text()) {
        (Some(status), _) if (100.0..=599.0).contains(&status) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
            let status = status as u16;
            status
        }
        (None, Some("ok" | "works")) => 200,
        _ => 500,
    }
}

pub(super) fn events(at: Option<At<'_>>, prime: &str, desk: &mut Desk<'_>) -> Vec<ClusterEvent> {
    let mut all = Vec::new();
    for at in at.map(|a| a.items()).unwrap_or_default() {
        let Some((t, until)) = desk.span(&at) else { continue };
        let text = |key: &str, other: &str| at.get(key).and_then(|t| t.text()).unwrap_or(other).to_owned();
        all.push(ClusterEvent {
            t,
            until: if until.is_finite() { until } else { t + 1.0 },
            member: check::whom(&at, prime),
            kind: text("type", "Normal"),
            reason: text("reason", ""),
            object: text("object", "pod/*"),
            message: text("message", ""),
            count: desk.count(&at, "count").unwrap_or(1.0),
        });
    }
    all
}
