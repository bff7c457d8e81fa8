//! Nodes with their conditions, and resource quotas.

use super::Object;
use crate::rehearsal::stage::course::whole;
use crate::rehearsal::stage::house::House;
use crate::standin::wire::{quote, stamp};

/// Names of nodes: those that the file names come first.
pub(crate) struct Names {
    names: Vec<String>,
    ready: usize,
}

impl Names {
    /// The node of a pod that drew `n`; lost pods are on nodes that are not ready.
    pub(crate) fn of(&self, n: usize, lost: bool) -> &str {
        let ready = if self.ready == 0 { self.names.len() } else { self.ready };
        let at = if lost && self.ready < self.names.len() {
            self.ready + n % (self.names.len() - self.ready)
        } else {
            n.checked_rem(ready).unwrap_or(0)
        };
        self.names.get(at).map_or("node-1", String::as_str)
    }

    /// A cordoned node: they are the last.
    pub(crate) fn last(&self, n: usize) -> &str {
        let at = self.names.len().saturating_sub(1 + n % self.names.len().max(1));
        self.names.get(at).map_or("node-1", String::as_str)
    }
}

pub(crate) fn names(house: &House, t: f64) -> Names {
    let (_, total, ready) = house.nodes(t);
    let mut names: Vec<String> = Vec::new();
    for snapshot in &house.scenario.snapshots {
        for name in snapshot.conditions.keys() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    for n in 1..=total {
        names.push(format!("{}-node-{n}", house.name));
    }
    names.truncate(total.max(1));
    Names { names, ready }
}

pub(super) fn objects(house: &House, t: f64) -> Vec<Object> {
    let names = names(house, t);
    let total = names.names.len();
    let snapshot = house.snapshot(t);
    let cordoned = house.counted(t, |s| s.nodes.map_or(0.0, |n| n.cordoned)).min(total);
    let oldest = snapshot.and_then(|s| s.nodes?.oldest_days).unwrap_or(6.0);
    let without = whole(snapshot.map_or(0.0, |s| s.addresses_missing)).min(total);
    let mut all = Vec::new();
    for (n, name) in names.names.iter().enumerate() {
        let born = house.courses.nodes.since(n, t).unwrap_or(house.scenario.start - oldest * 86_400.0);
        let bad = snapshot.and_then(|s| s.conditions.get(name));
        let lost = n >= names.ready || bad.is_some_and(|b| b.contains("NotReady"));
        let lost_since = house.courses.not_ready.since(total - 1 - n, t).unwrap_or(house.scenario.start);
        let moved = if lost { lost_since.max(born) } else { born + 30.0 };
        let ready = if lost { "Unknown" } else { "True" };
        let (born, moved) = (stamp(house.date(born)), stamp(house.date(moved)));
        let mut conditions =
            format!(r#"{{"type":"Ready","status":"{ready}","lastTransitionTime":"{moved}"}}"#);
        let since = stamp(house.date(snapshot.map_or(t, |s| s.t)));
        for kind in ["DiskPressure", "MemoryPressure", "PIDPressure"] {
            if !bad.is_some_and(|b| b.contains(kind)) {
                conditions +=
                    &format!(r#",{{"type":"{kind}","status":"False","lastTransitionTime":"{born}"}}"#);
            }
        }
        for kind in bad.into_iter().flatten().filter(|k| *k != "NotReady") {
            let kind = quote(kind);
            conditions += &format!(r#",{{"type":{kind},"status":"True","lastTransitionTime":"{since}"}}"#);
        }
        let spec = if n >= total - cordoned {
            r#"{"unschedulable":true,"taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"}]}"#
        } else {
            "{}"
        };
        let host = format!(r#"{{"type":"Hostname","address":{}}}"#, quote(name));
        let inside = if n < without { "" } else { r#",{"type":"InternalIP","address":"10.0.0.4"}"# };
        let addresses = if n < without { "[]".to_owned() } else { format!("[{host}{inside}]") };
        let json = format!(
            "{{\"metadata\":{{\"name\":{name},\"uid\":\"{uid}\",\"resourceVersion\":\"1\",\"creationTimestamp\":\"{born}\"}},\
                \"spec\":{spec},\"status\":{{\"conditions\":[{conditions}],\"addresses\":{addresses}}}}}",
            name = quote(name),
            uid = house.dice(43, n as u64).uuid(),
        );
        all.push(Object { name: name.as_str().into(), labels: [].into(), json: json.into() });
    }
    all
}

pub(super) fn quotas(house: &House, t: f64) -> Vec<Object> {
    let quotas = house.snapshot(t).map(|s| s.quotas.as_slice()).unwrap_or_default();
    let mut all = Vec::new();
    for quota in quotas {
        // Counts of a quota are steps: what is refused is refused at once.
        let (used, hard) = (whole_number(quota.used), whole_number(quota.hard));
        let json = format!(
            "{{\"metadata\":{{\"name\":{name},\"namespace\":\"{ns}\",\"resourceVersion\":\"1\"}},\
                \"spec\":{{\"hard\":{{\"pods\":\"{hard}\"}}}},\
                \"status\":{{\"hard\":{{\"pods\":\"{hard}\"}},\"used\":{{\"pods\":\"{used}\"}}}}}}",
            name = quote(&quota.name),
            ns = house.namespace,
        );
        all.push(Object { name: quota.name.as_str().into(), labels: [].into(), json: json.into() });
    }
    all
}

/// A count as Kubernetes writes it; round thousands are `15k`.
fn whole_number(n: f64) -> String {
    if n >= 10_000.0 && (n % 1000.0).abs() < 0.5 { format!("{:.0}k", n / 1000.0) } else { format!("{n:.0}") }
}
