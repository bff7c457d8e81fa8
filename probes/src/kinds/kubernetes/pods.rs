//! User pods, build pods and placeholders: how many, in which state, how old, of which repository.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::Cx;
use crate::cluster::Pod;

/// After its maximal age a pod has this long to go.
const GRACE: f64 = 1800.0;
/// A pod without a node for longer is not just being scheduled.
const LONG: f64 = 120.0;

/// Measures the pods of each sort.
pub(super) fn measure(cx: &mut Cx, pods: &[Pod], now: Timestamp, max_age: Duration) {
    let of = |component: &'static str| pods.iter().filter(move |p| component_of(p) == component);
    let users: Vec<&Pod> = of("singleuser-server").collect();
    let long = user_pods(cx, &users, now, max_age.as_secs_f64());
    top_repository(cx, &users);
    build_pods(cx, &of("binderhub-build").collect::<Vec<_>>(), now);
    let room = placeholders(cx, &of("user-placeholder").collect::<Vec<_>>(), now);
    cx.measure("waiting_for_room", (long + room) as f64);
}

/// What part of the site a pod is, by either of the labels that say so.
fn component_of(pod: &Pod) -> &str {
    match pod.label("component") {
        "" => pod.label("app.kubernetes.io/component"),
        component => component,
    }
}

/// The number of those that have waited long for a node.
fn user_pods(cx: &mut Cx, pods: &[&Pod], now: Timestamp, max_age: f64) -> usize {
    let alive: Vec<&Pod> = pods.iter().copied().filter(|p| !p.is_finished()).collect();
    let staying: Vec<&Pod> = alive.iter().copied().filter(|p| !p.is_terminating()).collect();
    let in_phase = |phase: &str| staying.iter().filter(|p| p.status.phase == phase && !p.is_lost()).count();
    let unscheduled: Vec<f64> = staying.iter().filter_map(|p| p.unscheduled(now)).collect();
    let long = unscheduled.iter().filter(|waited| **waited > LONG).count();
    let ages: Vec<f64> = alive.iter().filter_map(|p| p.metadata.age(now)).collect();
    let overdue = ages.iter().filter(|age| **age > max_age + GRACE).count();
    let counts = [
        ("user_pods", alive.len()),
        ("user_pods_running", in_phase("Running")),
        ("user_pods_ready", staying.iter().filter(|p| p.is_ready()).count()),
        ("user_pods_pending", in_phase("Pending")),
        ("user_pods_unknown", staying.iter().filter(|p| p.is_lost()).count()),
        ("user_pods_finished", pods.len() - alive.len()),
        ("user_pods_terminating", alive.len() - staying.len()),
        ("user_pods_unscheduled", unscheduled.len()),
        ("user_pods_unscheduled_long", long),
        ("user_pods_overdue", overdue),
    ];
    for (name, count) in counts {
        cx.measure(name, count as f64);
    }
    if let Some(oldest) = ages.into_iter().reduce(f64::max) {
        cx.measure("user_pods_oldest_seconds", oldest);
    }
    long
}

fn top_repository(cx: &mut Cx, pods: &[&Pod]) {
    let mut repositories: BTreeMap<&str, usize> = BTreeMap::new();
    let alive: Vec<_> = pods.iter().filter(|p| !p.is_finished()).collect();
    for repository in alive.iter().filter_map(|p| p.repository()) {
        *repositories.entry(repository).or_default() += 1;
    }
    // The first by name among equals, so that the same pods tell the same.
    let top = repositories.into_iter().reduce(|top, next| if next.1 > top.1 { next } else { top });
    if let Some((repository, pods)) = top {
        cx.measure("user_pods_top_repo", pods as f64);
        cx.measure("user_pods_top_repo_ratio", pods as f64 / alive.len() as f64);
        cx.fact("top_repo", repository);
    }
}

fn build_pods(cx: &mut Cx, pods: &[&Pod], now: Timestamp) {
    let alive: Vec<&Pod> = pods.iter().copied().filter(|p| !p.is_finished()).collect();
    let in_phase = |phase: &str| alive.iter().filter(|p| p.status.phase == phase).count();
    let repositories: BTreeSet<&str> = alive.iter().filter_map(|p| p.annotation("binder-repo")).collect();
    let counts = [
        ("build_pods", alive.len()),
        ("build_pods_running", in_phase("Running")),
        ("build_pods_pending", in_phase("Pending")),
        ("build_pods_failed", pods.iter().filter(|p| p.status.phase == "Failed").count()),
        ("build_pods_repos", repositories.len()),
    ];
    for (name, count) in counts {
        cx.measure(name, count as f64);
    }
    if let Some(oldest) = alive.iter().filter_map(|p| p.metadata.age(now)).reduce(f64::max) {
        cx.measure("build_pods_oldest_seconds", oldest);
    }
}

/// Measures them where there are any. The number of those that say by themselves that there is no room: some may wait
/// while others hold theirs, which is how a cluster is told to grow.
fn placeholders(cx: &mut Cx, pods: &[&Pod], now: Timestamp) -> usize {
    let alive: Vec<_> = pods.iter().filter(|p| !p.is_finished() && !p.is_terminating()).collect();
    if alive.is_empty() {
        return 0;
    }
    let in_phase = |phase: &str| alive.iter().filter(|p| p.status.phase == phase).count();
    let long = alive.iter().filter_map(|p| p.unscheduled(now)).filter(|waited| *waited > LONG).count();
    let running = in_phase("Running");
    cx.measure("placeholders_running", running as f64);
    cx.measure("placeholders_pending", in_phase("Pending") as f64);
    cx.measure("placeholders_pending_long", long as f64);
    if running == 0 { long } else { 0 }
}
