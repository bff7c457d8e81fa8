//! Pods of users, of builds, and those that keep room.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Object;
use super::nodes;
use crate::rehearsal::stage::crowd::{Crowd, Phase, Pod};
use crate::rehearsal::stage::house::House;
use crate::standin::wire::{quote, stamp};

/// What the pod of a user or a build is made of.
struct Sketch<'a> {
    name: &'a str,
    uid: &'a str,
    component: &'static str,
    annotations: String,
    container: &'static str,
    image: &'a str,
    variables: String,
    phase: Phase,
    created: f64,
    node: Option<&'a str>,
    ready_since: Option<f64>,
    terminating: Option<f64>,
}

/// The pods of the last list, with the names of their nodes, as they were drawn: few differ from one list to the next.
#[derive(Default)]
pub(crate) struct Drawn(Mutex<BTreeMap<String, Known>>);

/// A pod, the name of its node, and how both were drawn.
type Known = (Pod, Option<String>, Object);

pub(super) fn users(house: &House, drawn: &Drawn, t: f64) -> Vec<Object> {
    let crowd = house.crowd();
    let nodes = nodes::names(house, t);
    let mut drawn = drawn.0.lock().unwrap_or_else(PoisonError::into_inner);
    let mut before = std::mem::take(&mut *drawn);
    let mut all = Vec::with_capacity(crowd.pods.len());
    for pod in &crowd.pods {
        let on = node(pod, &nodes);
        let (uid, known) = match before.remove_entry(&pod.uid) {
            Some((uid, known)) if known.0 == *pod && known.1.as_deref() == on => (uid, known),
            _ => (pod.uid.clone(), (pod.clone(), on.map(str::to_owned), user(house, pod, on))),
        };
        all.push(known.2.clone());
        drawn.insert(uid, known);
    }
    all
}

fn node<'n>(pod: &Pod, nodes: &'n nodes::Names) -> Option<&'n str> {
    pod.node.map(|n| nodes.of(n, pod.phase == Phase::Unknown))
}

/// The pod of an own launch: nobody else's is asked for by name, and all others need not be made for it.
pub(super) fn own(house: &House, name: &str, t: f64) -> Option<Object> {
    Crowd::own(house, name, t).map(|pod| user(house, &pod, node(&pod, &nodes::names(house, t))))
}

fn user(house: &House, pod: &Pod, node: Option<&str>) -> Object {
    let image = format!("registry.rehearsal/r2d-{}:1", pod.repo.rsplit('/').next().unwrap_or("x"));
    object(
        house,
        &Sketch {
            name: &pod.name(),
            uid: &pod.uid,
            component: "singleuser-server",
            annotations: format!(r#"{{"hub.jupyter.org/username":{}}}"#, quote(&pod.user)),
            container: "notebook",
            image: &image,
            variables: format!(r#","env":[{{"name":"BINDER_REPO_URL","value":{}}}]"#, quote(&pod.repo)),
            phase: pod.phase,
            created: pod.created,
            node,
            ready_since: pod.ready_since,
            terminating: pod.terminating,
        },
    )
}

pub(super) fn builds(house: &House, t: f64) -> Vec<Object> {
    let running = house.counted(t, |s| s.build_pods.running);
    let pending = house.counted(t, |s| s.build_pods.pending);
    let failed = house.counted(t, |s| s.build_pods.failed);
    let succeeded = house.counted(t, |s| s.build_pods.succeeded);
    let names = nodes::names(house, t);
    let mut repos = house
        .snapshot(t)
        .into_iter()
        .flat_map(|s| &s.builds_by_repo)
        .flat_map(|(name, n)| std::iter::repeat_n(name.as_str(), super::super::course::whole(*n)));
    let mut all = Vec::new();
    for n in 0..running + pending + failed + succeeded {
        let phase = match n {
            n if n < running => Phase::Running,
            n if n < running + pending => Phase::Pending,
            n if n < running + pending + failed => Phase::Failed,
            _ => Phase::Succeeded,
        };
        let (created, guest) = build_age(house, t, n);
        let mut dice = house.dice(31, (guest << 12) + n as u64);
        let word = dice.word(6);
        let repo =
            repos.next().map_or_else(|| format!("https://github.com/example/build-{word}"), str::to_owned);
        let name = format!("build-example-{word}-{guest:x}");
        let at = usize::try_from(dice.below(997)).unwrap_or(0);
        all.push(object(
            house,
            &Sketch {
                name: &name,
                uid: &dice.uuid(),
                component: "binderhub-build",
                annotations: format!(r#"{{"binder-repo":{}}}"#, quote(&repo)),
                container: "builder",
                image: "quay.io/jupyterhub/repo2docker:main",
                variables: String::new(),
                phase,
                created,
                node: (phase != Phase::Pending).then(|| names.of(at, false)),
                ready_since: (phase == Phase::Running).then_some(created + 3.0),
                terminating: None,
            },
        ));
    }
    all
}

/// Builds come and go every few minutes unless the count itself tells when one came.
fn build_age(house: &House, t: f64, n: usize) -> (f64, u64) {
    let came = house.courses.builds.since(n, t).unwrap_or(house.scenario.start - 300.0);
    let life = 240.0 * (1.0 + house.dice(37, n as u64).unit());
    let guest = ((t - came) / life).floor().max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above 0")]
    let number = guest as u64;
    (came + guest * life, number)
}

pub(super) fn placeholders(house: &House, t: f64) -> Vec<Object> {
    let of = |pick: fn(crate::rehearsal::scenario::PodCounts) -> f64| {
        house.counted(t, |s| s.placeholders.map_or(0.0, pick))
    };
    let (running, pending) = (of(|p| p.running), of(|p| p.pending));
    let names = nodes::names(house, t);
    let mut all = Vec::new();
    for n in 0..running + pending {
        let waits = n >= running;
        let since = house.courses.waiting_placeholders.since(n - running.min(n), t);
        let start = house.scenario.start;
        let created = if waits { since.unwrap_or(start - 600.0) } else { start - 86_400.0 };
        all.push(object(
            house,
            &Sketch {
                name: &format!("user-placeholder-{n}"),
                uid: &house.dice(41, n as u64 * 2 + u64::from(waits)).uuid(),
                component: "user-placeholder",
                annotations: "{}".to_owned(),
                container: "pause",
                image: "registry.k8s.io/pause:3.10",
                variables: String::new(),
                phase: if waits { Phase::Pending } else { Phase::Running },
                created,
                node: (!waits).then(|| names.of(n, false)),
                ready_since: (!waits).then_some(created + 2.0),
                terminating: None,
            },
        ));
    }
    all
}

fn object(house: &House, pod: &Sketch<'_>) -> Object {
    let time = |t: f64| stamp(house.date(t));
    let created = time(pod.created);
    let gone = pod.terminating.map(|t| format!(r#","deletionTimestamp":"{}""#, time(t))).unwrap_or_default();
    let phase = match pod.phase {
        Phase::Running => "Running",
        Phase::Pending => "Pending",
        Phase::Unknown => "Unknown",
        Phase::Succeeded => "Succeeded",
        Phase::Failed => "Failed",
    };
    let scheduled = match pod.node {
        Some(_) => format!(r#"{{"type":"PodScheduled","status":"True","lastTransitionTime":"{created}"}}"#),
        None => format!(
            r#"{{"type":"PodScheduled","status":"False","reason":"Unschedulable","lastTransitionTime":"{created}"}}"#
        ),
    };
    let ready = pod.ready_since.map_or_else(
        || format!(r#"{{"type":"Ready","status":"False","lastTransitionTime":"{created}"}}"#),
        |t| format!(r#"{{"type":"Ready","status":"True","lastTransitionTime":"{}"}}"#, time(t)),
    );
    let container = container(pod, &time);
    let ip = pod.ready_since.map_or("", |_| r#","podIP":"10.4.0.7""#);
    let node = pod.node.map(|n| format!(r#","nodeName":"{n}""#)).unwrap_or_default();
    let Sketch { name, uid, component, annotations, container: holds, image, variables, .. } = pod;
    let json = format!(
        "{{\"metadata\":{{\"name\":\"{name}\",\"namespace\":\"{ns}\",\"uid\":\"{uid}\",\"resourceVersion\":\"1\",\
            \"creationTimestamp\":\"{created}\"{gone},\
            \"labels\":{{\"app\":\"jupyterhub\",\"component\":\"{component}\",\"app.kubernetes.io/component\":\"{component}\"}},\
            \"annotations\":{annotations}}},\
            \"spec\":{{\"containers\":[{{\"name\":\"{holds}\",\"image\":\"{image}\"{variables}}}]{node}}},\
            \"status\":{{\"phase\":\"{phase}\"{ip},\"conditions\":[{scheduled},{ready}],\"containerStatuses\":[{container}]}}}}",
        ns = house.namespace,
    );
    let labels = vec![
        ("component", (*component).to_owned()),
        ("app", "jupyterhub".to_owned()),
        ("app.kubernetes.io/component", (*component).to_owned()),
    ];
    Object { name: (*name).into(), labels: labels.into(), json: json.into() }
}

fn container(pod: &Sketch<'_>, time: &dyn Fn(f64) -> String) -> String {
    let name = pod.container;
    let head = format!(r#"{{"name":"{name}","image":"","imageID":"","restartCount":0,"ready":"#);
    match pod.phase {
        Phase::Pending if pod.node.is_none() => String::new(),
        Phase::Running | Phase::Unknown => {
            let ready = pod.ready_since.is_some();
            let began = time(pod.ready_since.unwrap_or(pod.created));
            format!(r#"{head}{ready},"state":{{"running":{{"startedAt":"{began}"}}}}}}"#)
        }
        Phase::Pending => format!(r#"{head}false,"state":{{"waiting":{{"reason":"ContainerCreating"}}}}}}"#),
        Phase::Succeeded => {
            format!(r#"{head}false,"state":{{"terminated":{{"exitCode":0,"reason":"Completed"}}}}}}"#)
        }
        Phase::Failed => {
            format!(r#"{head}false,"state":{{"terminated":{{"exitCode":1,"reason":"Error"}}}}}}"#)
        }
    }
}
