//! Events and lines of logs: series of the file, spread over their time.

use super::Object;
use super::parts;
use crate::rehearsal::Scenario;
use crate::rehearsal::scenario::ClusterEvent;
use crate::rehearsal::stage::course::whole;
use crate::rehearsal::stage::house::House;
use crate::rehearsal::stage::words::{Words, filled};
use crate::standin::wire::{quote, stamp};

/// How long Kubernetes keeps an event, seconds.
const KEPT: f64 = 3600.0;
/// Occurrences within so many seconds are one object.
const CHUNK: f64 = 60.0;
/// Most lines of an answer.
const LINES: usize = 2000;

pub(super) fn objects(house: &House, t: f64) -> Vec<Object> {
    let mut all = Vec::new();
    let mine = house.scenario.events.iter().filter(|e| Scenario::concerns(&e.member, &house.name));
    for (n, event) in mine.enumerate() {
        let passed = (t.min(event.until) - event.t).max(-1.0);
        if passed < 0.0 || event.count < 0.5 {
            continue;
        }
        let chunks = whole((passed / CHUNK).floor()) + 1;
        let first = whole(((t - KEPT - event.t) / CHUNK).floor().max(0.0));
        for chunk in first..chunks {
            all.extend(object(house, event, (n, chunk), t));
        }
    }
    all
}

/// Occurrences of an event up to a second.
fn occurred(event: &ClusterEvent, t: f64) -> usize {
    let every = (event.until - event.t) / event.count;
    if t < event.t { 0 } else { whole(((t - event.t) / every).floor()).min(whole(event.count)) }
}

fn object(house: &House, event: &ClusterEvent, (n, chunk): (usize, usize), t: f64) -> Option<Object> {
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let from = event.t + chunk as f64 * CHUNK;
    let to = (from + CHUNK).min(t);
    // The first occurrence is at the very beginning: one more than the steps that have passed.
    let (before, after) = (if chunk == 0 { 0 } else { occurred(event, from) + 1 }, occurred(event, to) + 1);
    let count = after.min(whole(event.count).max(1)).saturating_sub(before);
    if count == 0 {
        return None;
    }
    let every = (event.until - event.t) / event.count;
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let last = (event.t + (before + count - 1) as f64 * every).clamp(event.t, to.max(event.t));
    let mut dice = house.dice(61, (n << 20) as u64 + chunk as u64);
    let (kind, about) = about(house, event, chunk, &dice.word(5));
    let name = format!("{about}.{:x}", dice.next());
    let words = Words { pod: &about, node: &about, ..Words::default() };
    let json = format!(
        "{{\"metadata\":{{\"name\":{name},\"namespace\":\"{ns}\",\"uid\":\"{uid}\",\"resourceVersion\":\"1\",\"creationTimestamp\":\"{first}\"}},\
            \"involvedObject\":{{\"kind\":\"{kind}\",\"name\":{about},\"namespace\":\"{ns}\"}},\
            \"type\":{sort},\"reason\":{reason},\"message\":{message},\"count\":{count},\
            \"firstTimestamp\":\"{first}\",\"lastTimestamp\":\"{last}\"}}",
        name = quote(&name),
        ns = house.namespace,
        uid = dice.uuid(),
        first = stamp(house.date(from.min(last))),
        about = quote(&about),
        sort = quote(&event.kind),
        reason = quote(&event.reason),
        message = quote(&filled(&event.message, house, &words)),
        last = stamp(house.date(last)),
    );
    Some(Object { name: name.into(), labels: [].into(), json: json.into() })
}

/// Kind and name of what an event is about.
fn about(house: &House, event: &ClusterEvent, chunk: usize, word: &str) -> (&'static str, String) {
    let first = event.object.split([' ', ',']).next().unwrap_or_default();
    let (kind, name) = first.split_once('/').unwrap_or(("pod", first));
    let kind = match kind.to_ascii_lowercase().as_str() {
        "node" | "nodes" => "Node",
        "replicaset" => "ReplicaSet",
        "daemonset" => "DaemonSet",
        "deployment" => "Deployment",
        "statefulset" => "StatefulSet",
        _ => "Pod",
    };
    if name.starts_with("jupyter-") || name.starts_with("<pod") {
        let crowd = house.crowd();
        let waiting: Vec<_> = crowd.pods.iter().filter(|p| p.node.is_none()).collect();
        if let Some(pod) = chunk.checked_rem(waiting.len()).and_then(|n| waiting.get(n)) {
            return (kind, pod.name());
        }
    }
    let plain: String = name.replace('*', word).chars().filter(|c| !matches!(c, '<' | '>')).collect();
    (kind, if plain.is_empty() { word.to_owned() } else { plain })
}

/// The log of a pod of the last `since` seconds; `None` if there is no such pod.
pub(super) fn log(house: &House, pod: &str, t: f64, since: f64, stamps: bool) -> Option<String> {
    let component = match parts::component_of(house, t, pod) {
        Some(component) => component,
        None if pod.starts_with("build-") => "build".to_owned(),
        None if house.crowd().pods.iter().any(|p| p.name() == pod) => "notebook".to_owned(),
        None => return None,
    };
    let mut lines: Vec<(f64, String)> = Vec::new();
    let beat = |n: f64| (t / 60.0).floor() * 60.0 - n * 60.0;
    for n in [4.0, 3.0, 2.0, 1.0, 0.0] {
        let at = beat(n);
        if t - at <= since {
            lines.push((at, format!("[I {} {component}] 200 GET /health", stamp(house.date(at)))));
        }
    }
    for line in &house.scenario.logs {
        let here =
            component.contains(line.source.as_str()) || (line.source == "culler" && component == "hub");
        if !here || line.source.is_empty() || !Scenario::concerns(&line.member, &house.name) {
            continue;
        }
        let every = line.per_min.filter(|p| *p > 0.0).map_or(f64::INFINITY, |p| 60.0 / p);
        let (from, to) = ((t - since).max(line.t), t.min(line.until));
        let mut n = ((from - line.t) / every).ceil().max(0.0);
        while lines.len() < LINES {
            let at = line.t + if n > 0.0 { n * every } else { 0.0 };
            if at > to || at < from || at >= line.until {
                break;
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above 0")]
            let word = house.dice(67, n as u64).word(10);
            let words = Words { name: &word, pod: &word, ..Words::default() };
            let text = filled(&line.text, house, &words);
            lines.push((at, format!("[{} {} {component}] {text}", line.level, stamp(house.date(at)))));
            n += 1.0;
        }
    }
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut text = String::new();
    for (at, line) in lines {
        if stamps {
            text += &format!("{} ", stamp(house.date(at)));
        }
        text += &line;
        text.push('\n');
    }
    Some(text)
}
