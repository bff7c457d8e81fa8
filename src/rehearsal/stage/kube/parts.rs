//! Parts: the pods of hub, proxy, binder and ingress, and what they use.

use super::Object;
use super::nodes;
use crate::rehearsal::scenario::Component;
use crate::rehearsal::stage::course::whole;
use crate::rehearsal::stage::house::House;
use crate::standin::wire::{quote, stamp};

/// Components that every deployment has, whether or not the file tells of them.
const USUAL: [&str; 4] = ["hub", "proxy", "binder", "ingress"];

/// A pod of a component.
struct Part<'a> {
    pod: String,
    component: &'a str,
    state: Option<&'a Component>,
    number: usize,
}

/// Labels by what the component is called.
fn labels(name: &str) -> Vec<(&'static str, String)> {
    let text = |s: &str| s.to_owned();
    let hub = |c: &str| vec![("component", text(c)), ("app", text("jupyterhub"))];
    match name {
        n if n.contains("ingress") || n.contains("traefik") || n.contains("nginx") => {
            let app = if n.contains("nginx") { "ingress-nginx" } else { "traefik" };
            vec![("app.kubernetes.io/name", text(app)), ("component", text("ingress"))]
        }
        n if n.contains("image-builder") || n.contains("dind") || n.contains("builder") => {
            vec![("component", text("image-builder")), ("app", text("binder"))]
        }
        n if n.contains("binder") => vec![("component", text("binder")), ("app", text("binder"))],
        n if n.contains("redirect") => {
            vec![("component", text("redirect")), ("app", text("federation-redirect"))]
        }
        n if n.contains("proxy") || n == "chp" => hub("proxy"),
        n => hub(n),
    }
}

fn parts(house: &House, t: f64) -> Vec<Part<'_>> {
    let told = house.snapshot(t).map(|s| &s.components);
    let mut names: Vec<&str> = told.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    for usual in USUAL {
        let there = names.iter().any(|n| labels(n).first() == labels(usual).first());
        if !there && !names.contains(&usual) {
            names.push(usual);
        }
    }
    let mut all = Vec::new();
    for component in names {
        let state = told.and_then(|t| t.get(component));
        let replicas = state.map_or(1, |c| whole(c.replicas).min(20));
        for number in 0..replicas {
            let recreated = state.filter(|c| c.reason.as_deref() == Some("Recreated")).and_then(|c| c.since);
            let seed = u64::from(recreated.is_some()) * 999 + number as u64;
            let suffix = house.dice(47 + component.len() as u64, seed).word(5);
            all.push(Part { pod: format!("{component}-{suffix}"), component, state, number });
        }
    }
    all
}

/// The component whose pod this is.
pub(super) fn component_of(house: &House, t: f64, pod: &str) -> Option<String> {
    parts(house, t).into_iter().find(|p| p.pod == pod).map(|p| p.component.to_owned())
}

pub(super) fn pods(house: &House, t: f64) -> Vec<Object> {
    let names = nodes::names(house, t);
    parts(house, t).into_iter().map(|part| object(house, &part, &names)).collect()
}

fn object(house: &House, part: &Part<'_>, nodes: &nodes::Names) -> Object {
    let start = house.scenario.start - 2.0 * 86_400.0;
    let state = part.state;
    let since = state.and_then(|c| c.since).unwrap_or(start);
    let ready = state.is_none_or(|c| c.ready);
    let reason = state.and_then(|c| c.reason.as_deref()).filter(|_| !ready);
    let evicted = reason == Some("Evicted");
    let on_cordoned = state.is_some_and(|c| part.number < whole(c.on_unschedulable));
    let at =
        usize::try_from(house.dice(53, part.component.len() as u64).below(997)).unwrap_or(0) + part.number;
    let node = if on_cordoned { nodes.last(part.number) } else { nodes.of(at, false) };
    let fresh = state.is_some_and(|c| c.reason.as_deref() == Some("Recreated"));
    let created = stamp(house.date(if fresh { since } else { start.min(since) }));
    let began = stamp(house.date(since));
    let restarts = state.map_or(0, |c| whole(c.restarts));
    let crash = reason.filter(|r| r.contains("CrashLoop") || r.contains("BackOff") || r.contains("Error"));
    let running = match crash {
        Some(reason) => format!(r#"{{"waiting":{{"reason":{}}}}}"#, quote(reason)),
        None if evicted => r#"{"terminated":{"exitCode":137,"reason":"Error"}}"#.to_owned(),
        None => format!(r#"{{"running":{{"startedAt":"{began}"}}}}"#),
    };
    let killed = state.and_then(|c| c.reason.as_deref()).is_some_and(|r| r.contains("OOM"));
    let last = if killed {
        format!(
            r#","lastState":{{"terminated":{{"exitCode":137,"reason":"OOMKilled","finishedAt":"{began}"}}}}"#
        )
    } else if restarts > 0 {
        format!(r#","lastState":{{"terminated":{{"exitCode":1,"reason":"Error","finishedAt":"{began}"}}}}"#)
    } else {
        String::new()
    };
    let (phase, why) =
        if evicted { ("Failed", r#","reason":"Evicted""#.to_owned()) } else { ("Running", String::new()) };
    let is = if ready { "True" } else { "False" };
    let pod = &part.pod;
    let container = quote(part.component);
    let all = labels(part.component);
    let shown: Vec<String> = all.iter().map(|(k, v)| format!("{}:{}", quote(k), quote(v))).collect();
    let limit = state.and_then(|c| c.cpu_limit).unwrap_or(1.0);
    let json = format!(
        "{{\"metadata\":{{\"name\":{name},\"namespace\":\"{ns}\",\"uid\":\"{uid}\",\"resourceVersion\":\"1\",\
            \"creationTimestamp\":\"{created}\",\"labels\":{{{shown}}},\"annotations\":{{}}}},\
            \"spec\":{{\"nodeName\":{node},\"containers\":[{{\"name\":{container},\"image\":\"{container_image}\",\
            \"resources\":{{\"limits\":{{\"cpu\":\"{limit}\"}}}}}}]}},\
            \"status\":{{\"phase\":\"{phase}\"{why},\"podIP\":\"10.4.0.9\",\
            \"conditions\":[{{\"type\":\"PodScheduled\",\"status\":\"True\",\"lastTransitionTime\":\"{created}\"}},\
            {{\"type\":\"Ready\",\"status\":\"{is}\",\"lastTransitionTime\":\"{began}\"}}],\
            \"containerStatuses\":[{{\"name\":{container},\"image\":\"\",\"imageID\":\"\",\"restartCount\":{restarts},\
            \"ready\":{ready},\"state\":{running}{last}}}]}}}}",
        name = quote(pod),
        ns = house.namespace,
        uid = house
            .dice(59, pod.bytes().map(u64::from).fold(7, |a, b| a.wrapping_mul(31).wrapping_add(b)))
            .uuid(),
        shown = shown.join(","),
        node = quote(node),
        container_image = "quay.io/jupyterhub/part:1",
    );
    Object { name: pod.as_str().into(), labels: all.into(), json: json.into() }
}

/// What the metrics server says of them.
pub(super) fn usage(house: &House, t: f64) -> Vec<Object> {
    let mut all = Vec::new();
    for part in parts(house, t) {
        let cores = part.state.and_then(|c| c.cpu_cores).unwrap_or(0.1);
        let memory = part.state.and_then(|c| c.memory_mb).unwrap_or(300.0);
        let labels = labels(part.component);
        let shown: Vec<String> = labels.iter().map(|(k, v)| format!("{}:{}", quote(k), quote(v))).collect();
        let json = format!(
            "{{\"metadata\":{{\"name\":{name},\"namespace\":\"{ns}\",\"labels\":{{{shown}}}}},\"timestamp\":\"{now}\",\"window\":\"15s\",\
                \"containers\":[{{\"name\":{container},\"usage\":{{\"cpu\":\"{cpu:.0}m\",\"memory\":\"{kib:.0}Ki\"}}}}]}}",
            name = quote(&part.pod),
            ns = house.namespace,
            shown = shown.join(","),
            now = stamp(house.date(t)),
            container = quote(part.component),
            cpu = cores * 1000.0,
            kib = memory * 1_000_000.0 / 1024.0,
        );
        all.push(Object { name: part.pod.into(), labels: labels.into(), json: json.into() });
    }
    all
}
