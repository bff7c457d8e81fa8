//! What the lines of a starting server tell by the way: its pod, its node.

use crate::Cx;

/// Where a pod was placed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Placement<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) pod: &'a str,
    node: &'a str,
}

/// Notes pod and node from `Successfully assigned <namespace>/<pod> to <node>`.
pub(crate) fn note_placement<'a>(cx: &mut Cx, line: &'a str) -> Option<Placement<'a>> {
    let placed = placement(line)?;
    cx.fact("pod", placed.pod);
    cx.fact("node", placed.node);
    Some(placed)
}

fn placement(line: &str) -> Option<Placement<'_>> {
    let (_, rest) = line.split_once("Successfully assigned ")?;
    let (pod, node) = rest.split_once(" to ")?;
    let (namespace, pod) = pod.rsplit_once('/').unwrap_or(("", pod));
    let node = node.split_whitespace().next()?;
    (!pod.is_empty()).then_some(Placement { namespace, pod, node })
}

/// A text from outside on one line and of bounded length, for a summary.
pub(crate) fn tidy(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(300).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_tells_pod_and_node() {
        let line =
            "2026-01-01T10:00:00.000000Z [Normal] Successfully assigned prod/jupyter-acme-2dtiny to node-7";
        let placed = Placement { namespace: "prod", pod: "jupyter-acme-2dtiny", node: "node-7" };
        assert_eq!(placement(line), Some(placed));
        assert_eq!(placement("Assigned to node localhost"), None);
        assert_eq!(placement("Successfully assigned "), None);
    }
}
