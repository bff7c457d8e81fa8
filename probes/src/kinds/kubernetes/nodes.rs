//! Nodes: how many, how many of them take pods, and what is wrong with the others.

use jiff::Timestamp;

use crate::Cx;
use crate::cluster::{Node, since};

/// Not ready for longer is more than a hiccup.
const LONG: f64 = 60.0;
/// A younger node is still joining.
const JOINED: f64 = 300.0;
/// Nodes named at most.
const NAMED: usize = 10;

/// Measures the nodes; `limit`: how many there may be.
pub(super) fn measure(cx: &mut Cx, nodes: &[Node], now: Timestamp, limit: Option<u32>) {
    let count = |fits: &dyn Fn(&Node) -> bool| nodes.iter().filter(|n| fits(n)).count() as f64;
    let counts = [
        ("nodes", nodes.len() as f64),
        ("nodes_ready", count(&Node::is_ready)),
        ("nodes_schedulable", count(&|n| n.is_ready() && !n.is_cordoned())),
        ("nodes_cordoned", count(&Node::is_cordoned)),
        ("nodes_not_ready_long", count(&|n| not_ready(n, now).is_some())),
        ("nodes_disk_pressure", count(&|n| n.suffers("DiskPressure"))),
        ("nodes_memory_pressure", count(&|n| n.suffers("MemoryPressure"))),
        ("nodes_readonly", count(&|n| n.suffers("ReadonlyFilesystem"))),
        ("nodes_without_address", count(&|n| !n.has_address())),
    ];
    for (name, value) in counts {
        cx.measure(name, value);
    }
    if let Some(oldest) = nodes.iter().filter_map(|n| n.metadata.age(now)).reduce(f64::max) {
        cx.measure("nodes_oldest_seconds", oldest);
    }
    if let Some(limit) = limit {
        cx.measure("node_limit", f64::from(limit));
        cx.measure("nodes_at_limit", if nodes.len() >= limit as usize { 1.0 } else { 0.0 });
    }
    let mut troubled: Vec<String> = nodes.iter().filter_map(|n| troubles(n, now)).collect();
    let more = troubled.len().saturating_sub(NAMED);
    troubled.truncate(NAMED);
    if more > 0 {
        troubled.push(format!("and {more} more"));
    }
    if !troubled.is_empty() {
        cx.fact("nodes_troubled", &troubled.join(", "));
    }
}

/// For how long it has not been ready, where that is too long; a node that never said since it came.
fn not_ready(node: &Node, now: Timestamp) -> Option<f64> {
    if node.is_ready() || node.metadata.age(now).is_some_and(|age| age <= JOINED) {
        return None;
    }
    let from = node.readiness().and_then(|c| c.last_transition_time).or(node.metadata.creation_timestamp);
    Some(from.map_or(0.0, |at| since(at, now))).filter(|long| *long > LONG)
}

fn troubles(node: &Node, now: Timestamp) -> Option<String> {
    let lasting = not_ready(node, now).map(|long| format!("not ready for {long:.0} s"));
    let mut what: Vec<String> = lasting.into_iter().collect();
    let signs = [
        (what.is_empty() && !node.is_ready(), "not ready"),
        (node.is_cordoned(), "cordoned"),
        (node.suffers("DiskPressure"), "disk pressure"),
        (node.suffers("MemoryPressure"), "memory pressure"),
        (node.suffers("ReadonlyFilesystem"), "read-only file system"),
        (!node.has_address(), "no address"),
    ];
    what.extend(signs.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words.to_owned()));
    (!what.is_empty()).then(|| format!("{} ({})", node.metadata.name, what.join("; ")))
}
