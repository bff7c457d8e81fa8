//! The components that keep the site up: are they there, do they stay up, what do they use.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::ComponentSpec;
use super::memory::Memory;
use crate::Cx;
use crate::cluster::{ContainerStatus, Node, Pod, Selector, Usage, amount, since};

/// A container that was restarted so often within ten minutes does not stay up.
const MANY: u64 = 3;
/// An end for want of memory is told for so long.
const RECENT: f64 = 900.0;
/// A component without a ready pod for longer is away.
const AWAY: f64 = 60.0;

/// A component, as configured.
pub(super) struct Component {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) selector: Selector,
}

/// What was seen of everything.
pub(super) struct Scene {
    pub(super) pods: Vec<Pod>,
    pub(super) nodes: Option<Vec<Node>>,
    pub(super) usage: Option<Vec<Usage>>,
    pub(super) now: Timestamp,
}

impl Scene {
    /// The pods with these labels.
    pub(super) fn of(&self, selector: &Selector) -> Vec<Pod> {
        self.pods.iter().filter(|p| selector.matches(&p.metadata.labels)).cloned().collect()
    }
}

/// The components of the charts of BinderHub and JupyterHub, and the usual ingresses.
pub(super) fn usual() -> BTreeMap<String, ComponentSpec> {
    let selectors = [
        ("hub", "component=hub"),
        ("culler", "component=culler"),
        ("proxy", "component=proxy"),
        ("binder", "app=binder,component=binder"),
        ("ingress", "app.kubernetes.io/name in (traefik, ingress-nginx)"),
        ("image_builder", "component=image-builder"),
    ];
    let spec = |selector: &str| ComponentSpec { namespace: None, selector: selector.to_owned() };
    selectors.map(|(name, selector)| (name.to_owned(), spec(selector))).into()
}

/// Measures each component that has pods, or had some.
pub(super) fn measure(cx: &mut Cx, found: Vec<(&str, Vec<Pod>)>, scene: &Scene, memory: &mut Memory) {
    let (mut crashlooping, mut unavailable) = (0.0, 0.0);
    for (name, mut pods) in found {
        pods.retain(|p| !p.is_finished());
        if !memory.knows(name, !pods.is_empty()) {
            continue;
        }
        crashlooping += containers(cx, name, &pods, scene.now, memory);
        if availability(cx, name, &pods, scene.now, memory) > AWAY {
            unavailable += 1.0;
        }
        places(cx, name, &pods, scene);
        used(cx, name, &pods, scene);
    }
    memory.forget(scene.now);
    cx.measure("components_crashlooping", crashlooping);
    cx.measure("components_unavailable", unavailable);
}

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses)
}

/// Restarts, crash loops, ends for want of memory; the number of containers in a crash loop.
fn containers(cx: &mut Cx, name: &str, pods: &[Pod], now: Timestamp, memory: &mut Memory) -> f64 {
    let (mut restarts, mut loops, mut oom) = (0, 0.0, 0.0);
    let mut reasons = BTreeSet::new();
    for (pod, container) in pods.iter().flat_map(|p| statuses(p).map(move |c| (p, c))) {
        restarts += container.restart_count;
        let known_as = format!("{}/{}/{}", pod.metadata.name, pod.metadata.uid, container.name);
        let again = memory.restarted(known_as, container.restart_count, now);
        let waits = container.state.waiting.as_ref().map_or("", |w| w.reason.as_str());
        if waits == "CrashLoopBackOff" || again >= MANY {
            loops += 1.0;
        }
        if is_oom(container, now) {
            oom += 1.0;
        }
        reasons.extend(why(container, now));
    }
    for pod in pods.iter().filter(|p| !p.is_ready()) {
        reasons.extend(Some(pod.status.reason.clone()).filter(|r| !r.is_empty()));
        let placed = pod.condition("PodScheduled").filter(|c| c.status == "False");
        reasons.extend(placed.map(|c| c.reason.clone()).filter(|r| !r.is_empty()));
    }
    cx.measure(format!("component_{name}_restarts"), restarts as f64);
    cx.measure(format!("component_{name}_crashlooping"), loops);
    cx.measure(format!("component_{name}_oom_killed"), oom);
    if !reasons.is_empty() {
        let reasons: Vec<String> = reasons.into_iter().take(5).collect();
        cx.fact(&format!("component_{name}_reason"), &reasons.join(", "));
    }
    loops
}

/// Whether it ended a short while ago because it had used all its memory.
fn is_oom(container: &ContainerStatus, now: Timestamp) -> bool {
    [&container.state, &container.last_state].into_iter().filter_map(|s| s.terminated.as_ref()).any(|end| {
        let recent = end.finished_at.is_none_or(|at| since(at, now) < RECENT);
        end.reason == "OOMKilled" && recent
    })
}

/// Why it is not running, or why it ended a short while ago.
fn why(container: &ContainerStatus, now: Timestamp) -> Vec<String> {
    let waits = container.state.waiting.as_ref();
    let ended = container.state.terminated.as_ref().filter(|_| !container.ready);
    let before = container.last_state.terminated.as_ref();
    let before =
        before.filter(|end| !container.ready || end.finished_at.is_some_and(|at| since(at, now) < RECENT));
    let starting = |r: &&str| matches!(*r, "ContainerCreating" | "PodInitializing" | "Completed" | "");
    let told = [waits, ended, before].into_iter().flatten().map(|t| t.reason.as_str());
    told.filter(|r| !starting(r)).map(str::to_owned).collect()
}

/// How many pods are ready, and for how many seconds none is.
fn availability(cx: &mut Cx, name: &str, pods: &[Pod], now: Timestamp, memory: &mut Memory) -> f64 {
    let ready: Vec<&Pod> = pods.iter().filter(|p| p.is_ready() && !p.is_terminating()).collect();
    let away = if ready.is_empty() {
        let went = pods.iter().filter_map(|p| p.condition("Ready")?.last_transition_time).max();
        memory.away(name, went, now)
    } else {
        memory.back(name);
        0.0
    };
    cx.measure(format!("component_{name}_pods"), pods.len() as f64);
    cx.measure(format!("component_{name}_ready"), ready.len() as f64);
    cx.measure(format!("component_{name}_unavailable_seconds"), away);
    let started = |pod: &&Pod| {
        let containers = pod.status.container_statuses.iter();
        containers.filter_map(|c| c.state.running.as_ref()?.started_at).max()
    };
    if let Some(youngest) = ready.iter().filter_map(started).max() {
        cx.measure(format!("component_{name}_age_seconds"), since(youngest, now));
    }
    away
}

/// The nodes it runs on, and how many of its pods are on nodes that take no more.
fn places(cx: &mut Cx, name: &str, pods: &[Pod], scene: &Scene) {
    let nodes: BTreeSet<&str> =
        pods.iter().map(|p| p.spec.node_name.as_str()).filter(|n| !n.is_empty()).collect();
    if !nodes.is_empty() {
        let shown: Vec<&str> = nodes.into_iter().take(10).collect();
        cx.fact(&format!("component_{name}_nodes"), &shown.join(", "));
    }
    if let Some(nodes) = &scene.nodes {
        let cordoned: BTreeSet<&str> =
            nodes.iter().filter(|n| n.is_cordoned()).map(|n| n.metadata.name.as_str()).collect();
        let on = pods.iter().filter(|p| cordoned.contains(p.spec.node_name.as_str())).count();
        cx.measure(format!("component_{name}_on_cordoned"), on as f64);
    }
}

/// What it uses, and may use.
fn used(cx: &mut Cx, name: &str, pods: &[Pod], scene: &Scene) {
    let limit: f64 =
        pods.iter().flat_map(|p| &p.spec.containers).filter_map(|c| amount(&c.resources.limits.cpu)).sum();
    if limit > 0.0 {
        cx.measure(format!("component_{name}_cpu_limit_cores"), limit);
    }
    let ours: BTreeSet<(&str, &str)> =
        pods.iter().map(|p| (p.metadata.namespace.as_str(), p.metadata.name.as_str())).collect();
    let measured: Vec<&Usage> = scene
        .usage
        .iter()
        .flatten()
        .filter(|u| ours.contains(&(u.metadata.namespace.as_str(), u.metadata.name.as_str())))
        .collect();
    if !measured.is_empty() {
        cx.measure(format!("component_{name}_cpu_cores"), measured.iter().map(|u| u.cores()).sum());
        cx.measure(format!("component_{name}_memory_bytes"), measured.iter().map(|u| u.bytes()).sum());
    }
}
